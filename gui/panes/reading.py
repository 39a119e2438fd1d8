"""What the panes say in words and numbers, computed from the tables alone. No Qt."""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from engine.language import tr
from engine.stats import LayerTable
from engine.training import LayerInfo
from gui.training.reading import GLYPHS, WORDS, Flow, View, weight_rows

from .gradient_marks import is_recurrent


def flow_headline(flow: Flow) -> str:
    """The number that counts, with its sign."""
    glyph = GLYPHS[flow.verdict]
    if flow.verdict == "unknown":
        return tr("{glyph} one weight layer: nothing to compare").format(glyph=glyph)
    if flow.verdict == "nonfinite":
        return tr("{glyph} not finite").format(glyph=glyph)
    if math.isnan(flow.ratio):
        return tr("{glyph} gradient is exactly 0").format(glyph=glyph)
    parts = [
        f"{glyph} {WORDS[flow.verdict]}",
        tr("first / last {ratio:.2g}").format(ratio=flow.ratio),
    ]
    if not math.isnan(flow.decades):
        parts.insert(1, tr("{decades:+.2f} decades a layer").format(decades=flow.decades))
    return "   ".join(parts)


def flow_caption(layers: Sequence[LayerInfo], view: View, flow: Flow) -> str:
    """One sentence about the view's gradient flow, with its numbers."""
    table = view.table
    when = view.when[0].upper() + view.when[1:]
    if flow.verdict == "unknown":
        return _incomparable(layers, when)
    if flow.verdict == "nonfinite":
        bad = ~np.isfinite(table.activation_gradient_rms)
        first = _labels(layers, bad & np.isin(np.arange(bad.size), weight_rows(layers)))[0]
        return tr("{when}: the gradient at {layer} is no longer a finite number").format(
            when=when, layer=first
        )
    if math.isnan(flow.ratio):
        return tr("{when}: no gradient leaves the output; nothing is learned").format(when=when)
    if math.isnan(flow.decades):
        return tr("{when}: only one weight layer receives any gradient at all").format(when=when)
    words = (
        tr("{when}: on its way to the input, ∂L/∂z falls {decades:.2f} decades a weight layer")
        if flow.decades > 0
        else tr("{when}: on its way to the input, ∂L/∂z grows {decades:.2f} decades a weight layer")
    )
    return words.format(when=when, decades=abs(flow.decades)) + _starved(layers, table)


def _incomparable(layers: Sequence[LayerInfo], when: str) -> str:
    recurrent = next((layer.label for layer in layers if is_recurrent(layer.kind)), None)
    if recurrent is not None:
        return tr(
            "{when}: between weight layers there is nothing to compare; inside {layer} the gradient "
            "flows through time: see the pane “Through time”"
        ).format(when=when, layer=recurrent)
    return tr(
        "{when}: there are fewer than two weight layers, so no flow from one to the "
        "next can be judged"
    ).format(when=when)


def _starved(layers: Sequence[LayerInfo], table: LayerTable) -> str:
    rows = weight_rows(layers)
    shares = table.activation_gradient_rms[rows] / table.activation_gradient_rms[rows[-1]]
    poor = shares < 1e-3
    from_input = int(np.argmin(poor))  # the last layer is never poor
    names = [layers[int(row)].label for row in rows]
    if from_input:
        return tr(
            "; {layer} and what lies before it receive less than 1/1000 of the last layer's"
        ).format(layer=names[from_input - 1])
    if poor.any():
        return tr("; {layer} receives less than 1/1000 of the last layer's").format(
            layer=names[int(np.argmax(poor))]
        )
    return tr("; the first layer receives {share:.2g} × what the last one does").format(
        share=shares[0]
    )


def thinned(places: Sequence[float], widths: Sequence[float], gap: float) -> list[int]:
    """Which labels of a row to show so that none overlaps: the first, then each that has room; places ascend."""
    shown: list[int] = []
    end = -math.inf
    for index, (place, width) in enumerate(zip(places, widths, strict=True)):
        if place - width / 2 >= end:
            shown.append(index)
            end = place + width / 2 + gap
    return shown


def _labels(layers: Sequence[LayerInfo], mask: NDArray[np.bool_]) -> list[str]:
    return [layers[int(row)].label for row in np.flatnonzero(mask)]


def _more(labels: Sequence[str]) -> str:
    return tr(" (and {count} more)").format(count=len(labels) - 1) if len(labels) > 1 else ""
