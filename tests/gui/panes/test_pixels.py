"""Rectangles filled where they lie in memory, against Qt's own filling; marks over a heat map, pixel by pixel."""

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QImage, QPainter, QTransform

from gui.common.theme import THEMES
from gui.panes.pixels import fill_rects, in_pixels
from gui.panes.ridges import BEFORE, BandItem

SIDE = 60
GROUND = "#808080"


def _image() -> QImage:
    image = QImage(SIDE, SIDE, QImage.Format.Format_RGB32)
    image.fill(QColor(GROUND))
    return image


def test_rectangles_are_filled_as_qt_fills_them_one_by_one() -> None:
    random = np.random.default_rng(0)
    corners = np.sort(random.integers(0, SIDE, (30, 2, 2), np.int32), axis=1)
    found, expected = _image(), _image()
    painter = QPainter(found)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor("#ff0000"))
    fill_rects(painter, corners.reshape(-1, 4))
    fill_rects(painter, np.empty((0, 4), np.int32))
    painter.end()
    painter = QPainter(expected)
    for (left, top), (right, bottom) in corners.tolist():
        painter.fillRect(left, top, right - left + 1, bottom - top + 1, QColor("#ff0000"))
    painter.end()
    assert found == expected
    assert found != _image()


def test_pixels_are_painted_for_a_while_only() -> None:
    image = _image()
    painter = QPainter(image)
    painter.setTransform(QTransform(2.0, 0.0, 0.0, 3.0, 5.0, 7.0))
    with in_pixels(painter) as to_pixels:
        assert painter.transform().isIdentity()
        assert to_pixels.map(1, 1) == (7, 10)
    assert painter.transform() == to_pixels
    painter.end()


def _row(item: BandItem, y: int) -> list[str]:
    """The colours of a line of pixels; a unit is ten pixels both ways."""
    image = _image()
    painter = QPainter(image)
    painter.setTransform(QTransform.fromScale(10.0, 10.0))
    item.paint(painter, None)  # type: ignore[arg-type]  # it looks at no option
    painter.end()
    return [image.pixelColor(x, y).name() for x in range(SIDE)]


@pytest.fixture
def item() -> BandItem:
    found = BandItem()
    found.set_theme(THEMES["light"])
    return found


def test_marks_over_a_heat_map_stand_at_their_places_in_their_row(item: BandItem) -> None:
    places = np.array([[1.0, 2.0, 4.0], [np.nan] * 3, [0.5, 3.0, 9.0]])
    item.set_band(places, (0.0, 5.0), True, None)
    expected = [GROUND] * SIDE
    expected[9:12] = "#000000", "#ffffff", "#000000"
    expected[19:23] = "#000000", "#ffffff", "#ffffff", "#000000"
    expected[39:42] = "#000000", "#ffffff", "#000000"
    assert _row(item, 5) == expected
    assert _row(item, 15) == [GROUND] * SIDE
    assert [x for x, color in enumerate(_row(item, 25)) if color == "#ffffff"] == [5, 30, 31, 50]


def test_what_is_compared_with_has_marks_of_another_colour(item: BandItem) -> None:
    item.set_band(np.array([[1.0, 2.0, 4.0]]), (0.0, 5.0), True, np.array([[1.5, 2.5, 4.5]]))
    row = _row(item, 5)
    assert [x for x, color in enumerate(row) if color == BEFORE] == [15, 25, 26, 45]
    assert [x for x, color in enumerate(row) if color == "#ffffff"] == [10, 20, 21, 40]


def test_under_ridges_brackets_stand_in_place_of_marks(item: BandItem) -> None:
    item.set_band(np.array([[1.0, 2.0, 4.0]]), (0.0, 5.0), False, np.array([[1.5, 2.5, 4.5]]))
    text = QColor(THEMES["light"].text).name()
    assert set(_row(item, 9)) == {GROUND, text}
    assert _row(item, 9)[20] == text
    assert set(_row(item, 2)) == {GROUND}
