"""Update : weight against its band: verdicts at the limits, headlines, axes."""

import math

import numpy as np
import pytest

from gui.panes.epoch_map import epoch_ticks
from gui.panes.update_ratio import decade_ticks, decades_of, logarithms, ratio_headline, verdicts

NAN, INF = math.nan, math.inf


@pytest.mark.parametrize(
    ("ratio", "verdict"),
    [
        (9.9e-5, "vanishing"),
        (1e-4, "healthy"),
        (1e-3, "healthy"),
        (1e-2, "healthy"),
        (1.1e-2, "exploding"),
        (0.0, None),
        (NAN, None),
        (INF, None),
    ],
)
def test_a_ratio_lies_below_within_or_above_the_band(ratio: float, verdict: str | None) -> None:
    found = [name for name, mask in verdicts(np.array([ratio])).items() if mask[0]]
    assert found == ([verdict] if verdict else [])


@pytest.mark.parametrize(
    ("ratios", "headline"),
    [
        ([1e-3, 1e-3, NAN], ("● all in the usual band", "healthy")),
        ([1e-5, 0.0, 1e-1], ("▼ 2 slow   ▲ 1 fast", "vanishing")),
        ([1e-5, 0.2, 0.3], ("▼ 1 slow   ▲ 2 fast", "exploding")),
        ([0.2], ("▲ 1 fast", "exploding")),
        ([NAN], ("○ no step measured yet", "unknown")),
        ([INF, 1e-3], ("✕ not finite", "nonfinite")),
    ],
)
def test_the_headline_counts_who_is_outside(ratios: list[float], headline: tuple[str, str]) -> None:
    assert ratio_headline(np.array(ratios)) == headline


@pytest.mark.parametrize(
    ("ratios", "decades"),
    [
        ([1e-3], (-5, -1)),
        ([3e-8, 1e-3], (-8, -1)),
        ([1e-3, 0.3], (-5, 0)),
        ([NAN, 0.0, INF], (-5, -1)),
    ],
)
def test_the_axis_holds_the_band_and_the_ratios(
    ratios: list[float], decades: tuple[float, float]
) -> None:
    assert decades_of(np.array(ratios)) == decades


def test_only_positive_finite_ratios_have_a_logarithm() -> None:
    logs = logarithms(np.array([0.0, NAN, INF, 1e-3, 1e-30]))
    np.testing.assert_allclose(logs, [NAN, NAN, NAN, -3.0, -30.0])


@pytest.mark.parametrize(("length", "labels"), [(400.0, 6), (70.0, 2), (10.0, 1)])
def test_decades_are_thinned_to_what_fits(length: float, labels: int) -> None:
    ticks = decade_ticks((-6.0, -1.0), length)
    assert len(ticks) <= labels
    assert all(place == round(place) and -6 <= place <= -1 for place, _ in ticks)


@pytest.mark.parametrize(
    ("first", "last", "width"), [(0, 0, 300), (0, 8, 300), (0, 10_000, 300), (7, 19, 90), (0, 3, 9)]
)
def test_epochs_are_labelled_at_round_steps_that_fit(first: int, last: int, width: float) -> None:
    ticks = epoch_ticks(first, last, width)
    places = [place for place, _ in ticks]
    assert places
    assert all(first <= place <= last and label == f"{place:.0f}" for place, label in ticks)
    if len(places) > 1:
        (step,) = set(np.diff(places))
        assert float(f"{step:.0e}"[0]) in {1.0, 2.0, 5.0}
        assert step * width / max(1, last - first) >= 40 or step == 1
