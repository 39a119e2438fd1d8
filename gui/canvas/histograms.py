"""Small histograms of layers' outputs as pictures: numbers in, pixels out. No Qt."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from engine.stats import LayerTable, resample
from engine.stats.distribution import Distribution
from gui.common.scales import Floats, from_scale, reach_of, to_scale

Pixels = NDArray[np.uint32]

BARS = 66
"""Of even width on the value scale, two pixels each at 100 %."""
HEIGHT = 32
"""Of a picture, in pixels."""
_LEVELS = 16
"""Steps of opacity at a bar's upper end, so that it is smooth."""
_SPIKE = slice(BARS // 2 - 1, BARS // 2 + 1)
_HEADROOM = 1.15
_TAILS = np.array([0.0005, 0.9995])


@dataclass(frozen=True, slots=True)
class Ink:
    """Colours as 0xAARRGGBB."""

    bars: int
    zeros: int
    """Of the spike that stands for exact zeros."""


class Reach:
    """How far the axis of a run's histograms reaches: it only grows, so that epochs can be compared."""

    def __init__(self) -> None:
        self._size = 0.0

    def holding(self, found: Distribution) -> float:
        """The size of the values at both ends, wide enough for every row's."""
        self._size = max(self._size, reach_of(found.counts))
        return self._size


def bar_heights(found: Distribution, rows: slice, reach: float) -> Floats:
    """Heights (rows, 66) over values from −reach to reach; each row's highest is 1, one without values is 0."""
    limit = float(to_scale(reach))
    edges = from_scale(np.linspace(-limit, limit, BARS + 1))
    density = resample(found.counts[rows], edges)
    highest = density.max(axis=1, keepdims=True)
    heights: Floats = np.divide(density, highest, out=np.zeros_like(density), where=highest > 0)
    return heights


def zero_shares(found: Distribution, rows: slice) -> Floats:
    """Share of exact zeros in each row; 0 in a row without values."""
    totals = found.totals[rows]
    shares: Floats = found.zeros[rows] / np.maximum(totals, 1)
    return shares


def input_reach(table: LayerTable) -> float:
    """The size that all but a thousandth of the data stay below."""
    ends = np.abs(table.inputs.quantiles(_TAILS))
    return float(ends.max()) * _HEADROOM if np.isfinite(ends).all() and ends.max() > 0 else 1.0


def pictures(heights: Floats, zeros: Floats, ink: Ink) -> Pixels:
    """Premultiplied ARGB pixels (rows, 32, 66) of bars that stand on the lower border."""
    columns = _columns(ink.bars)[_quantised(heights)]
    spike = _quantised(zeros)
    marked = np.flatnonzero(spike)
    columns[marked, _SPIKE] = _columns(ink.zeros)[spike[marked], None]
    return np.ascontiguousarray(columns.swapaxes(1, 2))


def _quantised(heights: Floats) -> NDArray[np.intp]:
    """Heights in [0, 1] as numbers of filled levels; what is not 0 fills at least one."""
    levels: NDArray[np.intp] = np.ceil(heights * (HEIGHT * _LEVELS)).astype(np.intp)
    return levels


@lru_cache(maxsize=8)
def _columns(color: int) -> Pixels:
    """A column of pixels, from top to bottom, for every number of filled levels: shape (513, 32)."""
    below = np.arange(HEIGHT - 1, -1, -1) * _LEVELS
    filled = np.clip(np.arange(HEIGHT * _LEVELS + 1)[:, None] - below, 0, _LEVELS)
    columns: Pixels = _shades(color)[filled]
    return columns


def _shades(color: int) -> Pixels:
    """A colour in 17 opacities, premultiplied."""
    channels = np.array([color >> shift & 0xFF for shift in (24, 16, 8, 0)], np.float64)
    channels[1:] *= channels[0] / 255
    shares = np.arange(_LEVELS + 1) / _LEVELS
    parts = np.rint(shares[:, None] * channels).astype(np.uint32)
    weights = np.array([1 << 24, 1 << 16, 1 << 8, 1], np.uint32)
    shades: Pixels = (parts * weights).sum(axis=1, dtype=np.uint32)
    return shades
