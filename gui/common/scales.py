"""The scales of the axes: a smooth symmetric logarithm for values, decades for magnitudes. No Qt."""

import numpy as np
from numpy.typing import NDArray

from engine.stats import EDGES, LayerTable, resample

Floats = NDArray[np.float64]

LINEAR_WIDTH = 0.1
"""Below this size the value scale is nearly linear, above it nearly logarithmic: asinh(x / 0.1)."""
BINS = 160
_SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
_TICK_VALUES = np.array([m * 10.0**e for e in range(-1, 4) for m in (1.0, 3.0)])
_HEADROOM = 1.15


def to_scale(values: Floats | float) -> Floats:
    """From a value to its place on the axis."""
    place: Floats = np.arcsinh(np.asarray(values, np.float64) / LINEAR_WIDTH)
    return place


def from_scale(places: Floats | float) -> Floats:
    """From a place on the axis to its value."""
    values: Floats = np.sinh(np.asarray(places, np.float64)) * LINEAR_WIDTH
    return values


def value_ticks(reach: float) -> list[tuple[float, str]]:
    """Places and labels for an axis that reaches from −reach to reach (in values)."""
    wanted = [value for value in _TICK_VALUES if value <= reach * 1.001]
    ticks = [(0.0, "0")]
    for value in wanted:
        place = float(to_scale(value))
        ticks += [(-place, f"−{value:g}"), (place, f"{value:g}")]
    return sorted(ticks)


def decade_label(exponent: float) -> str:
    """`10⁻³` for −3."""
    return "10" + f"{round(exponent)}".translate(_SUPERSCRIPTS)


def reach_of(table: LayerTable) -> float:
    """The size that all but a thousandth of every layer's values stay below."""
    counts = table.activations.counts
    half = counts.shape[1] // 2
    sizes = counts[:, half:].astype(np.int64) + counts[:, :half][:, ::-1]
    total = sizes.sum(axis=1, keepdims=True)
    beyond = sizes[:, ::-1].cumsum(axis=1)[:, ::-1] > total * 1e-3
    used = np.flatnonzero((beyond & (total > 0)).any(axis=0))
    upper_edges = EDGES[half + 2 :]
    return float(upper_edges[used[-1]]) * _HEADROOM if used.size else 1.0


def ridges(table: LayerTable, reach: float) -> tuple[Floats, Floats]:
    """Borders of `BINS` even bins on the axis, shape (161,), and each layer's density over them.

    The densities have shape (layers, 160) and are scaled so that each layer's highest is 1; a layer without
    values in the range is 0 everywhere.
    """
    limit = float(to_scale(reach))
    places = np.linspace(-limit, limit, BINS + 1)
    density = resample(table.activations.counts, from_scale(places))
    highest = density.max(axis=1, keepdims=True)
    scaled: Floats = np.divide(density, highest, out=np.zeros_like(density), where=highest > 0)
    return places, scaled
