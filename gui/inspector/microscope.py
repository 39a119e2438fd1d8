"""The activation microscope: f and f′ over the numbers that really arrive."""

from dataclasses import replace

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtGui import QShowEvent

from engine.graph import Node
from engine.language import tr
from engine.layers import LayerSpec
from engine.parameters import Value
from engine.training import RunHistory
from gui.common.frames import FrameClock
from gui.common.theme import GRID, ThemeSource
from gui.training.reading import View, current_view

from . import microscope_reading as reading
from .chart import SHARE, Area, Chart, Curve, Mark, Picture, linear_ticks, number
from .folding import Folding
from .pages import Text

_HEIGHT = 22 * GRID
_TRACK_HEIGHT = 11 * GRID
_HILL = 0.6
"""How much of the chart's height the highest bin takes."""


class Microscope(Folding):
    """Shows one activation layer at the epoch that is shown; redrawn only while it can be seen."""

    def __init__(self, themes: ThemeSource) -> None:
        super().__init__(tr("Microscope"))
        self._spec: LayerSpec | None = None
        self._node: Node | None = None
        self._source: Node | None = None
        self._history: RunHistory | None = None
        self._epoch: int | None = None
        self._track = reading.SlopeTrack()
        self._clock = FrameClock(self)
        self.chart = Chart(
            themes, tr("Activation function, its slope, and the pre-activations"), _HEIGHT
        )
        self.words = Text(themes)
        self.track = Chart(themes, tr("Learned slope over the epochs"), _TRACK_HEIGHT)
        self.track_words = Text(themes)
        for widget in (self.chart, self.words, self.track, self.track_words):
            self.column.addWidget(widget)
        self.toggled.connect(self._draw_soon)

    def show_activation(self, spec: LayerSpec, node: Node, source: Node | None) -> None:
        """Show an activation layer; `source` is what it gets its numbers from, None when that is not known."""
        self._spec, self._node, self._source = spec, node, source
        self._draw()

    def use_clock(self, clock: FrameClock) -> None:
        """Share the frames with the panes, so that all together are drawn in time."""
        self._clock.forget(self)
        self._clock = clock
        self._draw_soon()

    def show_history(self, history: RunHistory | None) -> None:
        """Show another run, its newest epoch."""
        self._history, self._epoch = history, None
        self._draw_soon()

    def data_changed(self) -> None:
        """The history has grown."""
        self._draw_soon()

    def set_epoch(self, epoch: int | None) -> None:
        """Show the epoch at a place in the history, or with None the newest."""
        self._epoch = epoch
        self._draw_soon()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._draw_soon()

    def _draw_soon(self) -> None:
        if self.isVisible() and self.open:
            self._clock.ask(self, self._draw_if_seen)

    def _draw_if_seen(self) -> None:
        if self.isVisible() and self.open:
            self._draw()

    def _draw(self) -> None:
        spec, node = self._spec, self._node
        if spec is None or node is None:
            return
        view = current_view(self._history, self._epoch)
        place = reading.place_of(self._history, node.id, self._source)
        learned = self._learned(spec, node, place)
        values: dict[str, Value] = {**node.params, **learned}
        seen = reading.sight(spec, values, view.table if view else None, place)
        picture = sight_picture(seen, spec, values)
        if learned:
            first = _first_curve(spec, node, seen)
            picture = replace(picture, curves=[first, *picture.curves])
        when = ""
        if view is not None and seen.arriving.live:
            when = f"{view.when[0].upper()}{view.when[1:]}. "
        words = "\n".join((f"{when}{seen.sentences[0]}", *seen.sentences[1:]))
        self.chart.show_picture(picture, f"{spec.title}. {words}")
        self.words.say(words)
        self._show_track(node, view, bool(learned))

    # the learned slope

    def _learned(
        self, spec: LayerSpec, node: Node, place: reading.Place | None
    ) -> dict[str, Value]:
        """PReLU's slope at the epoch that is shown, in place of the one that it begins with."""
        if spec.kind != "PReLU" or place is None or self._history is None:
            return {}
        view = current_view(self._history, self._epoch)
        if view is None or not np.isfinite(mean := view.table.weights.mean[place.row]):
            return {}
        self._track.follow(self._history, place.row)
        return {"init": float(mean)}

    def _show_track(self, node: Node, view: View | None, learned: bool) -> None:
        self.track.setVisible(learned)
        if not learned or view is None or self._history is None:
            self.track_words.say("")
            return
        row = self._track.row
        weights = view.table.weights
        words = reading.slope_sentence(
            float(weights.mean[row]),
            float(weights.std[row]),
            view.when,
            self._track.means[0],
        )
        first = self._history.started.first_epoch
        self.track.show_picture(track_picture(self._track, first, view.epoch), words)
        self.track_words.say(words)


def sight_picture(seen: reading.Sight, spec: LayerSpec, values: dict[str, Value]) -> Picture:
    """f and f′ over the hill of what arrives, with the areas where no gradient passes."""
    reach = float(seen.z[-1])
    y = _vertical(seen)
    return Picture(
        x=(-reach, reach),
        y=y,
        x_ticks=[(-reach, number(-reach)), (0.0, "z = 0"), (reach, number(reach))],
        y_ticks=linear_ticks(*y, 5),
        areas=[*_shaded(seen), *_hill(seen), *_slopes_area(seen, spec, values)],
        curves=[
            *_slope_rays(seen, spec, values),
            *_fixed_point(seen, spec),
            Curve("slope", seen.z, seen.slope, "warning", "dashed", tr("slope f′(z)")),
            Curve("function", seen.z, seen.function, "accent", "line", "f(z)"),
        ],
        marks=[Mark(0.0, "muted")],
        says=lambda z: _says(seen, z),
    )


def _vertical(seen: reading.Sight) -> tuple[float, float]:
    """Room for f and f′ between the ends of the hill; f may run out at the top where the chart reaches far."""
    low = min(-0.25, float(min(seen.function.min(), seen.slope.min())))
    high = max(1.25, float(max(seen.function.max(), seen.slope.max())))
    margin = 0.04 * (high - low)
    return low - margin, high + margin


def _shaded(seen: reading.Sight) -> list[Area]:
    areas = [
        Area(
            f"saturated {place}",
            *_box(interval),
            "exploding",
            0.55,
            Qt.BrushStyle.BDiagPattern,
            tr("saturated") if place == 0 else "",
            SHARE,
        )
        for place, interval in enumerate(seen.saturated)
    ]
    if seen.off is not None:
        dots = Qt.BrushStyle.Dense6Pattern
        areas.append(Area("off", *_box(seen.off), "vanishing", 0.5, dots, tr("off (f = 0)"), SHARE))
    return areas


def _box(interval: reading.Interval) -> tuple[reading.Floats, reading.Floats, reading.Floats]:
    return np.array(interval), np.zeros(2), np.ones(2)


def hill_height(seen: reading.Sight) -> float:
    """From a bin's share of the numbers to its share of the chart's height."""
    highest = float(seen.arriving.shares.max())
    return _HILL / highest if highest > 0 else 0.0


def _hill(seen: reading.Sight) -> list[Area]:
    edges, shares = seen.arriving.edges, seen.arriving.shares
    x = np.repeat(edges, 2)[1:-1]
    high = np.repeat(shares * hill_height(seen), 2)
    color, legend = ("ridge", tr("pre-activations")) if seen.arriving.live else ("muted", "N(0, 1)")
    return [Area("arriving", x, np.zeros_like(x), high, color, 0.3, legend=legend, vertical=SHARE)]


def _fixed_point(seen: reading.Sight, spec: LayerSpec) -> list[Curve]:
    """The outline of N(0, 1) over the hill, in the hill's own measure."""
    if spec.kind != "SELU":
        return []
    width = float(seen.arriving.edges[1] - seen.arriving.edges[0])
    density = np.exp(-0.5 * seen.z**2) / np.sqrt(2.0 * np.pi)
    height = density * width * hill_height(seen)
    return [Curve("fixed point", seen.z, height, "text", "thin", tr("fixed point"), SHARE)]


def _slopes_area(seen: reading.Sight, spec: LayerSpec, values: dict[str, Value]) -> list[Area]:
    if spec.kind != "RReLU":
        return []
    low, high = reading.slope_bounds(values)
    z = seen.z[seen.z <= 0]
    return [
        Area("slopes", z, high * z, low * z, "accent", 0.2, legend=tr("slopes that can be drawn"))
    ]


def _slope_rays(seen: reading.Sight, spec: LayerSpec, values: dict[str, Value]) -> list[Curve]:
    """All sampled slopes as one line: out from zero and back, ray after ray."""
    if spec.kind != "RReLU":
        return []
    slopes, far = reading.sampled_slopes(values), float(seen.z[0])
    x = np.tile([0.0, far, np.nan], slopes.size)
    y = np.stack([0.0 * slopes, far * slopes, np.full(slopes.size, np.nan)], axis=1).ravel()
    return [Curve("draws", x, y, "accent", "thin")]


def _first_curve(spec: LayerSpec, node: Node, seen: reading.Sight) -> Curve:
    assert spec.function is not None
    first = spec.function(seen.z, node.params)
    return Curve("first", seen.z, first, "muted", "thin", tr("f before training"))


def _says(seen: reading.Sight, z: float) -> str:
    place = int(np.argmin(np.abs(seen.z - z)))
    edges = seen.arriving.edges
    bin_ = min(max(int(np.searchsorted(edges, z)) - 1, 0), edges.size - 2)
    what = tr("pre-activations") if seen.arriving.live else tr("standard normal numbers")
    return tr(
        "z = {z}: f = {function}, f′ = {slope}\n{share:.2%} of the {what} lie from {low} to {high}"
    ).format(
        z=number(float(seen.z[place])),
        function=number(float(seen.function[place])),
        slope=number(float(seen.slope[place])),
        share=seen.arriving.shares[bin_],
        what=what,
        low=number(float(edges[bin_])),
        high=number(float(edges[bin_ + 1])),
    )


def track_picture(track: reading.SlopeTrack, first_epoch: int, shown: int) -> Picture:
    """The slope's mean over the epochs, ±σ over the channels around it, the shown epoch marked."""
    epochs = np.array(track.places, np.float64) + first_epoch
    mean, spread = np.array(track.means), np.array(track.deviations)
    low, high = float((mean - spread).min()), float((mean + spread).max())
    margin = max(0.08 * (high - low), 0.01)
    last = max(float(epochs[-1]), float(epochs[0]) + 1.0)
    band = [Area("spread", epochs, mean - spread, mean + spread, "accent", 0.2, legend="± σ")]

    def says(at: float) -> str:
        place = int(np.argmin(np.abs(epochs - at)))
        return tr("epoch {epoch:.0f}: slope {slope}").format(
            epoch=epochs[place], slope=number(float(mean[place]))
        )

    return Picture(
        x=(float(epochs[0]), last),
        y=(low - margin, high + margin),
        x_ticks=linear_ticks(float(epochs[0]), last, 5),
        y_ticks=linear_ticks(low - margin, high + margin, 3),
        areas=band if spread.any() else [],
        curves=[Curve("slope", epochs, mean, "accent", "line", tr("slope α by epoch"))],
        marks=[Mark(float(shown), "text")],
        says=says,
    )
