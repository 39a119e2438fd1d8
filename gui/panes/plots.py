"""Plots as all panes have them: nothing moves by itself, and what seldom changes is painted once."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import pyqtgraph as pg
from PySide6.QtCore import Qt
from PySide6.QtGui import QFontMetricsF
from PySide6.QtWidgets import QGraphicsItem, QGraphicsScene, QGraphicsView

from gui.common.theme import GRID, Theme, ThemeSource

from .bounded import SIDES, Axis, Box

_SIDES = ("left", "bottom", "right")


def new_plots(count: int, resized: Callable[[], None]) -> tuple[pg.GraphicsView, list[pg.PlotItem]]:
    """A `PlotWidget`, or a `GraphicsLayoutWidget` of several plots side by side; `resized` is told of a new size."""
    if count == 1:
        items = [_plot_item()]
        view = pg.PlotWidget(plotItem=items[0])
    else:
        view = pg.GraphicsLayoutWidget()
        items = [_plot_item() for _ in range(count)]
        for item in items:
            view.addItem(item)
    view.scene().setItemIndexMethod(QGraphicsScene.ItemIndexMethod.NoIndex)  # few items that move
    # several small regions cost more than the one around them: lines and images then go Qt's slow way
    view.setViewportUpdateMode(QGraphicsView.ViewportUpdateMode.BoundingRectViewportUpdate)
    view.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    # it paints its ground itself: what lies below need not be painted each time
    view.viewport().setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
    for item in items:
        item.layout.setContentsMargins(1.0, GRID, 1.0, 1.0)  # half of the axis' highest number
        item.hideButtons()
        item.setMouseEnabled(x=False, y=False)
        item.getViewBox().disableAutoRange()
        item.getViewBox().sigResized.connect(resized)
    return view, items


def _plot_item() -> pg.PlotItem:
    item = pg.PlotItem(viewBox=Box(), axisItems={side: Axis(side) for side in SIDES})
    for side in SIDES[2:]:
        item.hideAxis(side)
    return item


def keep_pictures(items: Iterable[QGraphicsItem], kept: bool) -> None:
    """Have items painted once as long as they do not change, while others move above them; or each time."""
    modes = QGraphicsItem.CacheMode
    mode = modes.DeviceCoordinateCache if kept else modes.NoCache
    for item in items:
        if item.cacheMode() != mode:  # to set the same one again throws the picture away
            item.setCacheMode(mode)


def fitting_title(titles: Sequence[str], metrics: QFontMetricsF, length: float) -> str:
    """The first title that is no longer than the axis, else the last."""
    fitting = (title for title in titles if metrics.horizontalAdvance(title) <= length)
    return next(fitting, titles[-1])


def entitle(plot: pg.PlotItem, side: str, title: str) -> None:
    """Write another title beside an axis, in its middle."""
    axis = plot.getAxis(side)
    axis.setLabel(title)
    axis.resizeEvent()  # else it keeps the place of the text before
    axis.label.setCacheMode(axis.label.cacheMode())  # else parts of that text are kept, too


def color_axes(items: list[pg.PlotItem], theme: Theme, themes: ThemeSource) -> None:
    """Give the axes a theme's colours and letters."""
    for item in items:
        for side in _SIDES:
            _color_axis(item.getAxis(side), theme, themes)


def _color_axis(axis: Any, theme: Theme, themes: ThemeSource) -> None:
    axis.setPen(theme.pen("border"))
    axis.setTextPen(theme.muted)
    axis.enableAutoSIPrefix(False)
    keep_pictures((axis, axis.label), True)
    # minor ticks triple the lines of a grid, and the time to paint it
    axis.setStyle(tickFont=themes.font(0.85), maxTickLevel=0)
    axis.label.setFont(themes.font(1.0))
