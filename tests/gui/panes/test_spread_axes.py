"""The axes of distributions: spans by mode, rows taken out, tracks reckoned piece by piece, columns of epochs."""

import numpy as np
import pytest
from numpy.typing import NDArray

from engine.stats import MAGNITUDES, VALUES, Distribution, bin_values
from gui.panes.spread_axes import SIGNED, SIZES, Spans, SpreadAxis, Track, evenly, rows_of

RNG = np.random.default_rng(0)


def _distribution(axis: SpreadAxis, *rows: NDArray[np.float64]) -> Distribution:
    found = Distribution.empty(len(rows))
    for row, values in enumerate(rows):
        found.set_histogram(row, bin_values(values, axis.scale))
        if values.size:
            found.mean[row], found.std[row] = values.mean(), values.std()
    return found


def test_the_axes_bin_as_the_worker_does() -> None:
    assert (SIGNED.scale, SIZES.scale) == (VALUES, MAGNITUDES)


@pytest.mark.parametrize("spread", [1e-2, 1.0, 40.0])
def test_quantiles_lie_at_the_places_of_the_ordered_values(spread: float) -> None:
    values = RNG.normal(0.3 * spread, spread, 50_000)
    places = SIGNED.quantiles(_distribution(SIGNED, values))[0]
    exact = np.quantile(values, [0.01, 0.5, 0.99])
    shown = [SIGNED.value(place) for place in places]
    np.testing.assert_allclose(shown, exact, rtol=0.25, atol=0.02 * spread)


@pytest.mark.parametrize("spread", [1e-20, 1e-6, 3.0])
def test_quantiles_of_sizes_lie_within_an_octave(spread: float) -> None:
    values = RNG.normal(0.0, spread, 50_000)
    places = SIZES.quantiles(_distribution(SIZES, values))[0]
    exact = np.log10(np.quantile(np.abs(values), [0.01, 0.5, 0.99]))
    np.testing.assert_allclose(places, exact, atol=np.log10(2.0))


def test_zeros_lie_at_minus_infinity_on_the_axis_of_sizes() -> None:
    half = np.concatenate((np.zeros(600), np.full(400, 1e-3)))
    places = SIZES.quantiles(_distribution(SIZES, half, np.zeros(5), np.empty(0)))
    assert np.isneginf(places[0, :2]).all()
    assert places[0, 2] == pytest.approx(-3.0, abs=np.log10(2.0))
    assert np.isneginf(places[1]).all()
    assert np.isnan(places[2]).all()
    assert SIZES.value(places[0, 0]) == 0.0


@pytest.mark.parametrize("axis", [SIGNED, SIZES])
def test_without_a_count_there_is_no_span(axis: SpreadAxis) -> None:
    assert axis.span(np.zeros((3, 256), np.uint32)) is None
    assert axis.span(np.zeros((0, 256), np.uint32)) is None


@pytest.mark.parametrize("axis", [SIGNED, SIZES])
@pytest.mark.parametrize("spread", [1e-3, 1.0])
def test_a_span_holds_nearly_all_and_ticks_lie_within_it(axis: SpreadAxis, spread: float) -> None:
    values = RNG.normal(0.0, spread, 20_000)
    low, high = span = axis.span(_distribution(axis, values).counts) or (0.0, 0.0)
    places = np.arcsinh(values / 0.1) if axis is SIGNED else np.log10(np.abs(values))
    assert ((places >= low) & (places <= high)).mean() > 0.98
    ticks = axis.ticks(span)
    assert len(ticks) > 1
    assert all(low <= place <= high for place, _ in ticks)
    assert sorted(ticks) == ticks


def test_densities_of_sizes_are_numpys_histogram_over_octaves() -> None:
    values = RNG.normal(0.0, 1e-4, 30_000)
    borders, density = SIZES.densities(_distribution(SIZES, values).counts, (-8.0, -3.0))
    np.testing.assert_allclose(np.diff(borders), np.log10(2.0))
    assert borders[0] <= -8.0 < borders[1]
    assert borders[-2] < -3.0 <= borders[-1]
    counts, _ = np.histogram(np.log10(np.abs(values.astype(np.float32))), borders)
    np.testing.assert_allclose(density[0], counts / counts.max(), atol=1e-9)


def test_all_keeps_what_was_seen_recent_fits_and_locked_stays() -> None:
    spans = Spans()
    rest = (-9.0, 9.0)
    assert spans.update("a", "all", [(-1.0, 1.0), None], rest) == (-1.0, 1.0)
    assert spans.update("a", "all", [(-0.5, 4.0)], rest) == (-1.0, 4.0)
    assert spans.update("a", "locked", [(-50.0, 50.0)], rest) == (-1.0, 4.0)
    assert spans.update("a", "recent", [(-0.5, 0.5), (0.0, 2.0)], rest) == (-0.5, 2.0)
    assert spans.update("a", "all", [(-1.0, 1.0)], rest) == (-1.0, 2.0)
    assert spans.update("a", "recent", [None], rest) == (-1.0, 2.0)
    assert spans.update("b", "locked", [(3.0, 4.0)], rest) == (3.0, 4.0)
    assert spans.update("c", "all", [None], rest) == rest
    spans.forget()
    assert spans.update("a", "all", [(-0.1, 0.1)], rest) == (-0.1, 0.1)


def test_rows_that_are_taken_out_keep_all_their_figures() -> None:
    rows = [RNG.normal(0.0, row + 1.0, 200) for row in range(4)]
    rows[2][:50] = 0.0
    taken = rows_of(_distribution(SIGNED, *rows), np.array([2, 0]))
    for place, row in enumerate((2, 0)):
        histogram = bin_values(rows[row])
        np.testing.assert_array_equal(taken.counts[place], histogram.counts)
        assert taken.zeros[place] == histogram.zeros
        assert taken.mean[place] == rows[row].mean()


def test_a_track_that_grows_is_thinned_or_rescaled_is_as_if_reckoned_anew() -> None:
    counts = RNG.poisson(3.0, (60, 256)).astype(np.uint32)
    track, span = Track(), (-2.0, 2.0)
    stages = [np.arange(1), np.arange(7), np.arange(30), np.arange(0, 40, 2), np.arange(0, 60, 4)]
    for epochs in stages:
        shown = track.update("a", epochs, counts[epochs], SIGNED, span)
        borders, fresh = SIGNED.densities(counts[epochs], span)
        np.testing.assert_array_equal(shown, fresh)
        np.testing.assert_array_equal(track.borders, borders)
    np.testing.assert_array_equal(
        track.update("a", np.arange(5), counts[:5], SIGNED, (-3.0, 3.0)),
        SIGNED.densities(counts[:5], (-3.0, 3.0))[1],
    )
    np.testing.assert_array_equal(
        track.update("b", np.arange(5), counts[5:10], SIGNED, (-3.0, 3.0)),
        SIGNED.densities(counts[5:10], (-3.0, 3.0))[1],
    )


def test_only_new_epochs_of_a_track_are_reckoned() -> None:
    counts = RNG.poisson(3.0, (9, 256)).astype(np.uint32)
    track = Track()
    track.update("a", np.arange(8), counts[:8], SIGNED, (-2.0, 2.0))
    wiped = counts.copy()
    wiped[:8] = 0
    shown = track.update("a", np.arange(9), wiped, SIGNED, (-2.0, 2.0))
    np.testing.assert_array_equal(shown, SIGNED.densities(counts, (-2.0, 2.0))[1])


def test_an_epoch_that_takes_the_place_of_another_is_reckoned() -> None:
    counts, epochs = RNG.poisson(3.0, (9, 256)).astype(np.uint32), np.array([0, 4, 5])
    track = Track()
    track.update("a", epochs, counts[epochs], SIGNED, (-2.0, 2.0))
    epochs[-1] = 6  # in place, as a history does whose newest epoch stays
    shown = track.update("a", epochs, counts[epochs], SIGNED, (-2.0, 2.0))
    np.testing.assert_array_equal(shown, SIGNED.densities(counts[epochs], (-2.0, 2.0))[1])


@pytest.mark.parametrize(
    "epochs", [[0], [0, 1], list(range(9)), [0, 3, 6, 7], [*range(0, 900, 2), 899], [5, 6, 900]]
)
def test_each_column_shows_the_nearest_known_epoch(epochs: list[int]) -> None:
    known = np.array(epochs)
    columns = evenly(known)
    places = np.linspace(known[0], known[-1], len(columns))
    assert len(columns) <= len(known)
    distance = np.abs(known[columns] - places)
    nearest = np.abs(known[None] - places[:, None]).min(axis=1)
    np.testing.assert_allclose(distance, nearest)
    assert known[columns[-1]] == known[-1]
