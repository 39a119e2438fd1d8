"""Points as one item: each is painted where it lies, in its colour and shape, at every device's scale."""

import numpy as np
import pyqtgraph as pg
import pytest
from PySide6.QtCore import QBuffer, QByteArray, QIODevice, QPointF, QRectF
from PySide6.QtGui import QColor, QPainter
from PySide6.QtSvg import QSvgGenerator
from PySide6.QtWidgets import QApplication

from gui.panes.row_points import SHAPES, Points, PointsItem

COLORS = {"low": "#ff0000", "in": "#00ff00", "high": "#0000ff"}


def test_every_point_is_painted_where_it_lies_in_its_colour(plot: pg.PlotWidget) -> None:
    item = PointsItem({"low": "down", "in": "disc", "high": "up"})
    item.set_colors(COLORS)
    places = {
        "low": Points(np.array([1.0, 5.0]), np.array([1.0, 9.0])),
        "in": Points(np.array([5.0]), np.array([5.0])),
        "high": Points(np.empty(0), np.empty(0)),
    }
    item.set_points(places, 12.0, QRectF(0, 0, 10, 10))
    plot.addItem(item)
    image = plot.grab().toImage()
    ratio = image.devicePixelRatio()
    box = plot.getViewBox()
    for kind, (x, y) in places.items():
        for place in zip(x, y, strict=True):
            pixel = plot.mapFromScene(box.mapViewToScene(QPointF(*place)))
            color = image.pixelColor(int(pixel.x() * ratio), int(pixel.y() * ratio))
            assert color == QColor(COLORS[kind])
    found = {
        image.pixelColor(x, y).name()
        for x in range(0, image.width(), 2)
        for y in range(0, image.height(), 2)
    }
    assert COLORS["low"] in found
    assert COLORS["high"] not in found


def test_in_an_svg_points_are_shapes_that_can_be_enlarged(qapp: QApplication) -> None:
    item = PointsItem({"low": "down", "in": "disc", "high": "up"})
    item.set_colors(COLORS)
    item.set_points({"in": Points(np.array([1.0, 2.0]), np.array([3.0, 4.0]))}, 8.0, QRectF())
    content = QByteArray()
    buffer = QBuffer(content)
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    generator = QSvgGenerator()
    generator.setOutputDevice(buffer)
    painter = QPainter(generator)
    item.paint(painter, None)  # type: ignore[arg-type]  # it looks at no option
    painter.end()
    drawn = bytes(content.data()).decode()
    assert drawn.count("M") >= 2
    assert "<image" not in drawn
    assert COLORS["in"] in drawn


def test_shapes_point_where_their_glyphs_do() -> None:
    assert SHAPES["down"][1].max() == pytest.approx(1.0)
    assert SHAPES["down"][1].min() == pytest.approx(-0.5)
    assert SHAPES["up"][1].min() == pytest.approx(-1.0)
    np.testing.assert_allclose(np.linalg.norm(SHAPES["disc"], axis=0), 1.0)
