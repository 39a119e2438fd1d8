"""Distributions of many layers in one plot, first layer on top: ridges or a heat map, bands, names and remarks."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PySide6.QtCore import QRectF
from PySide6.QtGui import QFont, QFontMetricsF

from engine.stats import Distribution
from gui.common.theme import GRID, Theme

from .density_item import DensityItem
from .names_axis import NamesAxis
from .plots import entitle, fitting_title
from .reading import thinned
from .ridges import BandItem, RidgeItem
from .spread_axes import Span, SpreadAxis
from .spread_reading import Remarks

Floats = NDArray[np.float64]
MIDDLE = 0.6
"""How far down its row a layer's name stands."""
_LINE = 0.8
"""Height of a line of text against the font's."""
_LABEL_SPACE = 4.5 * GRID


@dataclass(frozen=True, slots=True)
class Rows:
    """What is drawn: a row for each name."""

    names: Sequence[str]
    remarks: Remarks
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
        self.image = DensityItem()
        self.band = BandItem()
        self.marker = RowMarker()
        self._drawn: dict[str, object] = {}

    def furnish(self, plot: pg.PlotItem) -> None:
        """Put the items into a new plot."""
        self._plot = plot
        plot.invertY(True)
        self._left, self._right = NamesAxis("left"), NamesAxis("right")
        plot.setAxisItems({"left": self._left, "right": self._right})
        plot.showAxis("right")
        for item in (self.image, self.ridges, self.band, self.marker.line):
            plot.addItem(item)

    def color(self, theme: Theme) -> None:
        """Draw in a theme's colours."""
        self.ridges.set_theme(theme)
        self.band.set_theme(theme)
        self.image.set_theme(theme)

    def draw(self, rows: Rows, font: QFont) -> None:
        """Bring everything up to date."""
        borders, density = rows.axis.densities(rows.found.counts, rows.span)
        self.ridges.setVisible(not rows.heat_map)
        self.image.setVisible(rows.heat_map)
        if rows.heat_map:
            room = QRectF(borders[0], 0.0, borders[-1] - borders[0], len(density))
            self.image.show_density(density, room)
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
        if self._changed("title", (rows.titles, metrics.height(), box.width())):
            entitle(self._plot, "bottom", fitting_title(rows.titles, metrics, box.width()))
        if self._changed("ticks", (rows.axis, rows.span, box.width())):
            self._plot.getAxis("bottom").setTicks([fitting(rows.axis, rows.span, box.width())])
        height = metrics.height() * _LINE
        if self._changed("names", (tuple(rows.names), box.height())):
            shown = _apart(range(layers), box.height() / max(1, layers), height)
            self._left.set_texts([(row + MIDDLE, rows.names[row]) for row in shown])
        if self._changed("remarks' room", (rows.axis, tuple(rows.titles), layers)):
            self._right.narrow()
        shown = _apart(rows.remarks.rows, box.height() / max(1, layers), height)
        texts = [(row + MIDDLE, rows.remarks.text(row)) for row in shown]
        if self._changed("remarks", (texts, box.height())):
            self._right.set_texts(texts)


def _apart(rows: Iterable[int], room: float, height: float) -> list[int]:
    """Which rows have room for a line of text, when each row is `room` high."""
    wanted = [int(row) for row in rows]
    places = [(row + MIDDLE) * room for row in wanted]
    return [wanted[place] for place in thinned(places, [height] * len(wanted), 0.0)]


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
