"""A line that is cut off says so, and never holds its window wide."""

import pytest
from PySide6.QtGui import QAccessible, QColor
from pytestqt.qtbot import QtBot

from gui.common.elided import ElidedLabel

LONG = "● healthy   −0.06 decades a layer   first / last 1.7"


@pytest.fixture
def label(qtbot: QtBot) -> ElidedLabel:
    """A shown line, red on white."""
    line = ElidedLabel(LONG)
    line.setStyleSheet("color: #ff0000; background: #ffffff;")
    qtbot.addWidget(line)
    line.resize(line.sizeHint())
    line.show()
    return line


def _inks(label: ElidedLabel) -> set[str]:
    image = label.grab().toImage()
    return {
        QColor(image.pixel(x, y)).name()
        for x in range(image.width())
        for y in range(image.height())
    }


def test_with_room_the_whole_text_is_shown(label: ElidedLabel) -> None:
    assert label.shown_text == LONG
    assert "#ff0000" in _inks(label)


@pytest.mark.parametrize("width", [40, 100, 200])
def test_without_room_it_ends_in_dots_in_the_same_colour(label: ElidedLabel, width: int) -> None:
    label.resize(width, label.height())
    shown = label.shown_text
    assert shown.endswith("…")
    assert LONG.startswith(shown[:-1])
    assert label.fontMetrics().horizontalAdvance(shown) <= width
    assert "#ff0000" in _inks(label)
    assert QAccessible.queryAccessibleInterface(label).text(QAccessible.Text.Name) == LONG


def test_it_asks_for_little_width(label: ElidedLabel) -> None:
    assert label.minimumSizeHint().width() <= 24
    assert label.minimumSizeHint().height() >= label.fontMetrics().height()
    assert label.sizeHint().width() >= label.fontMetrics().horizontalAdvance(LONG)
    assert ElidedLabel("").minimumSizeHint().width() <= 24
