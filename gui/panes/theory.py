"""What the theory says, as the panes draw it and put it in words. No Qt."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from engine.language import tr
from engine.stats import decades_per_layer
from engine.training import LayerInfo
from gui.training.reading import GLYPHS, Verdict, judge, weight_rows

from .gradient_marks import past_first_weight

if TYPE_CHECKING:  # its modules are loaded by the first question: the window opens sooner
    from engine.theory import Prediction

Floats = NDArray[np.float64]
_MEANING = tr(
    "What mean-field theory predicts for the initialisation: the line is the "
    "average over networks drawn alike, the band is where a single network of "
    "this width should lie."
)


@dataclass(frozen=True, slots=True, eq=False)
class ShownTheory:
    """A prediction, the rows that it has, and whether the network was changed since the run that is shown began."""

    layers: tuple[LayerInfo, ...]
    prediction: "Prediction"
    outdated: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class TheoryColumns:
    """A prediction brought to the rows of a run; NaN where it says nothing. Shapes are (layers,)."""

    gradient: Floats
    """RMS ∂L/∂z in the run's own unit: scaled to what was measured at the output end."""
    low: Floats
    high: Floats
    std: Floats
    applies: NDArray[np.bool_]
    end: int | None
    """The row at which theory and measurement are made equal; None without a measurement."""


def columns_of(
    theory: ShownTheory, layers: Sequence[LayerInfo], measured: Floats | None
) -> TheoryColumns:
    """Match a prediction to a run's rows by node, and scale its gradient to `measured` at the last row of both."""
    place = {node: row for row, node in enumerate(theory.prediction.nodes)}
    places = np.array([place.get(layer.id, -1) for layer in layers], np.int64)
    known = places >= 0

    def column(name: str) -> Floats:
        values: Floats = getattr(theory.prediction, name)
        return np.where(known, values[places], np.nan)

    gradient = np.where(past_first_weight(layers), column("gradient_rms"), np.nan)
    end = None if measured is None else _last_common(gradient, measured)
    scale = 1.0 if end is None or measured is None else float(measured[end] / gradient[end])
    applies = np.where(known, theory.prediction.applies[places], False)
    low, high = (np.where(np.isnan(gradient), np.nan, column(f"band_{b}")) for b in ("low", "high"))
    return TheoryColumns(gradient * scale, low * scale, high * scale, column("std"), applies, end)


def _last_common(predicted: Floats, measured: Floats) -> int | None:
    both = np.isfinite(predicted) & (predicted > 0) & np.isfinite(measured) & (measured > 0)
    rows = np.flatnonzero(both)
    return int(rows[-1]) if rows.size else None


def theory_name(theory: ShownTheory, *, trained: bool) -> str:
    """What the theory's line is called in a legend."""
    if theory.outdated:
        return tr("theory of the edited network")
    return tr("theory at initialisation") if trained else tr("theory")


def theory_decades(theory: ShownTheory) -> float:
    """Decades a weight layer that the theory foretells, positive when the gradient vanishes; NaN without figures."""
    return decades_per_layer(theory.prediction.gradient_rms[weight_rows(theory.layers)])


def theory_headline(theory: ShownTheory) -> str:
    """The number that counts before anything was measured."""
    decades = theory_decades(theory)
    number = (
        ""
        if math.isnan(decades)
        else tr(": {decades:+.2f} decades a layer").format(decades=decades)
    )
    return tr("{glyph} theory{number}; press Run to measure").format(
        glyph=GLYPHS[theory_verdict(theory)], number=number
    )


def theory_verdict(theory: ShownTheory) -> Verdict:
    """What the foretold gradient at the first weight layer over that at the last means."""
    values = theory.prediction.gradient_rms[weight_rows(theory.layers)]
    if values.size < 2 or not np.isfinite(values[[0, -1]]).all() or values[-1] == 0:
        return "unknown"
    return judge(float(values[0] / values[-1]))


def theory_caption(theory: ShownTheory) -> str:
    """One sentence about a network that was not trained yet."""
    words = tr("Theory, before any training: {course}").format(course=_course(theory))
    return tr("{words}{doubt}; press Run to measure").format(
        words=words, doubt=_doubt(theory, ", ")
    )


@lru_cache(maxsize=4)  # of an object that never changes, sixty times a second
def theory_clause(theory: ShownTheory, *, trained: bool) -> str:
    """What is added to a sentence about what was measured; "" when the theory says nothing of any layer."""
    decades = theory_decades(theory)
    name = theory_name(theory, trained=trained)
    if math.isnan(decades):
        return _doubt(theory, f"; {name} ")
    return f"; {name}: {_amount(decades)}{_doubt(theory, ', ')}"


def _course(theory: ShownTheory) -> str:
    decades = theory_decades(theory)
    if math.isnan(decades):
        return tr("it has figures for fewer than two weight layers, so no flow is foretold")
    words = (
        tr("on its way to the input, ∂L/∂z falls {decades:.2f} decades a weight layer")
        if decades > 0
        else tr("on its way to the input, ∂L/∂z grows {decades:.2f} decades a weight layer")
    )
    return words.format(decades=abs(decades))


def _amount(decades: float) -> str:
    words = tr("falls {decades:.2f}") if decades > 0 else tr("grows {decades:.2f}")
    return words.format(decades=abs(decades))


def _doubt(theory: ShownTheory, start: str) -> str:
    """For how many layers it holds, and the first reason why not for the others; the whole is in `theory_help`."""
    reason = next((reason for reason in theory.prediction.reasons if reason), "")
    if not reason:
        return ""
    applies = theory.prediction.applies
    short = reason.split(":")[0].rstrip(".")
    words = (
        tr("{start}holds for {held} of {count} layers ({reason})")
        if applies.any()
        else tr("{start}holds for none of {count} layers ({reason})")
    )
    return words.format(
        start=start,
        held=np.count_nonzero(applies),
        count=applies.size,
        reason=short[0].lower() + short[1:],
    )


def theory_help(theory: ShownTheory, end: LayerInfo | None) -> str:
    """What the line means, what it assumes, and where it does not apply: a paragraph each."""
    lines = [_MEANING]
    if end is not None:
        lines.append(
            tr("The gradient is scaled to what was measured at the output end, at {label}.").format(
                label=end.label
            )
        )
    else:
        lines.append(tr("The gradient is relative to that of the last layer."))
    if theory.prediction.method == "kernel":
        lines.append(
            tr("Computed sample by sample on the network's own data, because of its normalisation.")
        )
    return "\n\n".join([*lines, *theory.prediction.notes, *_doubts(theory)])


def _doubts(theory: ShownTheory) -> list[str]:
    """Each reason once, with the layers that it is about."""
    about: dict[str, list[str]] = {}
    for layer, reason in zip(theory.layers, theory.prediction.reasons, strict=True):
        if reason:
            about.setdefault(reason.split(":")[0], [reason]).append(layer.label)
    return [_about(*found) for found in about.values()]


def _about(reason: str, *labels: str) -> str:
    where = labels[0]
    if len(labels) > 1:
        where = tr("{first} … {last} ({count} layers)").format(
            first=labels[0], last=labels[-1], count=len(labels)
        )
    return tr("Drawn faint at {where}. {reason}").format(where=where, reason=reason)
