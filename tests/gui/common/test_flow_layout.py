"""A row of widgets that goes on in the next line, and one that shortens what stands last."""

import itertools

import pytest
from PySide6.QtCore import QRect
from PySide6.QtWidgets import QLabel, QWidget
from pytestqt.qtbot import QtBot

from gui.common.elided import ElidedLabel
from gui.common.flow_layout import FlowLayout, ShorteningRow, flowing

HEIGHT = 20
Row = tuple[QWidget, FlowLayout, list[QLabel]]


@pytest.fixture
def row(qtbot: QtBot) -> Row:
    """Five labels, each 50 pixels wide: 58 with the gap."""
    widget, layout = flowing()
    qtbot.addWidget(widget)
    labels = [QLabel() for _ in range(5)]
    for label in labels:
        label.setFixedSize(50, HEIGHT)
        layout.addWidget(label)
    widget.show()
    return widget, layout, labels


@pytest.mark.parametrize(
    ("width", "lines"), [(282, 1), (281, 2), (166, 2), (165, 3), (50, 5), (10, 5)]
)
def test_there_are_as_many_lines_as_it_takes(row: Row, width: int, lines: int) -> None:
    widget, layout, labels = row
    height = lines * HEIGHT + (lines - 1) * 4
    assert layout.heightForWidth(width) == height
    widget.resize(width, height)
    layout.setGeometry(QRect(0, 0, width, height))
    assert len({label.y() for label in labels}) == lines
    for label, other in itertools.pairwise(labels):
        assert other.y() > label.y() or other.x() == label.geometry().right() + 1 + 8
    if width >= 50:
        assert all(label.geometry().right() < width for label in labels)


def test_what_is_hidden_takes_no_room(row: Row) -> None:
    _, layout, labels = row
    labels[1].hide()
    labels[2].hide()
    assert layout.heightForWidth(166) == HEIGHT
    layout.setGeometry(QRect(0, 0, 166, HEIGHT))
    assert labels[3].x() == 58


def test_parts_can_be_counted_and_taken(row: Row) -> None:
    _, layout, labels = row
    assert layout.count() == 5
    item = layout.takeAt(0)
    assert item is not None
    assert item.widget() is labels[0]
    assert layout.count() == 4
    assert layout.itemAt(9) is None
    assert layout.takeAt(-1) is None


@pytest.mark.parametrize("missing", [0, 20, 90])
def test_a_line_shortens_its_last_part_first(qtbot: QtBot, missing: int) -> None:
    widget, row = QWidget(), ShorteningRow()
    qtbot.addWidget(widget)
    widget.setLayout(row)
    labels = [ElidedLabel(text) for text in ("gradient of the loss", "theory", "nobody sees it")]
    for label in labels:
        row.addWidget(label)
    first, last, hidden = labels
    hidden.hide()
    widget.show()
    room = first.sizeHint().width() + 8 + last.sizeHint().width()
    assert row.sizeHint().width() == room
    assert row.minimumSize().width() == 0
    row.setGeometry(QRect(0, 0, room - missing, HEIGHT))
    cut = min(missing, last.sizeHint().width() - last.minimumSizeHint().width())
    assert last.width() == last.sizeHint().width() - cut
    assert first.width() == first.sizeHint().width() - (missing - cut)
    assert last.geometry().right() < room - missing


def test_where_nothing_fits_nothing_stands_beside_the_line(qtbot: QtBot) -> None:
    widget, row = QWidget(), ShorteningRow()
    qtbot.addWidget(widget)
    widget.setLayout(row)
    labels = [ElidedLabel("gradient of the loss"), ElidedLabel("theory")]
    for label in labels:
        row.addWidget(label)
    widget.show()
    row.setGeometry(QRect(0, 0, 20, HEIGHT))
    assert [label.width() for label in labels] == [20, 0]
