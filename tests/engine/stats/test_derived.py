"""Figures that follow from others, against closed forms and samples of known noise."""

import math

import numpy as np
import pytest

from engine.stats import (
    MAGNITUDES,
    BatchNormStats,
    bin_values,
    clipped_share,
    decades_per_layer,
    effective_rank,
    gradient_noise_scale,
    stable_rank,
)


@pytest.mark.parametrize("decades", [-0.7, 0.0, 0.61])
def test_a_geometric_fall_has_its_decades(decades: float) -> None:
    gradients = 10.0 ** (decades * np.arange(12.0) - 9.0)
    assert decades_per_layer(gradients) == pytest.approx(decades, abs=1e-12)


def test_layers_without_gradient_do_not_bend_the_fall() -> None:
    gradients = np.array([1e-6, np.nan, 1e-4, 0.0, 1e-2, np.inf])
    assert decades_per_layer(gradients) == pytest.approx(1.0)
    assert math.isnan(decades_per_layer(np.array([np.nan, 1.0, 0.0])))


def test_noise_scale_is_that_of_normal_gradients() -> None:
    """Gradients of single samples are N(G, s²) in every direction: tr Σ / |G|² = n s² / |G|²."""
    random = np.random.default_rng(0)
    numbers, batch, batches = 200, 8, 4_000
    direction, noise = random.normal(0.0, 0.1, numbers), 0.7
    means = direction + random.normal(0.0, noise / math.sqrt(batch), (batches, numbers))
    found = gradient_noise_scale(
        float(np.mean(np.sum(means**2, axis=1))), float(np.sum(means.mean(0) ** 2)), batch, batches
    )
    assert found == pytest.approx(numbers * noise**2 / float(direction @ direction), rel=0.02)


@pytest.mark.parametrize(("squares", "mean", "batches"), [(1.0, 0.2, 1), (4.0, 0.5, 4)])
def test_noise_scale_is_unknown_when_no_signal_can_be_told(
    squares: float, mean: float, batches: int
) -> None:
    assert math.isnan(gradient_noise_scale(squares, mean, 32, batches))


def test_ranks_of_known_matrices() -> None:
    assert effective_rank(np.ones(7)) == pytest.approx(7)
    assert effective_rank(np.array([5.0, 0.0, 0.0])) == pytest.approx(1)
    assert effective_rank(np.array([3.0, 1.0])) == pytest.approx(
        math.exp(-0.75 * math.log(0.75) - 0.25 * math.log(0.25))
    )
    assert stable_rank(np.array([2.0, 1.0, 1.0])) == pytest.approx(1.5)
    assert effective_rank(np.zeros(3)) == stable_rank(np.zeros(3)) == 0.0


def test_share_of_clipped_steps() -> None:
    before = np.array([1.0, 3.0, 0.5, 2.0])
    assert clipped_share(before, np.minimum(before, 1.5)) == 0.5
    assert math.isnan(clipped_share(np.empty(0), np.empty(0)))


def test_magnitudes_are_octaves_that_reach_vanished_gradients() -> None:
    powers = 2.0 ** np.arange(-100, 29)
    np.testing.assert_array_equal(MAGNITUDES.edges, np.concatenate((-powers[::-1], powers)))
    random = np.random.default_rng(1)
    values = (random.choice((-1, 1), 5_000) * 10.0 ** random.uniform(-29, 8, 5_000)).astype("f4")
    found = bin_values(values, MAGNITUDES)
    wanted = np.delete(np.histogram(values.astype(np.float64), MAGNITUDES.edges)[0], 128)
    np.testing.assert_array_equal(found.counts, wanted)
    assert found[1:] == (0, 0, 0, 0)
    assert bin_values(np.array([1e-31, -1e-38, 5e8, 0.0]), MAGNITUDES)[1:] == (1, 2, 1, 0)


def test_gap_between_train_and_evaluation_is_that_of_the_outputs() -> None:
    random = np.random.default_rng(2)
    batch = random.normal((0.0, 3.0, -1.0), (1.0, 0.2, 5.0), (64, 3))
    moving_mean, moving_variance, eps = np.array([0.5, 2.0, 0.0]), np.array([2.0, 0.1, 9.0]), 1e-3
    mean, variance = batch.mean(0), batch.var(0)
    trained = (batch - mean) / np.sqrt(variance + eps)
    evaluated = (batch - moving_mean) / np.sqrt(moving_variance + eps)
    stats = BatchNormStats(
        0, np.ones(3), np.zeros(3), mean, variance, moving_mean, moving_variance, eps
    )
    assert stats.gap == pytest.approx(np.sqrt(np.mean((trained - evaluated) ** 2)), rel=1e-12)
