"""A regression over one input: its curve over the data."""

from collections.abc import Sequence

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, Qt

from engine.language import tr
from engine.stats import Backdrop
from gui.common.theme import Theme

from .picture_view import PictureView, Shown, Table, real_limits


class LineView(PictureView):
    """The curve of a regression over its data."""

    wide = False
    then_name = tr("dashed")

    def __init__(self, plots: Sequence[pg.PlotItem]) -> None:
        super().__init__(plots)
        self.curve = pg.PlotCurveItem()
        self.then = pg.PlotCurveItem()
        self.points: list[pg.ScatterPlotItem] = []

    def enter(self, backdrop: Backdrop, theme: Theme) -> str:
        self.scaled(self.left, backdrop)
        (limits,) = real_limits(backdrop)
        low, high = float(backdrop.targets.min()), float(backdrop.targets.max())
        room = 0.15 * ((high - low) or 1.0)
        self.left.getViewBox().setRange(xRange=limits, yRange=(low - room, high + room), padding=0)
        colors = theme.series[:2]
        self.points = [self._points(backdrop, i, color) for i, color in enumerate(colors)]
        for item in (*self.points, self.then, self.curve):
            self.add(self.left, item)
        self.curve.setPen(theme.pen(theme.text, 2.5))
        self.then.setPen(theme.pen(theme.text, 1.5, style=Qt.PenStyle.DashLine))
        return tr(
            '<b style="color: {training}">●</b> training&nbsp;&nbsp; <b style="color: '
            '{validation}">◆</b> validation&nbsp;&nbsp; <b>—</b> the network'
        ).format(training=colors[0], validation=colors[1])

    def draw(self, shown: Shown) -> None:
        x, y = self._line(shown)
        self.curve.setData(x, y, connect="finite")
        then = shown.then.curve if shown.then is not None else None
        self.then.setVisible(then is not None)
        if then is not None:
            self.then.setData(x, then.values.astype(np.float64), connect="finite")

    def read(self, shown: Shown, place: QPointF, _plot: int) -> tuple[str, int | None]:
        x, y = self._line(shown)
        if not x[0] <= place.x() <= x[-1]:
            return "", None
        value = float(np.interp(place.x(), x, y))
        return (
            tr("{name} {place:.3g}: the network says {value:.3g}").format(
                name=shown.backdrop.input_names[0], place=place.x(), value=value
            ),
            None,
        )

    def table(self, shown: Shown) -> Table:
        x, y = self._line(shown)
        rows = [[f"{a:.6g}", f"{b:.6g}"] for a, b in zip(x, y, strict=True)]
        return [shown.backdrop.input_names[0], "output"], rows

    def show_points(self, on: bool) -> None:
        for item in self.points:
            item.setVisible(on)

    def _points(self, backdrop: Backdrop, part: int, color: str) -> pg.ScatterPlotItem:
        here = backdrop.validates == part
        return pg.ScatterPlotItem(
            x=backdrop.real(backdrop.inputs[here])[:, 0],
            y=backdrop.targets[here],
            symbol=("o", "d")[part],
            size=(4, 7)[part],
            pen=None,
            brush=pg.mkBrush(color),
        )

    def _line(self, shown: Shown) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        assert shown.picture.curve is not None
        values = shown.picture.curve.values.astype(np.float64)
        return shown.backdrop.real(shown.backdrop.places(0, len(values))[:, None])[:, 0], values
