"""The factor a step of a gradient through time, against gradients that were made with a known one."""

import math

import numpy as np
import pytest

from engine.stats import TimeGradient


def _gradient(state: list[float] | np.ndarray, direction: str = "forward") -> TimeGradient:
    return TimeGradient(
        direction="forward" if direction == "forward" else "backward",
        samples=4,
        state=np.asarray(state, np.float64),
        cell=None,
        spectral_radius=math.nan,
    )


@pytest.mark.parametrize("factor", [0.577, 0.9, 1.0, 1.3])
def test_a_geometric_row_has_its_factor(factor: float) -> None:
    past = 3.0 * factor ** np.arange(30)
    assert _gradient(past[::-1]).factor == pytest.approx(factor, rel=1e-12)
    assert _gradient(past, "backward").factor == pytest.approx(factor, rel=1e-12)


def test_noise_averages_out() -> None:
    noise = np.exp(0.2 * np.random.default_rng(0).standard_normal(200))
    past = 0.8 ** np.arange(200) * noise
    assert _gradient(past[::-1]).factor == pytest.approx(0.8, rel=0.002)


def test_zeros_and_what_is_not_finite_are_left_out() -> None:
    past = 0.5 ** np.arange(10.0)
    past[[3, 6]] = 0.0, math.inf
    past[9] = math.nan
    assert _gradient(past[::-1]).factor == pytest.approx(0.5, rel=1e-12)


@pytest.mark.parametrize("state", [[1.0], [0.0, 0.0, 1.0], [math.nan, 1.0], []])
def test_a_single_gradient_has_no_factor(state: list[float]) -> None:
    assert math.isnan(_gradient(state).factor)
