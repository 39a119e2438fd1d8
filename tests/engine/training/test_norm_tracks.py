"""Tracks of γ, β and the gap over the epochs, against numpy on each epoch alone."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from engine.stats import BatchNormStats, EpochStats, LayerTable, StepStats
from engine.training import LayerInfo, RunHistory, RunStarted

LAYERS = (
    LayerInfo("linear_1", "Linear", "Linear 1", True),
    LayerInfo("norm_1", "BatchNorm1d", "BatchNorm1d 1", True),
)


def _norm(epoch: int, channels: int) -> BatchNormStats:
    random = np.random.default_rng(epoch)
    return BatchNormStats(1, *(random.uniform(0.5, 2.0, channels) for _ in range(6)), 1e-5)


def _history(epochs: int, channels: int) -> RunHistory:
    history = RunHistory(RunStarted(1, LAYERS, epochs, 2, 16, 10, 32, 8, "Made up"))
    for epoch in range(epochs):
        table = replace(LayerTable.empty(2, 16), batch_norms=(_norm(epoch, channels),))
        steps = StepStats.of([], [], [], [])
        history.add_epoch(EpochStats(epoch, 1.0, None, None, None, 0.1, 0.1, 1.0, table, steps))
    return history


def _gap(norm: BatchNormStats) -> float:
    """From samples of the batch's mean and variance: two values a channel, one σ below and one above the mean."""
    spread = np.sqrt(norm.batch_variance)
    values = np.stack((norm.batch_mean - spread, norm.batch_mean + spread))
    trained = (values - norm.batch_mean) / np.sqrt(norm.batch_variance + norm.eps)
    evaluated = (values - norm.moving_mean) / np.sqrt(norm.moving_variance + norm.eps)
    return float(np.sqrt(np.mean((trained - evaluated) ** 2)))


@pytest.mark.parametrize("channels", [1, 8])
def test_few_channels_are_kept_each(channels: int) -> None:
    track = _history(5, channels).norm_track(1)
    assert track is not None
    assert track.each_channel
    norms = [_norm(epoch, channels) for epoch in range(5)]
    assert track.epochs.tolist() == [0, 1, 2, 3, 4]
    np.testing.assert_array_equal(track.gamma, [norm.gamma for norm in norms])
    np.testing.assert_array_equal(track.beta, [norm.beta for norm in norms])
    np.testing.assert_allclose(track.gap, [_gap(norm) for norm in norms], rtol=1e-9)


@pytest.mark.parametrize("channels", [9, 64, 101])
def test_of_many_channels_the_band_is_kept(channels: int) -> None:
    track = _history(3, channels).norm_track(1)
    assert track is not None
    assert not track.each_channel
    for part, name in ((track.gamma, "gamma"), (track.beta, "beta")):
        wanted = [np.quantile(getattr(_norm(e, channels), name), [0.1, 0.5, 0.9]) for e in range(3)]
        np.testing.assert_allclose(part, wanted, rtol=1e-12)


@pytest.mark.parametrize("epochs", [512, 513, 1_300])
def test_a_long_run_is_thinned_and_its_newest_epoch_stays(epochs: int) -> None:
    track = _history(epochs, 2).norm_track(1)
    assert track is not None
    assert track.epochs.size <= 513
    assert track.epochs.size >= 256
    assert (track.epochs[0], track.epochs[-1]) == (0, epochs - 1)
    assert len(set(np.diff(track.epochs[:-1]).tolist())) == 1
    wanted: list[NDArray[np.float64]] = [_norm(int(epoch), 2).gamma for epoch in track.epochs]
    np.testing.assert_array_equal(track.gamma, wanted)


def test_an_epoch_that_was_not_measured_leaves_a_gap() -> None:
    history = RunHistory(RunStarted(1, LAYERS, 9, 2, 16, 10, 32, 8, "Made up"))
    for epoch in range(5):
        norms = () if epoch in (0, 3) else (_norm(epoch, 4),)
        table = replace(LayerTable.empty(2, 16), batch_norms=norms)
        steps = StepStats.of([], [], [], [])
        history.add_epoch(EpochStats(epoch, 1.0, None, None, None, 0.1, 0.1, 1.0, table, steps))
    track = history.norm_track(1)
    assert track is not None
    assert track.epochs.tolist() == [0, 1, 2, 3, 4]
    assert np.isnan(track.gap).tolist() == [True, False, False, True, False]
    np.testing.assert_array_equal(track.gamma[4], _norm(4, 4).gamma)


def test_other_layers_have_no_track_and_what_is_not_finite_stays_so() -> None:
    history = _history(2, 20)
    assert history.norm_track(0) is None
    broken = _norm(2, 20)
    broken.gamma[:] = np.inf
    broken.moving_variance[:] = np.inf
    broken.batch_variance[3] = np.inf
    table = replace(LayerTable.empty(2, 16), batch_norms=(broken,))
    steps = StepStats.of([], [], [], [])
    history.add_epoch(EpochStats(2, 1.0, None, None, None, 0.1, 0.1, 1.0, table, steps))
    track = history.norm_track(1)
    assert track is not None
    assert np.isnan(track.gap[2])
    assert not np.isfinite(track.gamma[2]).any()
    assert np.isfinite(track.beta).all()
