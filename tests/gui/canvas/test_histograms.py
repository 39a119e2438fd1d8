"""The small histograms, against numpy's own over the raw values."""

import numpy as np
import pytest

from engine.stats import LayerTable, bin_values
from gui.canvas.histograms import (
    BARS,
    HEIGHT,
    Ink,
    bar_heights,
    input_reach,
    pictures,
    zero_shares,
)

ALL = slice(None)
REACH = 6.0


def _table(*rows: np.ndarray) -> LayerTable:
    table = LayerTable.empty(len(rows), 8)
    for row, values in enumerate(rows):
        table.activations.set_histogram(row, bin_values(values))
    return table


def test_heights_are_those_of_a_histogram_over_the_inverse_hyperbolic_sine() -> None:
    random = np.random.default_rng(3)
    rows = [random.normal(0.5, 0.8, 50_000), np.abs(random.normal(0.0, 2.0, 50_000))]
    heights = bar_heights(_table(*rows).activations, ALL, REACH)
    assert heights.shape == (2, BARS)
    limit = np.arcsinh(REACH / 0.1)
    for found, values in zip(heights, rows, strict=True):
        counts, _ = np.histogram(np.arcsinh(values / 0.1), BARS, (-limit, limit))
        assert found.max() == 1.0
        assert np.abs(found - counts / counts.max()).mean() < 0.02


def test_a_row_without_values_has_no_bars() -> None:
    table = _table(np.zeros(5), np.empty(0))
    assert not bar_heights(table.activations, ALL, REACH).any()
    assert zero_shares(table.activations, ALL).tolist() == [1.0, 0.0]


def test_a_picture_shows_each_bar_as_high_as_it_is_and_zeros_in_the_middle() -> None:
    heights = np.random.default_rng(1).random((3, BARS))
    zeros = np.array([0.0, 0.5, 0.001])
    found = pictures(heights, zeros, Ink(0xFF204060, 0xFF112233))
    assert found.shape == (3, HEIGHT, BARS)
    opacity = (found >> 24).astype(float) / 255
    drawn = opacity.sum(axis=1) / HEIGHT
    spike = [BARS // 2 - 1, BARS // 2]
    expected = heights.copy()
    expected[1:, spike] = zeros[1:, None]
    assert np.abs(drawn - expected).max() < 1.1 / (HEIGHT * 16)  # a pixel has 255 opacities
    assert (np.diff(opacity, axis=1) >= 0).all()
    # an opaque pixel has the ink's own colour, a fainter one that colour times its opacity
    assert set(found[1][:, spike][opacity[1][:, spike] == 1].tolist()) == {0xFF112233}
    half = pictures(np.full((1, BARS), 0.5 / HEIGHT), np.zeros(1), Ink(0xFF204060, 0))[0, -1, 0]
    assert [half >> shift & 0xFF for shift in (24, 16, 8, 0)] == [128, 16, 32, 48]


def test_the_data_have_a_reach_of_their_own() -> None:
    values = np.random.default_rng(2).uniform(-40.0, 20.0, 10_000)
    table = LayerTable.empty(1, 8)
    assert input_reach(table) == 1.0
    table.inputs.set_histogram(0, bin_values(values))
    assert input_reach(table) == pytest.approx(40.0 * 1.15, rel=0.15)
