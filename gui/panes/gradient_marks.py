"""The quantities of the gradient flow, what of them can be drawn, and in which order the layers stand. No Qt."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from engine.language import tr
from engine.layers import CATALOGUE
from engine.stats import LayerTable
from engine.training import LayerInfo
from gui.training.reading import weight_rows

Floats = NDArray[np.float64]
Rows = NDArray[np.int64]
GRADIENT = "activation_gradient_rms"
SPREAD = "activation_std"


@dataclass(frozen=True, slots=True)
class Quantity:
    """A column that can be drawn."""

    column: str
    title: str
    help: str
    symbol: str
    shown: bool
    of_weight: bool
    """Whether only layers with a weight have it."""


QUANTITIES: tuple[Quantity, ...] = (
    Quantity(
        GRADIENT,
        "∂L/∂z",
        tr(
            "Root mean square of the gradient at each layer's output, times the batch "
            "size. This is what tells whether gradients vanish or explode."
        ),
        "o",
        True,
        False,
    ),
    Quantity(
        "weight_gradient_rms",
        "∂L/∂W",
        tr(
            "Root mean square of the weight's gradient. Alone it can hide vanishing: "
            "forward and backward shrinkage can cancel in it. Look at ∂L/∂z as well."
        ),
        "s",
        False,
        True,
    ),
    Quantity(
        SPREAD,
        tr("activation σ"),
        tr("Standard deviation of each layer's output over samples and units."),
        "t",
        False,
        False,
    ),
    Quantity(
        "update_ratio",
        tr("update : weight"),
        tr("‖ΔW‖ / ‖W‖ of the last measured step; about 10⁻³ is usual."),
        "d",
        True,
        True,
    ),
)


@dataclass(frozen=True, slots=True)
class Marks:
    """Where a quantity's points lie: logarithms where there are any, and rows that have none."""

    rows: Rows
    logs: Floats
    zero_rows: Rows
    nonfinite_rows: Rows


def marks_of(quantity: Quantity, layers: Sequence[LayerInfo], table: LayerTable) -> Marks:
    """Sort a column's values into drawable ones, exact zeros, and ones that are not finite.

    NaN of a layer that lies before every trained weight, or has no weight, is no value at all.
    """
    values: Floats = getattr(table, quantity.column)
    applies = has_quantity(quantity, layers) | np.isfinite(values)
    if quantity.column == "update_ratio" and np.isnan(values).all():
        applies[:] = False
    rows = np.arange(len(layers))
    finite = np.isfinite(values) & applies
    drawable = finite & (values > 0)
    return Marks(
        rows[drawable],
        np.log10(values[drawable]),
        rows[finite & (values == 0)],
        rows[~np.isfinite(values) & applies],
    )


def has_quantity(quantity: Quantity, layers: Sequence[LayerInfo]) -> NDArray[np.bool_]:
    """Which layers can have a value of the quantity; shape (layers,)."""
    applies = np.array([layer.has_weight or not quantity.of_weight for layer in layers], bool)
    return applies & past_first_weight(layers) if quantity.column == GRADIENT else applies


def past_first_weight(layers: Sequence[LayerInfo]) -> NDArray[np.bool_]:
    """Before the first trained weight there is nothing that a gradient would be computed for."""
    trained = [layer.has_weight or is_recurrent(layer.kind) for layer in layers]
    return np.maximum.accumulate(np.array(trained, bool)) if trained else np.empty(0, np.bool_)


@lru_cache
def is_recurrent(kind: str) -> bool:
    """Whether a kind of layer has the weights of a recurrent one, none of which is called "weight"."""
    spec = CATALOGUE.get(kind)
    named = {parameter.name for parameter in spec.parameters} if spec else set[str]()
    return "recurrent_initializer" in named


def output_end(layers: Sequence[LayerInfo], gradients: Floats) -> int | None:
    """The row that all others are compared with: the last weight layer's, else the last that has a gradient."""
    positive = np.isfinite(gradients) & (gradients > 0)
    last = weight_rows(layers)[-1:]
    if last.size and positive[last[0]]:
        return int(last[0])
    rows = np.flatnonzero(positive)
    return int(rows[-1]) if rows.size else None


def worst_first(layers: Sequence[LayerInfo], gradients: Floats) -> Rows:
    """Rows by how many decades their gradient lies from the output end's, the farthest first; shape (layers,).

    A gradient of zero, or one that is not finite, is infinitely far; a layer that can have none comes last. Of
    equally far ones the one nearer to the input comes first.
    """
    distance = np.full(len(layers), np.inf)
    positive = np.isfinite(gradients) & (gradients > 0)
    end = output_end(layers, gradients)
    if end is not None:
        distance[positive] = np.abs(np.log10(gradients[positive] / gradients[end]))
    distance[~past_first_weight(layers) & np.isnan(gradients)] = -1.0
    return np.argsort(-distance, kind="stable")


def places_of(order: Rows) -> Rows:
    """For each row the place at which it stands."""
    places = np.empty_like(order)
    places[order] = np.arange(order.size)
    return places


def log_of(values: Floats) -> Floats:
    """Logarithms where there are any, else NaN."""
    positive = np.isfinite(values) & (values > 0)
    return np.where(positive, np.log10(np.where(positive, values, 1.0)), np.nan)
