"""What the init bench shows, without Qt: theory and measurement by depth, edits, the slider's scale, words."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from engine.graph import Edit, Inference, NetworkGraph, SetParam, Together
from engine.language import tr
from engine.layers import WeightDensity
from engine.layers.initializers import INITIALIZER_PARAMETERS
from engine.parameters import FloatParameter, Value, Values
from engine.training import Measured
from gui.training.reading import GLYPHS, WORDS, judge

if TYPE_CHECKING:
    from engine.theory import Prediction

Floats = NDArray[np.float64]

STEPS_PER_DECADE = 100
_DECADES = {"init_gain": (-2, 1)}
_WIDE = (-4, 1)
_LOWEST = 1e-14
"""Of σ; below it the averages of the theory end at the smallest variance that they tell from zero."""
NORMAL_SHARE = math.erf(1.0 / math.sqrt(2.0))


# The initialiser's one number, on a slider.


def tunable(initializer: str) -> FloatParameter | None:
    """The size that a person may give an initialiser by hand: σ, a bound or a gain; None when it has none."""
    for parameter in INITIALIZER_PARAMETERS:
        if (
            isinstance(parameter, FloatParameter)
            and parameter.minimum >= 0
            and parameter.matters({"initializer": initializer})
        ):
            return parameter
    return None


def slider_range(name: str) -> tuple[int, int]:
    """Lowest and highest place of the slider of a setting."""
    low, high = _DECADES.get(name, _WIDE)
    return low * STEPS_PER_DECADE, high * STEPS_PER_DECADE


def to_slider(name: str, value: float) -> int:
    """The place of a value; what lies beyond the slider's range stands at its end."""
    low, high = slider_range(name)
    return low if value <= 0 else min(max(round(math.log10(value) * STEPS_PER_DECADE), low), high)


def from_slider(place: int) -> float:
    """The value at a place, to three digits."""
    return float(f"{10.0 ** (place / STEPS_PER_DECADE):.3g}")


# Edits.


def weight_layers(graph: NetworkGraph, inference: Inference) -> tuple[str, ...]:
    """The trained layers whose weight an initialiser draws, from the input's side to the output's."""
    specs = ((node_id, graph.nodes[node_id].spec) for node_id in inference.trained)
    return tuple(node_id for node_id, spec in specs if spec is not None and spec.initialised)


def init_edit(graph: NetworkGraph, nodes: Sequence[str], changes: Mapping[str, Value]) -> Edit:
    """The one edit that gives all these layers the same initial weights.

    It names every layer, changed or not, so that the steps of a drag have one inverse.
    """
    edits = tuple(
        SetParam(node_id, name, value) for node_id in nodes for name, value in changes.items()
    )
    titles = [p.title for p in INITIALIZER_PARAMETERS if p.name in changes]
    what = titles[-1] if titles else tr("initial weights")
    return (
        edits[0]
        if len(edits) == 1
        else Together(
            edits, tr("Set {setting} of {count} layers").format(setting=what, count=len(nodes))
        )
    )


def changes_for(
    values: Values, name: str, value: Value, *, everywhere: bool
) -> Mapping[str, Value]:
    """What one turn of a knob changes; elsewhere than in its own layer a number means nothing without its kind."""
    if everywhere and name != "initializer":
        return {"initializer": values["initializer"], name: value}
    return {name: value}


# By depth.


@dataclass(frozen=True, slots=True, eq=False)
class ByDepth:
    """One figure of every weight layer, the first one first; NaN where it is not known. Shapes are (layers,)."""

    theory: Floats
    measured: Floats
    low: Floats
    """Where a single network of this width should lie."""
    high: Floats

    @property
    def best(self) -> Floats:
        """What was measured, and what theory says until then."""
        return self.measured if np.isfinite(self.measured).any() else self.theory


def by_depth(
    nodes: Sequence[str], prediction: "Prediction | None", measured: Measured | None
) -> tuple[ByDepth, ByDepth]:
    """σ of z, and RMS ∂L/∂z over that of the network's last layer, of these layers."""
    nothing = np.full(len(nodes), math.nan)
    forward, backward = nothing, nothing
    if measured is not None and measured.table is not None:
        rows = {layer.id: row for row, layer in enumerate(measured.layers)}
        gradient = measured.table.activation_gradient_rms
        with np.errstate(divide="ignore", invalid="ignore"):
            relative = gradient / gradient[-1] if gradient.size else gradient
        forward = _picked(measured.table.activation_std, rows, nodes)
        backward = _picked(relative, rows, nodes)
    if prediction is None:
        return (
            ByDepth(nothing, forward, nothing, nothing),
            ByDepth(nothing, backward, nothing, nothing),
        )
    rows = {node_id: row for row, node_id in enumerate(prediction.nodes)}
    std, gradient, low, high = (
        _picked(column, rows, nodes)
        for column in (
            prediction.std,
            prediction.gradient_rms,
            prediction.band_low,
            prediction.band_high,
        )
    )
    known = np.where(std >= _LOWEST, std, math.nan)
    return ByDepth(known, forward, nothing, nothing), ByDepth(gradient, backward, low, high)


def _picked(column: Floats, rows: Mapping[str, int], nodes: Sequence[str]) -> Floats:
    return np.array(
        [column[rows[node]] if node in rows else math.nan for node in nodes], np.float64
    )


def logarithm(values: Floats) -> Floats:
    """log10, with a gap where there is none."""
    with np.errstate(divide="ignore", invalid="ignore"):
        found = np.log10(values)
    return np.where(np.isfinite(found), found, math.nan)


def log_range(*columns: Floats) -> tuple[float, float]:
    """Whole decades that hold all finite logarithms, at least one and a half of them around their middle."""
    known = np.concatenate(columns)
    known = known[np.isfinite(known)]
    if not known.size:
        return -1.0, 1.0
    low, high = float(known.min()), float(known.max())
    if high - low < 1.5:
        middle = (low + high) / 2
        return middle - 0.9, middle + 0.9
    margin = 0.06 * (high - low)
    return low - margin, high + margin


# Words.


def share_sentence(density: WeightDensity, values: Values) -> str:
    """What lies within ±1σ, said for what it is."""
    if not density.random:
        if values["initializer"] == "constant":
            value = f"{values['init_value']:g}"
            return tr(
                "Every weight starts at {value}: nothing is drawn, and all units learn the same."
            ).format(value=value)
        return tr("No weight differs from another by chance: nothing is drawn.")
    share = tr("{share:.2%} of the weights lie within ±1σ").format(share=density.share)
    if density.family == "normal":
        return tr("{share}, as of every normal distribution.").format(share=share)
    return tr(
        "{share}; the well-known {normal_share:.2%} is true of the normal distribution only."
    ).format(share=share, normal_share=NORMAL_SHARE)


def forward_sentence(figures: ByDepth) -> str:
    """How σ of z changes with depth."""
    return tr("Forward: {ends}").format(ends=_ends(tr("σ of z"), figures))


def backward_sentence(figures: ByDepth) -> str:
    """How much of the gradient reaches the first weight layer, with the verdict's glyph."""
    if figures.best.size < 2:
        return tr("Backward: one weight layer alone has nothing to compare with.")
    ratios = [_ratio(column) for column in (figures.measured, figures.theory)]
    known = [
        f"{what} {_of_last(ratio)}"
        for what, ratio in zip((tr("measured"), tr("theory")), ratios, strict=True)
        if math.isfinite(ratio)
    ]
    if not known:
        return tr("{glyph} Backward: nothing is known of the gradient yet.").format(
            glyph=GLYPHS["unknown"]
        )
    verdict = judge(next(ratio for ratio in ratios if math.isfinite(ratio)))
    word = {"watch": tr("to be watched")}.get(verdict, WORDS[verdict])
    return tr(
        "{glyph} Backward: {word}. RMS ∂L/∂z of the first weight layer over that of "
        "the last: {known}."
    ).format(glyph=GLYPHS[verdict], word=word, known="; ".join(known))


def _ratio(column: Floats) -> float:
    return float(column[0] / column[-1]) if column[-1] else math.nan


def _of_last(ratio: float) -> str:
    return f"{ratio:.3g} (1 / {1 / ratio:,.0f})" if 1e-7 < ratio < 0.1 else f"{ratio:.3g}"


def _ends(what: str, figures: ByDepth) -> str:
    parts = [
        tr("{who} {first:.3g} at the first and {last:.3g} at the last").format(
            who=who, first=column[0], last=column[-1]
        )
        for who, column in (
            (tr("measured"), figures.measured),
            (tr("theory"), figures.theory),
        )
        if column.size and np.isfinite(column[[0, -1]]).all()
    ]
    if not parts:
        return tr("{what} is not known yet.").format(what=what)
    return tr("{what} over the weight layers: {parts}.").format(what=what, parts="; ".join(parts))


def theory_notes(nodes: Sequence[str], labels: Mapping[str, str], found: "Prediction") -> str:
    """What the theory assumes, and for which of these layers it does not hold, each reason once."""
    about: dict[str, list[str]] = {}
    for node_id, reason in zip(found.nodes, found.reasons, strict=True):
        if reason and node_id in nodes:
            about.setdefault(reason.split(":")[0], [reason]).append(labels[node_id])
    doubts = [_doubt(reason, where) for reason, *where in about.values()]
    kernel = (
        tr("Carried sample by sample on the network's own data.")
        if found.method == "kernel"
        else ""
    )
    return "\n".join(x for x in (*doubts, *found.notes, kernel) if x)


def _doubt(reason: str, where: Sequence[str]) -> str:
    layers = where[0]
    if len(where) > 1:
        layers = tr("{first} … {last} ({count} layers)").format(
            first=where[0], last=where[-1], count=len(where)
        )
    return tr("? Theory is not to be trusted for {layers}: {reason}").format(
        layers=layers, reason=reason
    )
