"""The scales of the axes: a smooth symmetric logarithm for values, decades for magnitudes. No Qt."""

import math
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.stats import EDGES, MAGNITUDES, Borders, at_shares

Floats = NDArray[np.float64]
Counts = NDArray[np.integer]

LINEAR_WIDTH = 0.1
"""Below this size the value scale is nearly linear, above it nearly logarithmic: asinh(x / 0.1)."""
BINS = 160
_SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
_HIGHEST_DECADE = 4
_HEADROOM = 1.15


def to_scale(values: Floats | float, width: float = LINEAR_WIDTH) -> Floats:
    """From a value to its place on the axis, which is nearly linear up to `width`."""
    place: Floats = np.arcsinh(np.asarray(values, np.float64) / width)
    return place


def from_scale(places: Floats | float, width: float = LINEAR_WIDTH) -> Floats:
    """From a place on the axis to its value."""
    values: Floats = np.sinh(np.asarray(places, np.float64)) * width
    return values


def value_ticks(reach: float) -> list[tuple[float, str]]:
    """Places and labels for an axis that reaches from −reach to reach (in values)."""
    lowest = min(-1, math.floor(math.log10(reach)))
    sizes = [m * 10.0**e for e in range(lowest, _HIGHEST_DECADE) for m in (1.0, 3.0)]
    wanted = [value for value in sizes if value <= reach * 1.001]
    ticks = [(0.0, "0")]
    for value in wanted:
        place = float(to_scale(value))
        ticks += [(-place, f"−{value:g}"), (place, f"{value:g}")]
    return sorted(ticks)


def decade_label(exponent: float) -> str:
    """`10⁻³` for −3."""
    return "10" + f"{round(exponent)}".translate(_SUPERSCRIPTS)


def reach_of(counts: Counts) -> float:
    """The size that all but a thousandth of every row's values stay below; `counts` (rows, 256) over `VALUES`."""
    beyond = magnitudes(counts)[:, ::-1].cumsum(axis=1)  # from the largest size inwards
    beyond = beyond[beyond[:, -1] > 0]
    if not beyond.size:
        return 1.0
    inwards = int((beyond > beyond[:, -1:] * 1e-3).argmax(axis=1).min())
    return float(EDGES[-1 - inwards]) * _HEADROOM


def ridges(counts: Counts, reach: float) -> tuple[Floats, Floats]:
    """Borders of `BINS` even bins on the axis, shape (161,), and each row's density over them.

    The densities have shape (rows, 160) and are scaled so that each row's highest is 1; a row without
    values in the range is 0 everywhere.
    """
    places, borders = _even(reach)
    return places, _scaled(borders.resample(counts))


@lru_cache(maxsize=64)
def _even(reach: float) -> tuple[Floats, Borders]:
    """Kept, because the reach is one of few: a bin's border."""
    limit = float(to_scale(reach))
    places = np.linspace(-limit, limit, BINS + 1)
    places.setflags(write=False)
    return places, Borders(from_scale(places))


OCTAVES: Floats = np.log10(MAGNITUDES.edges[MAGNITUDES.edges > 0])
"""The bin borders of `MAGNITUDES` as powers of ten: log10 of the size, shape (129,)."""
OCTAVES.setflags(write=False)


def magnitudes(counts: Counts) -> Counts:
    """Both signs of a histogram put together: shape (rows, 128), from the smallest size to the largest."""
    half = counts.shape[1] // 2
    sizes: Counts = np.add(counts[:, half:], counts[:, :half][:, ::-1], dtype=np.int64)
    return sizes


def decade_reach(counts: Counts) -> tuple[float, float] | None:
    """log10 of the sizes between which all but 1 % below and a thousandth above of every row lie, or None."""
    below = magnitudes(counts).cumsum(axis=1)
    below = below[below[:, -1] > 0]
    if not below.size:
        return None
    total = below[:, -1:]
    lowest = int((below > total * 0.01).argmax(axis=1).min())
    highest = int((below >= total * 0.999).argmax(axis=1).max())
    return float(OCTAVES[lowest]), float(OCTAVES[highest + 1])


def decade_ridges(counts: Counts, low: float, high: float) -> tuple[Floats, Floats]:
    """Borders of the octaves between two powers of ten, and each row's density over them, its highest 1."""
    inside = np.flatnonzero((OCTAVES[1:] > low + 1e-9) & (OCTAVES[:-1] < high - 1e-9))
    first, last = int(inside[0]), int(inside[-1])
    return OCTAVES[first : last + 2], _scaled(magnitudes(counts)[:, first : last + 1])


def decade_quantiles(counts: Counts, centre: Counts, shares: Floats) -> Floats:
    """log10 of approximate quantiles of the size, to within an octave; shape (rows, k).

    `counts` (rows, 256) over `MAGNITUDES`; `centre` (rows,) zeros plus underflow, which lie at −∞. A row
    without any value gives NaN. Overflow is left out.
    """
    sizes = magnitudes(counts).astype(np.float64)
    below = np.cumsum(np.concatenate((centre[:, None], sizes), axis=1), axis=1)
    places = at_shares(below, shares, OCTAVES)
    return np.where((shares * below[:, -1:] <= below[:, :1]) & (below[:, :1] > 0), -np.inf, places)


def _scaled(density: NDArray[Any]) -> Floats:
    highest = density.max(axis=1, keepdims=True)
    scaled: Floats = np.divide(
        density, highest, out=np.zeros(density.shape, np.float64), where=highest > 0
    )
    return scaled
