"""Update : weight, layer by layer and over the epochs, with the band in which it usually lies."""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PySide6.QtCore import QRectF, Qt

from engine.language import tr
from engine.training import OverEpochs
from gui.common.scales import decade_label
from gui.common.theme import GRID, Theme
from gui.training.reading import GLYPHS, Verdict

from .epoch_map import EpochLines
from .mark_line import MarkLine
from .plots import entitle
from .row_points import Points, PointsItem
from .spread_reading import BAND, USUAL

Floats = NDArray[np.float64]
_AT_LEAST = (-5.0, -1.0)
"""Powers of ten that are always shown, so that the band is seen in its place."""
_TICK_SPACE = 4 * GRID
_SMALLEST, _LARGEST = 4, 8
"""Sizes of points in pixels: rows may be lower than a point."""
_FEW = 10
"""Epochs up to which each has a dot of its own: a line alone does not show a single one."""
_SHAPES: Mapping[str, str] = {"vanishing": "down", "healthy": "disc", "exploding": "up"}


def verdicts(ratios: Floats) -> dict[str, NDArray[np.bool_]]:
    """Which ratios lie below the band, within it and above it."""
    return {
        "vanishing": (ratios > 0) & (ratios < BAND[0]),
        "healthy": (ratios >= BAND[0]) & (ratios <= BAND[1]),
        "exploding": (ratios > BAND[1]) & np.isfinite(ratios),
    }


def ratio_headline(ratios: Floats) -> tuple[str, Verdict]:
    """How many layers lie outside the band, and the verdict whose colour says so."""
    counts = {verdict: int(mask.sum()) for verdict, mask in verdicts(ratios).items()}
    slow = counts["vanishing"] + int((ratios == 0).sum())
    if np.isinf(ratios).any():
        return tr("{glyph} not finite").format(glyph=GLYPHS["nonfinite"]), "nonfinite"
    if not slow and not counts["exploding"]:
        if not counts["healthy"]:
            return tr("{glyph} no step measured yet").format(glyph=GLYPHS["unknown"]), "unknown"
        return tr("{glyph} all in the usual band").format(glyph=GLYPHS["healthy"]), "healthy"
    found = (
        (tr("{glyph} {count} slow"), GLYPHS["vanishing"], slow),
        (tr("{glyph} {count} fast"), GLYPHS["exploding"], counts["exploding"]),
    )
    parts = [words.format(glyph=glyph, count=n) for words, glyph, n in found if n]
    return "   ".join(parts), "exploding" if counts["exploding"] > slow else "vanishing"


def decades_of(ratios: Floats) -> tuple[float, float]:
    """Whole powers of ten that hold the ratios, with the band among them."""
    logs = logarithms(ratios)
    logs = logs[np.isfinite(logs)]
    if not logs.size:
        return _AT_LEAST
    return (
        min(_AT_LEAST[0], math.floor(logs.min())),
        max(_AT_LEAST[1], math.ceil(logs.max())),
    )


def logarithms(ratios: Floats) -> Floats:
    """log10; NaN for what has none."""
    known = np.isfinite(ratios) & (ratios > 0)
    logs: Floats = np.log10(ratios, out=np.full(ratios.shape, math.nan), where=known)
    return logs


class _Band:
    """The usual band and its middle, across or along the plot."""

    def __init__(self, orientation: str) -> None:
        limits = [math.log10(limit) for limit in BAND]
        self.region = pg.LinearRegionItem(limits, orientation=orientation, movable=False)
        self.usual = MarkLine(math.log10(USUAL), level=orientation == "horizontal")
        self.region.setZValue(-10)

    def join(self, plot: pg.PlotItem) -> None:
        plot.addItem(self.region, ignoreBounds=True)
        self.usual.join(plot, behind=True)

    def color(self, theme: Theme) -> None:
        self.region.setBrush(theme.color("healthy", 0.2))
        for line in self.region.lines:
            line.setPen(pg.mkPen(theme.color("healthy", 0.5)))
        self.usual.set_line(pg.mkPen(theme.color("healthy"), style=Qt.PenStyle.DotLine))


class RatioRows:
    """A point for each layer, in the rows of the plot beside it: x is log10 ‖ΔW‖ / ‖W‖."""

    def __init__(self) -> None:
        self.points = PointsItem(_SHAPES)
        self.zeros = pg.ScatterPlotItem(symbol="x", size=9)
        self.nonfinite = pg.ScatterPlotItem(symbol="+", size=12)
        self.before = pg.PlotCurveItem(connect="finite")
        self._band = _Band("vertical")
        self._range: object = None
        self._decades = _AT_LEAST

    def restart(self) -> None:
        """Another run begins."""
        self._decades = _AT_LEAST

    def furnish(self, plot: pg.PlotItem) -> None:
        """Put the items into a new plot."""
        self._plot = plot
        plot.invertY(True)
        plot.getAxis("left").setStyle(showValues=False, tickLength=0)
        plot.setLabel("bottom", tr("update : weight"))
        marks = self.points, self.zeros, self.nonfinite
        self._band.join(plot)
        for item in (self.before, *marks):
            plot.addItem(item, ignoreBounds=True)

    def color(self, theme: Theme) -> None:
        """Draw in a theme's colours."""
        self._band.color(theme)
        self.points.set_colors({verdict: getattr(theme, verdict) for verdict in _SHAPES})
        self.zeros.setPen(theme.pen(theme.vanishing, 2.0))
        self.nonfinite.setPen(theme.pen(theme.nonfinite, 1.0))
        self.nonfinite.setBrush(pg.mkBrush(theme.nonfinite))
        self.before.setPen(theme.pen(theme.text, 1.0, style=Qt.PenStyle.DashLine))

    def draw(self, ratios: Floats, before: Floats | None, middle: float) -> None:
        """Show the ratios (layers,), and those that are compared with; `middle` is a point's place in its row."""
        heights: Floats = np.arange(ratios.size, dtype=np.float64) + middle
        seen = ratios if before is None else np.concatenate((ratios, before))
        low, high = decades_of(seen)
        self._decades = low, high = min(low, self._decades[0]), max(high, self._decades[1])
        logs = logarithms(ratios)
        size = min(_LARGEST, max(_SMALLEST, int(self._plot.getViewBox().height() / ratios.size)))
        found = {
            verdict: Points(logs[mask], heights[mask]) for verdict, mask in verdicts(ratios).items()
        }
        room = QRectF(low, 0.0, high - low, ratios.size)
        self.points.set_points(found, size, room)
        none = np.zeros(ratios.size)
        _show(self.zeros, none[ratios == 0] + self._decades[0] + 0.2, heights[ratios == 0])
        broken = np.isinf(ratios)
        _show(self.nonfinite, none[broken] + self._decades[1] - 0.2, heights[broken])
        self.before.setVisible(before is not None)
        if before is not None:
            self.before.setData(logarithms(before), heights)
        self._fit(ratios.size)

    def _fit(self, rows: int) -> None:
        box = self._plot.getViewBox()
        if (self._decades, rows, box.width()) != self._range:
            self._range = self._decades, rows, box.width()
            box.setRange(xRange=self._decades, yRange=(0, rows), padding=0.01)
            self._plot.getAxis("bottom").setTicks([decade_ticks(self._decades, box.width())])


class RatioTrack:
    """One layer's ratio over the epochs: y is log10 ‖ΔW‖ / ‖W‖."""

    def __init__(self) -> None:
        self.curve = pg.PlotCurveItem(connect="finite")
        self.points = pg.ScatterPlotItem(symbol="o", size=5, pen=None)
        self.lines = EpochLines()
        self._band = _Band("horizontal")
        self._range: object = None

    def furnish(self, plot: pg.PlotItem) -> None:
        """Put the items into a new plot."""
        self._plot = plot
        self._band.join(plot)
        for item in (self.curve, self.points):
            plot.addItem(item, ignoreBounds=True)
        self.lines.furnish(plot)

    def color(self, theme: Theme) -> None:
        """Draw in a theme's colours."""
        self._band.color(theme)
        self.curve.setPen(theme.pen(theme.series[0], 2.0))
        self.points.setBrush(theme.series[0])
        self.lines.color(theme, over_map=False)

    def draw(self, track: OverEpochs, row: int, first: int, title: str) -> None:
        """Show the track of a table's row; `first` is the number of the history's first epoch."""
        ratios = np.asarray(track.values[:, row], np.float64)
        places, logs = first + track.epochs, logarithms(ratios)
        known = np.isfinite(logs)
        self.curve.setData(places, logs)
        few = known.sum() < _FEW
        _show(self.points, places[known & few], logs[known & few])
        decades, box = decades_of(ratios), self._plot.getViewBox()
        if (decades, title, box.height()) != self._range:
            self._range = decades, title, box.height()
            box.setYRange(*decades, padding=0.02)
            entitle(self._plot, "left", title)
            self._plot.getAxis("left").setTicks([decade_ticks(decades, box.height())])


def decade_ticks(span: tuple[float, float], length: float) -> list[tuple[float, str]]:
    """Whole powers of ten, so many that no label overlaps another."""
    fits = max(1, int(length / _TICK_SPACE))
    step = max(1, math.ceil((span[1] - span[0]) / fits))
    first = math.ceil(span[0] / step) * step
    return [(float(p), decade_label(p)) for p in range(first, math.floor(span[1]) + 1, step)]


def _show(item: pg.ScatterPlotItem, x: NDArray[Any], y: NDArray[Any]) -> None:
    item.setVisible(bool(len(x)))
    if len(x):
        item.setData(x, y)
