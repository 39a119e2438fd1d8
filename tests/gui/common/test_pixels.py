"""What is painted many at a time, against Qt's painting one by one; marks over a heat map, pixel by pixel."""

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPixmap, QTransform
from PySide6.QtWidgets import QApplication

from gui.common.pixels import fill_rects, in_pixels, stamp, to_places
from gui.common.theme import THEMES
from gui.panes.ridges import BEFORE, BandItem

SIDE = 60
GROUND = "#808080"


def _image(density: float = 1.0) -> QImage:
    side = round(SIDE * density)
    image = QImage(side, side, QImage.Format.Format_RGB32)
    image.setDevicePixelRatio(density)
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


@pytest.mark.parametrize("density", [1.0, 2.0])
def test_a_picture_is_stamped_where_qt_would_draw_it(qapp: QApplication, density: float) -> None:
    picture = QPixmap(round(6 * density), round(4 * density))
    picture.setDevicePixelRatio(density)
    picture.fill(QColor("#2040c0"))
    centres = np.array([[10.0, 10.0], [30.0, 21.0], [50.0, 44.0]])
    found, expected = _image(density), _image(density)
    painter = QPainter(found)
    stamp(painter, picture, centres)
    stamp(painter, picture, np.empty((0, 2)))
    painter.end()
    painter = QPainter(expected)
    for x, y in centres.tolist():
        painter.drawPixmap(round(x - 3), round(y - 2), picture)
    painter.end()
    assert found == expected
    assert found != _image(density)


def test_places_are_those_that_the_painter_would_go_to() -> None:
    transform = QTransform(2.0, 0.0, 0.0, -3.0, 5.0, 70.0)
    x, y = np.random.default_rng(1).uniform(0, 20, (2, 7))
    expected = [transform.map(*place) for place in zip(x.tolist(), y.tolist(), strict=True)]
    np.testing.assert_allclose(to_places(transform, x, y), expected)


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
