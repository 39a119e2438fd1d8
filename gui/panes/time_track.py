"""Gradients through time: which there are, how they go over the epochs, and what to say of them. No Qt."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.language import tr, trn
from engine.stats import LayerTable, TimeGradient
from engine.training import LayerInfo, RunHistory
from gui.training.reading import GLYPHS, Verdict, View, judge

Floats = NDArray[np.float64]

MOST_EPOCHS = 512
"""More are thinned: every second is forgotten, and from then on only every second is kept."""
_AT_ONCE = 16
"""Reading an old epoch may take 2 ms; what is left is read at the next frames."""


class Key(NamedTuple):
    """One direction of one recurrent layer."""

    row: int
    direction: str


def keys_of(table: LayerTable) -> list[Key]:
    """The directions of the recurrent layers, in the order of the table."""
    return [Key(row, gradient.direction) for row, gradient in table.times]


def gradient_of(table: LayerTable, key: Key) -> TimeGradient | None:
    """What was measured of one direction."""
    found = (g for row, g in table.times if (row, g.direction) == key)
    return next(found, None)


def name_of(layers: Sequence[LayerInfo], key: Key, table: LayerTable) -> str:
    """The layer's label, with the direction when it has two."""
    label = layers[key.row].label
    both = sum(row == key.row for row, _ in table.times) > 1
    if not both:
        return label
    words = tr("{layer} forward") if key.direction == "forward" else tr("{layer} backward")
    return words.format(layer=label)


@dataclass(frozen=True, slots=True, eq=False)
class Course:
    """One direction over the epochs."""

    epochs: NDArray[np.int64]
    """Places in the history, ascending; shape (n,)."""
    state: Floats
    """‖∂L/∂h_t‖, shape (n, T)."""
    radius: Floats
    """Spectral radius of the recurrent matrix; shape (n,)."""

    @staticmethod
    def empty() -> "Course":
        """Nothing yet."""
        return Course(np.empty(0, np.int64), np.empty((0, 0)), np.empty(0))


class TimeTrack:
    """The gradients through time of a run's epochs, read once as they come, and thinned to what can be drawn."""

    def __init__(self) -> None:
        self._next, self._stride = 0, 1
        self._kept: dict[int, tuple[tuple[int, TimeGradient], ...]] = {}

    @property
    def read(self) -> int:
        """How many epochs are kept."""
        return len(self._kept)

    def follow(self, history: RunHistory) -> bool:
        """Read what is new, a few epochs at most; False while there is more to read."""
        count = len(history.epochs)
        while -(-count // self._stride) > MOST_EPOCHS:
            self._stride *= 2
            self._kept = {i: kept for i, kept in self._kept.items() if i % self._stride == 0}
        start = -(-self._next // self._stride) * self._stride
        for index in range(start, count, self._stride)[:_AT_ONCE]:
            self._kept[index] = history.epochs[index].layers.times
            self._next = index + 1
        done = -(-self._next // self._stride) * self._stride >= count
        if done:
            self._next = count
        return done

    def course(self, history: RunHistory, key: Key) -> Course:
        """What is known of one direction; the newest epoch is always in it."""
        last = len(history.epochs) - 1
        kept = (
            self._kept
            if last in self._kept
            else {**self._kept, last: history.epochs[-1].layers.times}
        )
        found = {
            index: gradient
            for index, times in kept.items()
            for row, gradient in times
            if (row, gradient.direction) == key
        }
        # a sequence has the same number of steps in every batch; should it not, the newest decides
        steps = found[max(found)].state.size if found else 0
        same = {index: g for index, g in found.items() if g.state.size == steps}
        state = np.array([g.state for g in same.values()], np.float64).reshape(len(same), steps)
        radius = np.array([g.spectral_radius for g in same.values()], np.float64)
        return Course(np.array(list(same), np.int64), state, radius)


@dataclass(frozen=True, slots=True)
class Fading:
    """What becomes of ‖∂L/∂h_t‖ on its way back through time."""

    verdict: Verdict
    factor: float
    """For each step back; NaN when it cannot be told."""
    steps: int
    """Steps back from the last to the first."""
    reach: float
    """factor ** steps: what the first step receives of the last one's."""


def read_fading(gradient: TimeGradient) -> Fading:
    """Judge one direction as the flow through the layers is judged."""
    steps = gradient.state.size - 1
    if not np.isfinite(gradient.state).all():
        return Fading("nonfinite", math.nan, steps, math.nan)
    if not (gradient.state > 0).any():
        return Fading("vanishing", math.nan, steps, math.nan)
    factor = gradient.factor
    if math.isnan(factor):
        return Fading("unknown" if steps < 1 else "vanishing", math.nan, steps, math.nan)
    with np.errstate(over="ignore"):
        reach = float(np.power(factor, steps))
    return Fading(judge(reach), factor, steps, reach)


def time_headline(fading: Fading) -> str:
    """The factor of a step, and what is left after all of them."""
    glyph = GLYPHS[fading.verdict]
    if fading.verdict == "nonfinite":
        return tr("{glyph} not finite").format(glyph=glyph)
    if fading.verdict == "unknown":
        return tr("{glyph} one step: nothing to compare").format(glyph=glyph)
    if math.isnan(fading.factor):
        return tr("{glyph} gradient is exactly 0 but for one step at most").format(glyph=glyph)
    return tr("{glyph} × {factor} a step back in time: after {steps} {reach}").format(
        glyph=glyph,
        factor=factor_text(fading.factor),
        steps=_count(fading.steps),
        reach=times_text(fading.reach),
    )


def time_caption(layers: Sequence[LayerInfo], view: View, key: Key, theory: float) -> str:
    """One sentence about one direction; `theory` is χ₁ of its state, NaN without."""
    gradient = gradient_of(view.table, key)
    when = view.when[0].upper() + view.when[1:]
    name = name_of(layers, key, view.table)
    if gradient is None:
        return tr("{when}: nothing was measured through time in {name}").format(
            when=when, name=name
        )
    return tr("{when}: in {name}, {course}{cell}{radius}{theory}").format(
        when=when,
        name=name,
        course=_course(gradient),
        cell=_cell(gradient),
        radius=_radius(gradient),
        theory=_theory(theory),
    )


def _course(gradient: TimeGradient) -> str:
    fading = read_fading(gradient)
    if fading.verdict == "nonfinite":
        return tr("‖∂L/∂h_t‖ is no longer a finite number")
    if fading.verdict == "unknown":
        return tr("there is only one step, so nothing goes back through time")
    if math.isnan(fading.factor):
        return tr("at most one step receives any gradient")
    factor = factor_text(fading.factor)
    verb = (
        tr("stays at")
        if factor == "1"
        else tr("shrinks to")
        if fading.factor < 1
        else tr("grows to")
    )
    return tr(
        "‖∂L/∂h_t‖ {verb} × {factor} with each step back, so that the {steps} from "
        "the last to the first leave {reach}"
    ).format(verb=verb, factor=factor, steps=_count(fading.steps), reach=times_text(fading.reach))


def _cell(gradient: TimeGradient) -> str:
    if gradient.cell is None:
        return ""
    factor = replace(gradient, state=gradient.cell).factor
    return (
        ""
        if math.isnan(factor)
        else tr(" (cell state × {factor})").format(factor=factor_text(factor))
    )


def _radius(gradient: TimeGradient) -> str:
    radius = gradient.spectral_radius
    return (
        ""
        if math.isnan(radius)
        else tr("; the recurrent matrix has spectral radius {radius:.2f}").format(radius=radius)
    )


def _theory(chi: float) -> str:
    return (
        ""
        if math.isnan(chi)
        else tr("; theory at initialisation: × {chi:.2g} a step").format(chi=math.sqrt(chi))
    )


def factor_text(factor: float) -> str:
    """Two digits, and three near 1, where a little makes much in many steps."""
    return f"{factor:.3g}" if 0.9 < factor < 1.1 else f"{factor:.2g}"


def times_text(value: float) -> str:
    """`1/560` for 0.0018, `× 12` for 12; with two digits."""
    if value == 0:
        return tr("nothing")
    if value < 0.5:
        return f"1/{_two_digits(1 / value)}"
    return f"× {_two_digits(value)}"


def _two_digits(value: float) -> str:
    if not math.isfinite(value) or value >= 1e6:
        return f"{value:.1e}"
    if value < 10:
        return f"{value:.2g}"
    unit = 10 ** (len(f"{value:.0f}") - 2)
    return f"{round(value / unit) * unit:,}"


def _count(steps: int) -> str:
    return trn("{back:,} step", "{back:,} steps", steps).format(back=steps)
