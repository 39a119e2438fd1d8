"""Distributions of many layers in one plot, first layer on top: ridges or a heat map, bands, names and remarks."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PySide6.QtCore import QRectF
from PySide6.QtGui import QFont, QFontMetricsF

from engine.stats import Distribution
from gui.common.theme import GRID, Theme

from .reading import thinned
from .ridges import BandItem, RidgeItem
from .spread_axes import Span, SpreadAxis

Floats = NDArray[np.float64]
MIDDLE = 0.6
"""How far down its row a layer's name stands."""
_SMALL = 0.88
"""Width of the axes' letters against those of the pane."""
_LABEL_SPACE = 4.5 * GRID


@dataclass(frozen=True, slots=True)
class Rows:
    """What is drawn: a row for each name."""

    names: Sequence[str]
    remarks: Sequence[str]
    found: Distribution
    before: Distribution | None
    """The same rows at the epoch that is compared with."""
    axis: SpreadAxis
    titles: Sequence[str]
    """What the axis shows, in the most words and in fewer."""
    span: Span
    chosen: Sequence[int]
    heat_map: bool


class LayerRows:
    """Draws `Rows` into a plot."""

    def __init__(self) -> None:
        self.ridges = RidgeItem()
        self.image = pg.ImageItem(axisOrder="row-major")
        self.band = BandItem()
        self.marker = RowMarker()
        self._drawn: dict[str, object] = {}

    def furnish(self, plot: pg.PlotItem) -> None:
        """Put the items into a new plot."""
        self._plot = plot
        plot.invertY(True)
        plot.showAxis("right")
        plot.getAxis("right").setStyle(showValues=True, tickLength=0)
        plot.getAxis("left").setStyle(tickLength=0)
        for item in (self.image, self.ridges, self.band, self.marker.line):
            plot.addItem(item)

    def color(self, theme: Theme) -> None:
        """Draw in a theme's colours."""
        self.ridges.set_theme(theme)
        self.band.set_theme(theme)
        self.image.setColorMap(pg.colormap.get(theme.heat_map))

    def draw(self, rows: Rows, font: QFont) -> None:
        """Bring everything up to date."""
        borders, density = rows.axis.densities(rows.found.counts, rows.span)
        self.ridges.setVisible(not rows.heat_map)
        self.image.setVisible(rows.heat_map)
        if rows.heat_map:
            self.image.setImage(np.sqrt(density), autoLevels=False, levels=(0.0, 1.0))
            self.image.setRect(QRectF(borders[0], 0.0, borders[-1] - borders[0], len(density)))
        else:
            self.ridges.set_ridges(borders, density, rows.chosen, self._before(rows))
        before = None if rows.before is None else rows.axis.quantiles(rows.before)
        self.band.set_band(rows.axis.quantiles(rows.found), rows.span, rows.heat_map, before)
        self.marker.mark(rows.chosen if rows.heat_map else (), rows.span)
        self._draw_axes(rows, QFontMetricsF(font))

    def _before(self, rows: Rows) -> Floats | None:
        if rows.before is None:
            return None
        return rows.axis.densities(rows.before.counts, rows.span)[1]

    def _changed(self, name: str, value: object) -> bool:
        """Whether something is not what it was when it was drawn last: texts and ranges cost time."""
        if self._drawn.get(name) == value:
            return False
        self._drawn[name] = value
        return True

    def _draw_axes(self, rows: Rows, metrics: QFontMetricsF) -> None:
        box, layers = self._plot.getViewBox(), len(rows.names)
        if self._changed("range", (rows.span, layers)):
            box.setRange(xRange=rows.span, yRange=(0, layers), padding=0.01)
        fitting_title = (t for t in rows.titles if metrics.horizontalAdvance(t) <= box.width())
        title = next(fitting_title, rows.titles[-1])
        if self._changed("title", title):
            self._plot.setLabel("bottom", title)
        if self._changed("ticks", (rows.axis, rows.span, box.width())):
            self._plot.getAxis("bottom").setTicks([fitting(rows.axis, rows.span, box.width())])
        if self._changed("kept width", (rows.axis, tuple(rows.titles), layers)):
            self._plot.getAxis("right").setWidth(0)
            self._drawn.pop("remarks", None)
        middles = [row + MIDDLE for row in range(layers)]
        room = box.height() / max(1, layers)
        if self._changed("names", (tuple(rows.names), box.height())):
            shown = thinned([m * room for m in middles], [metrics.height() * 0.8] * layers, 0.0)
            self._write("left", [(middles[row], rows.names[row]) for row in shown], metrics)
        if self._changed("remarks", (tuple(rows.remarks), box.height())):
            said = [row for row in range(layers) if rows.remarks[row]]
            heights = [metrics.height() * 0.8] * len(said)
            shown = thinned([middles[row] * room for row in said], heights, 0.0)
            texts = [(middles[said[place]], rows.remarks[said[place]]) for place in shown]
            self._write("right", texts, metrics)

    def _write(self, side: str, texts: Sequence[tuple[float, str]], metrics: QFontMetricsF) -> None:
        axis = self._plot.getAxis(side)
        axis.setTicks([texts])
        advances = (metrics.horizontalAdvance(text) * _SMALL for _, text in texts)
        width = max(advances, default=0.0) + 2 * GRID
        # only ever wider on the right: a plot that jumps at every epoch cannot be read
        if side == "left" or width > axis.width():
            axis.setWidth(width)


class RowMarker:
    """A frame around the chosen rows of a heat map, as one item."""

    def __init__(self) -> None:
        self.line = pg.PlotCurveItem(connect="pairs", pen=pg.mkPen("#ffffff", width=2))
        self._marked: object = None

    def mark(self, rows: Sequence[int], span: Span) -> None:
        """Frame these rows, or with none hide."""
        if (tuple(rows), span) == self._marked:
            return
        self._marked = tuple(rows), span
        self.line.setVisible(bool(rows))
        if rows:
            x, y = zip(*(point for row in rows for point in _frame(row, span)), strict=True)
            self.line.setData(np.array(x), np.array(y, np.float64))


def _frame(row: int, span: Span) -> list[tuple[float, float]]:
    corners = [(span[0], row), (span[1], row), (span[1], row + 1), (span[0], row + 1)]
    return [corner for i in range(4) for corner in (corners[i], corners[(i + 1) % 4])]


def fitting(axis: SpreadAxis, span: Span, length: float) -> list[tuple[float, str]]:
    """The axis' ticks, so many that no label overlaps another; on both sides of zero the same."""
    ticks, mirrored = axis.ticks(span), span[0] == -span[1]
    half = [tick for tick in ticks if tick[0] >= 0] if mirrored else ticks
    scale = length / (span[1] - span[0])
    shown = thinned([tick[0] * scale for tick in half], [_LABEL_SPACE] * len(half), 0.0)
    kept = {half[index][0] for index in shown}
    return [tick for tick in ticks if (abs(tick[0]) if mirrored else tick[0]) in kept]
