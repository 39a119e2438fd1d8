"""The gradient flow as lines over the layers, one item a quantity."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QRectF, Qt

from engine.stats import LayerTable
from engine.training import LayerInfo
from gui.common.theme import Theme

from .band import BandItem
from .flow_curve import FlowCurve
from .gradient_marks import (
    GRADIENT,
    QUANTITIES,
    SPREAD,
    Floats,
    Marks,
    Rows,
    log_of,
    marks_of,
    places_of,
)
from .pane import Pane
from .theory import TheoryColumns

_ROOM_DECADES = 0.4
_MISFIT_DECADES = 0.25
_POINT = 6.0


@dataclass(frozen=True, slots=True, eq=False)
class Flows:
    """What the lines show: tables of one run, and what theory says of the same rows."""

    layers: Sequence[LayerInfo]
    order: Rows
    """The row that stands at each place."""
    shown: Collection[str]
    """Columns that are to be seen."""
    table: LayerTable | None
    """None before anything was measured."""
    compared: LayerTable | None
    """Drawn faint, to compare with."""
    only_gradient: bool
    """Whether of what is compared only the gradient is drawn."""
    theory: TheoryColumns | None


class FlowLines:
    """Magnitudes over depth, on a logarithmic scale; zero, NaN and "has none" look different."""

    def __init__(self) -> None:
        self.curves = {q.column: FlowCurve() for q in QUANTITIES}
        self.points = {
            q.column: pg.ScatterPlotItem(symbol=q.symbol, size=_POINT, pen=None) for q in QUANTITIES
        }
        self.ghosts = {q.column: pg.PlotCurveItem() for q in QUANTITIES}
        self.theories = {c: pg.PlotCurveItem(connect="finite") for c in (GRADIENT, SPREAD)}
        self.doubtful = {c: pg.PlotCurveItem(connect="finite") for c in (GRADIENT, SPREAD)}
        self.band = BandItem()
        self.zeros = pg.ScatterPlotItem(symbol="x", size=9)
        self.nonfinite = pg.ScatterPlotItem(symbol="+", size=12)
        self._range: tuple[float, float] | None = None
        self._ranges: object = None
        self._compared: LayerTable | None = None
        self._ghosts_drawn: object = None
        self._roomy = True
        self._plot: pg.PlotItem | None = None

    @property
    def items(self) -> Sequence[pg.GraphicsObject]:
        """Everything that is drawn, what lies on top last."""
        lines = (self.ghosts, self.doubtful, self.theories, self.curves, self.points)
        parts = [item for group in lines for item in group.values()]
        return [self.band, *parts, self.zeros, self.nonfinite]

    def join(self, plot: pg.PlotItem) -> None:
        """Put the items into a plot."""
        self._plot = plot
        for item in self.items:
            plot.addItem(item)

    def hide(self) -> None:
        """Show nothing."""
        for item in self.items:
            item.setVisible(False)
        self._ranges = self._ghosts_drawn = None

    def restart(self) -> None:
        """Forget the range of the run before."""
        self._range = None

    def set_theme(self, theme: Theme) -> None:
        """Draw in other colours."""
        colors = dict(zip(self.curves, theme.series, strict=False))
        for column, color in colors.items():
            self.curves[column].set_pen(theme.pen(color, 2.0))
            self.points[column].setBrush(color)
            self.points[column].setSize(_POINT * theme.line_width)
            faint = pg.mkColor(color)
            faint.setAlphaF(0.6)
            self.ghosts[column].setPen(theme.pen(faint, 1.0, style=Qt.PenStyle.DashLine))
        for curve in self.doubtful.values():
            curve.setPen(theme.pen(theme.color("muted", 0.8), 1.0, style=Qt.PenStyle.DotLine))
        self._color_theories()
        fill = pg.mkColor(colors[GRADIENT])
        fill.setAlphaF(0.12)
        self.band.set_color(fill)
        self.zeros.setPen(theme.pen(theme.vanishing, 2.0))
        self.zeros.setBrush(None)
        self.nonfinite.setPen(theme.pen(theme.nonfinite, 1.0))
        self.nonfinite.setBrush(pg.mkBrush(theme.nonfinite))

    def _color_theories(self) -> None:
        share = 1.0 if self._roomy else 0.5  # broad dots cost a millisecond at a hundred layers
        for column, curve in self.theories.items():
            pen = pg.mkPen(self.curves[column].pen)
            pen.setWidthF(pen.widthF() * share)
            pen.setStyle(Qt.PenStyle.DotLine)
            curve.setPen(pen)

    def draw(self, flows: Flows, roomy: bool) -> None:
        """Bring every item up to date; points are drawn where they have room."""
        if roomy != self._roomy:
            self._roomy = roomy
            self._color_theories()
        marks: Mapping[str, Marks] = {
            q.column: marks_of(q, flows.layers, flows.table)
            for q in QUANTITIES
            if flows.table is not None and q.column in flows.shown
        }
        self._draw_curves(marks, flows.order, roomy)
        self._draw_ghosts(flows)
        drawn = [m.logs for m in marks.values()]
        drawn += self._draw_theory(flows)
        self._fit(np.concatenate(drawn) if drawn else np.empty(0), len(flows.layers))
        self._draw_misfits(list(marks.values()), flows.order, roomy)

    def _draw_curves(self, marks: Mapping[str, Marks], order: Rows, roomy: bool) -> None:
        for column, curve in self.curves.items():
            count = marks[column].rows.size if column in marks else 0
            shown = {curve: count > 1, self.points[column]: count == 1 or (count > 1 and roomy)}
            line = _placed(marks[column], order) if count else ()
            for item, visible in shown.items():
                item.setVisible(visible)
                if visible:
                    item.setData(*line)

    def _draw_ghosts(self, flows: Flows) -> None:
        drawn = (flows.order.tobytes(), frozenset(flows.shown), flows.only_gradient)
        if flows.compared is self._compared and drawn == self._ghosts_drawn:
            return  # while the playhead moves, what is compared with stays
        self._compared, self._ghosts_drawn = flows.compared, drawn
        for quantity in QUANTITIES:
            ghost, column = self.ghosts[quantity.column], quantity.column
            wanted = column in flows.shown and (column == GRADIENT or not flows.only_gradient)
            if flows.compared is None or not wanted:
                ghost.setVisible(False)
                continue
            marks = marks_of(quantity, flows.layers, flows.compared)
            ghost.setVisible(marks.rows.size > 1)
            if marks.rows.size > 1:
                ghost.setData(*_placed(marks, flows.order))

    def _draw_theory(self, flows: Flows) -> list[Floats]:
        """Draw what is foretold of the shown quantities; the logarithms that the range must hold."""
        theory = flows.theory
        values = {GRADIENT: theory.gradient, SPREAD: theory.std} if theory else {}
        drawn = []
        for column, curve in self.theories.items():
            visible = column in values and column in flows.shown
            for item in (curve, self.doubtful[column]):
                item.setVisible(visible)
            if visible and theory is not None:
                drawn.append(self._draw_column(column, values[column], theory, flows.order))
        self._draw_band(flows)
        return drawn

    def _draw_column(
        self, column: str, values: Floats, theory: TheoryColumns, order: Rows
    ) -> Floats:
        logs, applies = log_of(values)[order], theory.applies[order]
        places = np.arange(order.size, dtype=np.float64)
        self.theories[column].setData(places, np.where(applies, logs, np.nan))
        # a line of doubt reaches to its trusted neighbours, so that a single doubtful layer is seen
        near = ~applies
        near[1:] |= ~applies[:-1]
        near[:-1] |= ~applies[1:]
        self.doubtful[column].setData(places, np.where(near, logs, np.nan))
        return logs[np.isfinite(logs)]

    def _draw_band(self, flows: Flows) -> None:
        theory = flows.theory
        self.band.setVisible(theory is not None and GRADIENT in flows.shown)
        if theory is not None and GRADIENT in flows.shown:
            applies = theory.applies[flows.order]
            low, high = (
                np.where(applies, log_of(bound)[flows.order], np.nan)
                for bound in (theory.low, theory.high)
            )
            self.band.set_band(np.arange(flows.order.size, dtype=np.float64), low, high)

    def _fit(self, logs: Floats, layers: int) -> None:
        """A range that only grows while a run lasts, so that epochs can be compared."""
        assert self._plot is not None
        low, high = (float(logs.min()), float(logs.max())) if logs.size else (-1.0, 0.0)
        if self._range is not None:
            low, high = min(low, self._range[0]), max(high, self._range[1])
        self._range = low, high
        wanted = (low - _ROOM_DECADES, max(high, low + 1.0) + _ROOM_DECADES)
        ranges = (-0.5, layers - 0.5), wanted
        if ranges != self._ranges:
            self._ranges = ranges
            (left, right), (bottom, top) = ranges
            for curve in self.curves.values():
                curve.set_room(QRectF(left, bottom, right - left, top - bottom))
            self._plot.getViewBox().setRange(xRange=ranges[0], yRange=ranges[1], padding=0.0)

    def _draw_misfits(self, marks: Sequence[Marks], order: Rows, roomy: bool) -> None:
        """Exact zeros on the floor, what is not finite at the ceiling."""
        assert self._range is not None
        none, places = np.empty(0, np.int64), places_of(order)
        zeros = np.unique(np.concatenate([none, *(m.zero_rows for m in marks)]))
        broken = np.unique(np.concatenate([none, *(m.nonfinite_rows for m in marks)]))
        for item, size in ((self.zeros, 9), (self.nonfinite, 12)):
            wanted = size if roomy else size // 2 + 1
            if item.opts["size"] != wanted:
                item.setSize(wanted)
        floor = self._range[0] - _MISFIT_DECADES
        ceiling = max(self._range[1], self._range[0] + 1.0) + _MISFIT_DECADES
        Pane.show_marks(self.zeros, np.sort(places[zeros]), floor)
        Pane.show_marks(self.nonfinite, np.sort(places[broken]), ceiling)


def _placed(marks: Marks, order: Rows) -> tuple[Rows, Floats]:
    """A line's points from left to right."""
    places = places_of(order)[marks.rows]
    sorted_ = np.argsort(places)
    return places[sorted_], marks.logs[sorted_]
