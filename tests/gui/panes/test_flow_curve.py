"""A broken line: what is on the screen lies on its points, whatever it showed before."""

import numpy as np
import pyqtgraph as pg
import pytest
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QColor, QImage
from pytestqt.qtbot import QtBot

from gui.panes.flow_curve import FlowCurve

RED = "#ff0000"
PLACES = np.arange(9)
ROOM = QRectF(-0.5, -4.0, 9.0, 8.0)


@pytest.fixture
def plot(shown_plot: pg.PlotWidget) -> pg.PlotWidget:
    shown_plot.setRange(xRange=(-0.5, 8.5), yRange=(-4, 4), padding=0.0)
    return shown_plot


@pytest.fixture
def curve(plot: pg.PlotWidget) -> FlowCurve:
    found = FlowCurve()
    found.set_room(ROOM)
    found.set_pen(pg.mkPen(RED, width=2))
    plot.addItem(found)
    return found


def _on_screen(plot: pg.PlotWidget) -> QImage:
    image: QImage = plot.screen().grabWindow(plot.winId()).toImage()
    return image


def _reds(plot: pg.PlotWidget, heights: NDArray[np.float64]) -> list[bool]:
    """For each point, and each middle between two, whether it is red within two pixels."""
    image, box = _on_screen(plot), plot.getViewBox()
    x = np.linspace(0, 8, 17)
    found = []
    for place in zip(x, np.interp(x, PLACES, heights), strict=True):
        middle = plot.mapFromScene(box.mapViewToScene(QPointF(*place)))
        near = (
            QColor(image.pixelColor(middle.x() + across, middle.y() + down))
            for across in (-2, -1, 0, 1, 2)
            for down in (-2, -1, 0, 1, 2)
        )
        found.append(any(color == QColor(RED) for color in near))
    return found


def test_the_screen_shows_the_newest_points_and_no_older(
    plot: pg.PlotWidget, curve: FlowCurve, qtbot: QtBot
) -> None:
    random = np.random.default_rng(0)
    for _ in range(5):
        heights = random.uniform(-3.5, 3.5, 9)
        curve.setData(PLACES, heights)
        qtbot.waitUntil(lambda at=heights: all(_reds(plot, at)))  # type: ignore[misc]
    # as many red pixels as the same line in a picture that never held another
    drawn, fresh = _on_screen(plot), plot.grab().toImage()
    counts = [
        sum(
            image.pixelColor(x, y) == QColor(RED)
            for x in range(image.width())
            for y in range(image.height())
        )
        for image in (drawn, fresh)
    ]
    assert counts[0] == counts[1] > 0


def test_a_hidden_curve_comes_back_with_what_it_shows_then(
    plot: pg.PlotWidget, curve: FlowCurve, qtbot: QtBot
) -> None:
    curve.setData(PLACES, np.zeros(9))
    qtbot.waitUntil(lambda: all(_reds(plot, np.zeros(9))))
    curve.setVisible(False)
    qtbot.waitUntil(lambda: not any(_reds(plot, np.zeros(9))))
    curve.setData(PLACES, np.full(9, 2.0))
    curve.setVisible(True)
    qtbot.waitUntil(lambda: all(_reds(plot, np.full(9, 2.0))))


def test_a_curve_follows_its_room_and_the_plot_s_range(
    plot: pg.PlotWidget, curve: FlowCurve, qtbot: QtBot
) -> None:
    curve.set_room(QRectF())
    curve.setData(PLACES, np.linspace(-30.0, 30.0, 9))
    curve.set_room(QRectF(-0.5, -40.0, 9.0, 80.0))
    plot.setRange(yRange=(-40, 40), padding=0.0)
    qtbot.waitUntil(lambda: all(_reds(plot, np.linspace(-30.0, 30.0, 9))))


def test_one_point_or_none_makes_no_line(plot: pg.PlotWidget, curve: FlowCurve) -> None:
    curve.setData(np.array([3]), np.array([1.0]))
    plot.grab()
    curve.setData(np.empty(0), np.empty(0))
    image = plot.grab().toImage()
    assert not any(
        image.pixelColor(x, y) == QColor(RED)
        for x in range(image.width())
        for y in range(image.height())
    )
