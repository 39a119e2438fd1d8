"""Thinned rows and envelopes against the whole series."""

import numpy as np
import pytest

from engine.training.thinning import Envelope, ThinnedRows, rounded, unrounded


@pytest.mark.parametrize("room", [2, 5, 8])
def test_kept_rows_are_evenly_spaced_and_end_with_the_newest(room: int) -> None:
    thinned, stride = ThinnedRows(room, (2,), np.int64), 1
    assert thinned.places.size == 0
    for number in range(200):
        thinned.add(np.array([number, -number]))
        places = thinned.places
        assert thinned.rows.tolist() == [[place, -place] for place in places]
        assert places[0] == 0
        assert places[-1] == number
        assert places.size <= room + 1
        if room < places.size + 1 and number:
            assert places.size >= room / 2
        gaps = set(np.diff(places[:-1]).tolist())
        assert len(gaps) <= 1
        if gaps:
            (gap,) = gaps
            assert gap in (stride, 2 * stride)
            stride = gap
    assert stride >= 200 / room / 2


@pytest.mark.parametrize("pieces", [[1] * 300, [7] * 43, [300], [2, 250, 1, 90, 5]])
def test_an_envelope_holds_the_span_of_every_group(pieces: list[int]) -> None:
    random = np.random.default_rng(len(pieces))
    values = random.normal(size=(2, sum(pieces)))
    values[:, random.random(sum(pieces)) < 0.3] = np.nan
    values[0, 5], values[1, 6] = np.inf, -np.inf
    marks = random.random((1, sum(pieces))) < 0.2
    envelope, end = Envelope(2, 1, 16), 0
    for piece in pieces:
        envelope.add(values[:, end : end + piece], marks[:, end : end + piece])
        end += piece
    starts, sizes = envelope.places.astype(int), envelope.sizes
    assert sizes.sum() == end
    assert 8 <= starts.size <= 16
    assert len(set(sizes[:-1])) == 1
    assert sizes[-1] <= sizes[0]
    for group, (start, size) in enumerate(zip(starts, sizes, strict=True)):
        assert envelope.counted(0)[group] == marks[0, start : start + size].sum()
        for row in (0, 1):
            part = values[row, start : start + size]
            part = part[np.isfinite(part)]
            span = [low_high[group] for low_high in envelope.of(row)]
            expected = [part.min(), part.max()] if part.size else [np.nan, np.nan]
            np.testing.assert_array_equal(span, expected)


def test_a_copy_goes_its_own_way() -> None:
    envelope = Envelope(1, 1, 4)
    envelope.add(np.array([[1.0, 2.0]]), np.array([[1, 0]]))
    copy = envelope.copy()
    copy.add(np.full((1, 9), 7.0), np.ones((1, 9), int))
    assert [part.tolist() for part in envelope.of(0)] == [[1.0, 2.0]] * 2
    assert envelope.counted(0).tolist() == [1, 0]
    assert copy.sizes.sum() == 11


def test_small_counts_are_exact_and_large_ones_nearly() -> None:
    small = np.arange(4_097, dtype=np.uint32)
    assert unrounded(rounded(small)).tolist() == small.tolist()
    large = np.unique(np.geomspace(4_096, 4e9, 5_000).astype(np.uint32))
    errors = unrounded(rounded(large)).astype(float) / large - 1.0
    assert np.abs(errors).max() <= 1 / 4_095
