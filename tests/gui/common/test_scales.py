"""The panes' scales: places of values, ticks, the reach of an axis, and ridges against numpy's own histogram."""

import math

import numpy as np
import pytest
from numpy.typing import NDArray

from engine.stats import MAGNITUDES, VALUES, Scale, bin_values
from gui.common.scales import (
    OCTAVES,
    decade_label,
    decade_quantiles,
    decade_reach,
    decade_ridges,
    from_scale,
    magnitudes,
    reach_of,
    ridges,
    to_scale,
    value_ticks,
)

Floats = NDArray[np.float64]
BIN = 1.25
"""The borders of a bin are never further apart than this factor."""


def _counts(*layers: Floats, scale: Scale = VALUES) -> NDArray[np.uint32]:
    return np.stack([bin_values(values, scale).counts for values in layers])


def _place(value: float) -> float:
    """The area function of the hyperbolic sine, written with a logarithm."""
    size = abs(value) / 0.1
    return math.copysign(math.log(size + math.sqrt(size * size + 1.0)), value)


@pytest.mark.parametrize("value", [0.0, 1e-6, 0.05, 0.1, 1.0, 37.5, 4096.0, -1e-6, -0.3, -4096.0])
def test_a_value_has_its_place_and_comes_back(value: float) -> None:
    assert float(to_scale(value)) == pytest.approx(_place(value), abs=1e-12)
    assert float(from_scale(to_scale(value))) == pytest.approx(value, rel=1e-12)


def test_small_values_are_spaced_evenly_and_large_ones_by_their_ratio() -> None:
    small = np.diff(to_scale(np.linspace(-0.01, 0.01, 11)))
    np.testing.assert_allclose(small, small.mean(), rtol=0.01)
    large = np.diff(to_scale(np.array([10.0, 100.0, 1e3, 1e4])))
    np.testing.assert_allclose(large, math.log(10.0), rtol=1e-3)


@pytest.mark.parametrize(
    ("reach", "positive"),
    [
        (0.002, ["0.001"]),
        (0.05, ["0.01", "0.03"]),
        (0.1, ["0.1"]),
        (0.99, ["0.1", "0.3"]),
        (5.0, ["0.1", "0.3", "1", "3"]),
        (4096.0, ["0.1", "0.3", "1", "3", "10", "30", "100", "300", "1000", "3000"]),
    ],
)
def test_ticks_are_the_ones_and_threes_within_reach(reach: float, positive: list[str]) -> None:
    labels = [label for _, label in value_ticks(reach)]
    assert labels == [*(f"−{label}" for label in reversed(positive)), "0", *positive]


@pytest.mark.parametrize("reach", [0.05, 1.0, 700.0, 1e9])
def test_ticks_stand_at_the_value_that_they_name(reach: float) -> None:
    ticks = value_ticks(reach)
    assert ticks == sorted(ticks)
    for place, label in ticks:
        assert place == pytest.approx(_place(float(label.replace("−", "-"))), abs=1e-9)


@pytest.mark.parametrize(
    ("exponent", "label"),
    [(0, "10⁰"), (-3, "10⁻³"), (12, "10¹²"), (-45.0, "10⁻⁴⁵"), (6789, "10⁶⁷⁸⁹")],
)
def test_a_decade_is_written_as_a_power_of_ten(exponent: float, label: str) -> None:
    assert decade_label(exponent) == label


@pytest.mark.parametrize("spread", [1e-3, 0.4, 30.0])
@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_the_reach_holds_all_but_a_thousandth(spread: float, sign: float) -> None:
    values = sign * np.abs(np.random.default_rng(1).normal(0.0, spread, 50_000))
    wanted = float(np.quantile(np.abs(values), 0.999))
    assert wanted <= reach_of(_counts(values)) <= wanted * BIN * 1.2


@pytest.mark.parametrize(("outliers", "held"), [(9, False), (11, True)])
def test_the_reach_counts_outliers_from_a_thousandth_on(outliers: int, held: bool) -> None:
    values = np.full(10_000, 0.5)
    values[:outliers] = -100.0
    reach = reach_of(_counts(values))
    assert (reach >= 100.0) == held
    assert held or reach < 1.0


def test_the_reach_is_the_widest_layers() -> None:
    narrow, wide = np.full(10_000, 0.01), np.full(10, 64.5)
    assert 64.5 <= reach_of(_counts(narrow, wide)) <= 64.5 * BIN * 1.2


@pytest.mark.parametrize(
    "values", [np.empty(0), np.zeros(5), np.full(5, np.nan), np.full(5, np.inf), np.full(5, 1e5)]
)
def test_without_a_value_in_a_bin_the_axis_still_has_a_reach(values: Floats) -> None:
    assert reach_of(_counts(values)) == 1.0


@pytest.mark.parametrize(("centre", "spread"), [(0.0, 0.02), (0.0, 20.0), (0.7, 0.5), (-3.0, 9.0)])
def test_ridges_are_numpys_histogram_over_the_scale(centre: float, spread: float) -> None:
    values = np.random.default_rng(2).normal(centre, spread, 100_000)
    places, density = ridges(_counts(values), 200.0)
    counts, _ = np.histogram(values, bins=0.1 * np.sinh(places))
    shares = np.cumsum(density[0]) / density[0].sum()
    np.testing.assert_allclose(shares, np.cumsum(counts) / counts.sum(), atol=0.015)


@pytest.mark.parametrize(("centre", "spread"), [(0.7, 0.02), (-3.0, 0.02), (-3.0, 0.5), (0.1, 1.0)])
def test_ridges_are_never_a_bin_astray(centre: float, spread: float) -> None:
    values = np.random.default_rng(5).normal(centre, spread, 20_000)
    places, density = ridges(_counts(values), 200.0)
    below = np.cumsum(density[0]) / density[0].sum()
    borders = 0.1 * np.sinh(places[1:])
    ranks = [
        np.searchsorted(np.sort(values), borders * factor) / values.size
        for factor in (1 / BIN, BIN)
    ]
    assert (below >= np.minimum(*ranks) - 1e-3).all()
    assert (below <= np.maximum(*ranks) + 1e-3).all()


def test_values_of_one_bin_are_spread_over_its_width_alone() -> None:
    places, density = ridges(_counts(np.linspace(1.0, 1.2499, 100)), 10.0)
    borders = 0.1 * np.sinh(places)
    overlap = np.clip(np.minimum(borders[1:], 1.25) - np.maximum(borders[:-1], 1.0), 0.0, None)
    np.testing.assert_allclose(density[0], overlap / overlap.max(), atol=1e-9)


@pytest.mark.parametrize("reach", [0.2, 7.0, 4000.0])
def test_ridges_have_even_borders_from_end_to_end(reach: float) -> None:
    places, density = ridges(_counts(np.ones(3), np.ones(3)), reach)
    assert density.shape == (2, places.size - 1)
    np.testing.assert_allclose(np.diff(places), 2 * _place(reach) / density.shape[1])
    assert places[0] == pytest.approx(-_place(reach))


def test_each_layers_highest_is_one_and_one_without_values_is_flat() -> None:
    random = np.random.default_rng(3)
    broken = np.array([np.nan, np.inf, 0.0, 1e-30, 1e9])
    counts = _counts(random.normal(0.0, 1.0, 9), random.normal(0.0, 2.0, 90_000), broken)
    _, density = ridges(counts, 10.0)
    np.testing.assert_allclose(density.max(axis=1), [1.0, 1.0, 0.0])
    assert density.min() >= 0.0


def test_a_mirrored_layer_is_drawn_mirrored() -> None:
    values = np.random.default_rng(4).gamma(2.0, 1.0, 5_000)
    _, density = ridges(_counts(values, -values), 20.0)
    np.testing.assert_allclose(density[0], density[1][::-1], atol=1e-9)


def test_octaves_are_powers_of_two_and_hold_both_signs() -> None:
    np.testing.assert_allclose(OCTAVES, np.arange(-100, 29) * math.log10(2.0))
    values = np.array([1.5, -1.5, 0.3, -(2.0**-40), 0.0])
    sizes = magnitudes(_counts(values, scale=MAGNITUDES))[0]
    octaves = {int(octave) - 100: int(sizes[octave]) for octave in np.flatnonzero(sizes)}
    assert octaves == {-40: 1, -2: 1, 0: 2}


@pytest.mark.parametrize("spread", [1e-25, 1e-7, 1.0, 1e4])
def test_the_decades_reach_from_a_hundredth_to_all_but_a_thousandth(spread: float) -> None:
    values = np.random.default_rng(6).normal(0.0, spread, 50_000)
    low, high = decade_reach(_counts(values, scale=MAGNITUDES)) or (0.0, 0.0)
    exact = np.log10(np.quantile(np.abs(values), [0.01, 0.999]))
    octave = math.log10(2.0)
    assert exact[0] - octave <= low <= exact[0]
    assert exact[1] <= high <= exact[1] + octave


def test_decades_hold_every_row_and_nothing_has_none() -> None:
    small, large = np.full(9, 1.5e-9), np.full(9, 1.5e3)
    counts = _counts(small, large, np.zeros(4), scale=MAGNITUDES)
    low, high = decade_reach(counts) or (0.0, 0.0)
    assert low <= math.log10(1.5e-9) < low + 0.31
    assert high - 0.31 < math.log10(1.5e3) <= high
    assert decade_reach(counts[2:]) is None


def test_ridges_of_decades_are_cut_at_both_ends() -> None:
    values = np.array([1e-9, 1e-3, 1e-3, 2e-3, 1e6])
    places, density = decade_ridges(_counts(values, scale=MAGNITUDES), -4.0, -2.0)
    assert places[0] <= -4.0 < -2.0 <= places[-1]
    assert density.shape == (1, places.size - 1)
    shown = {round(float(places[at]), 2): density[0, at] for at in np.flatnonzero(density[0])}
    assert shown == {-3.01: 1.0, -2.71: 0.5}


@pytest.mark.parametrize("zeros", [0, 30, 70])
def test_quantiles_of_sizes_count_zeros_as_the_smallest(zeros: int) -> None:
    values = 10.0 ** np.random.default_rng(7).uniform(-8.0, -2.0, 100 - zeros)
    counts = _counts(values, scale=MAGNITUDES)
    shares = np.array([0.2, 0.5, 0.9])
    found = decade_quantiles(counts, np.array([zeros]), shares)[0]
    ordered = np.sort(np.concatenate((np.full(zeros, -math.inf), np.log10(values))))
    for share, place in zip(shares, found, strict=True):
        at = round(share * 100)
        if share * 100 <= zeros:
            assert place == -math.inf
        else:
            assert ordered[at - 1] - 0.31 <= place <= ordered[min(at, 99)] + 0.31
    assert np.isnan(decade_quantiles(counts * 0, np.array([0]), shares)).all()
