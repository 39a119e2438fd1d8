"""The spectral radius of a recurrent matrix over the epochs."""

import math

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import Qt

from gui.common.theme import Theme

from .mark_line import MarkLine
from .time_track import Course

HEALTHY = 1.0
"""At this radius, a state of many steps ago neither fades nor grows."""


class RadiusTrack:
    """A curve, the shown epoch in it, and a line at 1; nothing of it is seen at first."""

    def __init__(self) -> None:
        self.curve = pg.PlotCurveItem(connect="finite")
        self.point = pg.ScatterPlotItem(size=9)
        self.one = MarkLine(HEALTHY, level=True)
        self._moment = MarkLine()

    def join(self, plot: pg.PlotItem) -> None:
        """Put the items into a plot."""
        for item in (self.curve, self.point):
            plot.addItem(item)
        self.one.join(plot, behind=True)
        self._moment.join(plot)
        self.hide()

    def hide(self) -> None:
        """Show nothing."""
        for item in (self.curve, self.point, self.one, self._moment):
            item.setVisible(False)

    def set_theme(self, theme: Theme) -> None:
        """Draw in other colours."""
        self.curve.setPen(theme.pen(theme.series[0], 2.0))
        self.point.setBrush(pg.mkBrush(theme.series[0]))
        self.point.setPen(None)
        self.one.set_line(theme.pen(theme.color("muted"), 1.0, style=Qt.PenStyle.DashLine))
        self._moment.set_line(theme.pen(theme.color("text"), 1.5))

    def draw(self, course: Course, first: int, shown: int, radius: float) -> None:
        """Show a course whose epochs are counted from `first`, and its radius at the `shown` one, NaN for none."""
        self.curve.setVisible(True)
        self.one.setVisible(True)
        self.curve.setData((course.epochs + first).astype(np.float64), course.radius)
        self._moment.mark(first + shown)
        self.point.setVisible(not math.isnan(radius))
        if not math.isnan(radius):
            self.point.setData([first + shown], [radius])
