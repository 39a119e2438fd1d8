"""Histograms with fixed logarithmic bins against numpy on the raw values."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from numpy.typing import NDArray

from engine.stats import (
    BIN_COUNT,
    EDGES,
    Histogram,
    at_shares,
    bin_values,
    quantiles,
    resample,
)

Floats = NDArray[np.floating]
POSITIVE = np.array([2.0**k * (1 + q / 4) for k in range(-20, 12) for q in range(4)] + [2.0**12])
SMALLEST, LARGEST = 2.0**-20, 2.0**12
ANY_FLOAT32 = st.floats(width=32)


def _magnitudes(values: Floats) -> NDArray[np.int64]:
    """Counts of numbers above zero: the 128 bins, then what is too large; a border belongs to the bin above."""
    counts, _ = np.histogram(values, np.append(POSITIVE, np.inf))
    return counts


def _expected(values: Floats) -> Histogram:
    flat = np.asarray(values, np.float64).ravel()
    finite = flat[np.isfinite(flat)]
    below, above = _magnitudes(-finite[finite < 0]), _magnitudes(finite[finite > 0])
    return Histogram(
        counts=np.concatenate((below[-2::-1], above[:-1])).astype(np.uint32),
        zeros=int(np.sum(finite == 0)),
        underflow=int(np.sum((finite != 0) & (np.abs(finite) < SMALLEST))),
        overflow=int(below[-1] + above[-1]),
        nonfinite=flat.size - finite.size,
    )


def _assert_counted(values: Floats) -> None:
    ours, wanted = bin_values(values), _expected(values)
    np.testing.assert_array_equal(ours.counts, wanted.counts)
    assert ours[1:] == wanted[1:]
    assert ours.total == values.size


def _counts_of(*rows: Floats) -> NDArray[np.uint32]:
    return np.stack([bin_values(row).counts for row in rows])


def test_edges_are_quarter_octaves_on_both_sides_of_zero() -> None:
    np.testing.assert_array_equal(EDGES, np.concatenate((-POSITIVE[::-1], POSITIVE)))
    assert BIN_COUNT == 256
    with pytest.raises(ValueError, match="read-only"):
        EDGES[0] = 0.0


@given(values=arrays(np.float32, array_shapes(max_dims=3, max_side=12), elements=ANY_FLOAT32))
def test_any_float32_is_counted_where_numpy_counts_it(values: NDArray[np.float32]) -> None:
    _assert_counted(values)


@pytest.mark.parametrize("sign", [-1.0, 1.0])
@pytest.mark.parametrize("toward", [-np.inf, None, np.inf])
def test_borders_and_their_neighbours_fall_into_the_right_bins(
    sign: float, toward: float | None
) -> None:
    borders = np.float32(sign) * POSITIVE.astype(np.float32)
    _assert_counted(borders if toward is None else np.nextafter(borders, np.float32(toward)))


@pytest.mark.parametrize("scale", [1e-9, 1e-3, 1.0, 50.0, 1e4])
def test_normal_numbers_of_any_scale_are_counted_as_by_numpy(scale: float) -> None:
    _assert_counted(np.random.default_rng(3).normal(0.0, scale, (40, 50)).astype(np.float32))


@pytest.mark.parametrize(
    ("value", "field"),
    [
        (0.0, "zeros"),
        (-0.0, "zeros"),
        (1e-45, "underflow"),
        (-9e-7, "underflow"),
        (4096.0, "overflow"),
        (-3.4e38, "overflow"),
        (np.nan, "nonfinite"),
        (np.inf, "nonfinite"),
        (-np.inf, "nonfinite"),
    ],
)
def test_what_lies_outside_the_bins_is_counted_apart(value: float, field: str) -> None:
    histogram = bin_values(np.full((2, 3), value, np.float32))
    assert getattr(histogram, field) == histogram.total == 6
    assert not histogram.counts.any()


@pytest.mark.parametrize(
    ("value", "field"), [(1e-60, "zeros"), (1e-42, "underflow"), (1e300, "nonfinite")]
)
def test_float64_is_rounded_to_float32_first(value: float, field: str) -> None:
    assert getattr(bin_values(np.array([value, -value])), field) == 2


@pytest.mark.parametrize("values", [np.ones((0, 4)), np.asfortranarray(np.ones((3, 4)))[::2, ::3]])
def test_empty_and_strided_arrays_are_counted_whole(values: Floats) -> None:
    _assert_counted(values)


@given(seed=st.integers(0, 2**32), size=st.integers(1, 200), spread=st.floats(0.1, 13.0))
def test_quantiles_lie_within_a_bin_of_the_ordered_values(
    seed: int, size: int, spread: float
) -> None:
    random = np.random.default_rng(seed)
    values = random.choice((-1.0, 1.0), size) * np.exp(random.uniform(-spread, spread / 2, size))
    shares = np.array([0.0, 0.1, 0.25, 0.5, 0.75, 0.9])
    (found,) = quantiles(_counts_of(values), np.zeros(1, np.int64), shares)
    lower = np.quantile(values, shares, method="inverted_cdf")
    upper = np.quantile(values, shares, method="higher")
    assert (np.diff(found) >= 0).all()
    assert (found >= np.minimum(lower * 0.75, lower * 1.25) - SMALLEST).all()
    assert (found <= np.maximum(upper * 0.75, upper * 1.25) + SMALLEST).all()


def test_quantiles_of_many_normal_numbers_are_those_of_numpy() -> None:
    rows = [np.random.default_rng(seed).normal(seed, 2.0, 20_000) for seed in (0, 3)]
    shares = np.array([0.05, 0.25, 0.5, 0.75, 0.95])
    found = quantiles(_counts_of(*rows), np.zeros(2, np.int64), shares)
    np.testing.assert_allclose(found, np.quantile(rows, shares, axis=1).T, rtol=0.03)


def test_zeros_weigh_in_the_middle_of_quantiles() -> None:
    counts = _counts_of(np.array([-8.0, 8.0]), np.array([8.0]))
    found = quantiles(counts, np.array([98, 0]), np.array([0.05, 0.5, 0.95]))
    assert (np.abs(found[0]) <= SMALLEST).all()
    assert ((found[1] >= 8.0) & (found[1] <= 10.0)).all()


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("density", [0.02, 0.5, 5.0])
def test_shares_are_found_as_numpys_interpolation_finds_them(seed: int, density: float) -> None:
    random = np.random.default_rng(seed)
    steps = random.poisson(density, (30, 50)).astype(np.float64)
    steps[3] = 0.0
    cumulative, edges = steps.cumsum(axis=1), np.sort(random.normal(size=50))
    shares = np.array([0.0, 0.01, 0.25, 0.5, 0.99, 1.0])
    found = at_shares(cumulative, shares, edges)
    for row, line in enumerate(cumulative):
        if line[-1] > 0:
            wanted = np.interp(shares * line[-1], line, edges)
            np.testing.assert_allclose(found[row], wanted, rtol=1e-12, atol=1e-12)
        else:
            assert np.isnan(found[row]).all()


def test_a_row_without_values_has_no_quantiles() -> None:
    assert np.isnan(quantiles(_counts_of(np.zeros(3)), np.zeros(1, int), np.array([0.5]))).all()


def test_resampling_onto_coarser_borders_is_numpys_histogram() -> None:
    rows = [np.random.default_rng(seed).normal(0, 3, (500)).astype(np.float32) for seed in (1, 2)]
    coarse = EDGES[::3]
    wanted = [np.histogram(row[np.abs(row) >= SMALLEST], coarse)[0] for row in rows]
    np.testing.assert_allclose(resample(_counts_of(*rows), coarse), wanted, atol=1e-9)


@given(start=st.floats(0.3, 2.0), width=st.floats(0.5, 3.0))
def test_resampling_even_values_onto_any_borders_stays_even(start: float, width: float) -> None:
    values = np.linspace(0.25, 8.0, 31_000, endpoint=False)
    borders = start + width * np.linspace(0, 1, 6)
    (found,) = resample(_counts_of(values), borders)
    np.testing.assert_allclose(found, np.histogram(values, borders)[0], atol=3)


def test_resampling_over_everything_keeps_the_total() -> None:
    values = np.random.default_rng(0).normal(0.0, 1.0, 1_000).astype(np.float32)
    everything = np.array([-1e9, -1.0, 0.0, 1.0, 1e9])
    counts = _counts_of(values).reshape(1, 1, -1)
    assert resample(counts, everything).sum() == pytest.approx(1_000)
    assert resample(counts, everything).shape == (1, 1, 4)
