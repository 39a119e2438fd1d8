"""Rows of widgets for any width: one goes on in the next line, the other shortens what stands last."""

from PySide6.QtCore import QPoint, QRect, QSize, Qt
from PySide6.QtWidgets import QLayout, QLayoutItem, QSizePolicy, QWidget

from .theme import GRID


class _Row(QLayout):
    """Widgets from left to right; hidden ones take no room."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._items: list[QLayoutItem] = []
        self.setContentsMargins(0, 0, 0, 0)

    def addItem(self, item: QLayoutItem) -> None:
        self._items.append(item)

    def count(self) -> int:
        return len(self._items)

    def itemAt(self, index: int) -> QLayoutItem | None:
        return self._items[index] if 0 <= index < len(self._items) else None

    def takeAt(self, index: int) -> QLayoutItem | None:
        return self._items.pop(index) if 0 <= index < len(self._items) else None

    def expandingDirections(self) -> Qt.Orientation:
        return Qt.Orientation(0)

    def _shown(self) -> list[QLayoutItem]:
        return [item for item in self._items if not item.isEmpty()]


class ShorteningRow(_Row):
    """One line whatever the width: where there is no room, the last widget is shortened first, then the one before."""

    def sizeHint(self) -> QSize:
        line = self._shown()
        return QSize(max(0, _width(line)), _height(line))

    def minimumSize(self) -> QSize:
        return QSize(0, _height(self._shown()))

    def setGeometry(self, room: QRect) -> None:
        super().setGeometry(room)
        line = self._shown()
        widths = [item.sizeHint().width() for item in line]
        missing = _width(line) - room.width()
        for place in reversed(range(len(line))):
            cut = min(max(0, missing), widths[place] - line[place].minimumSize().width())
            widths[place], missing = widths[place] - cut, missing - cut
        left = room.left()
        for item, width in zip(line, widths, strict=True):
            kept = max(0, min(width, room.right() + 1 - left))
            item.setGeometry(QRect(left, room.top(), kept, room.height()))
            left += width + GRID


class FlowLayout(_Row):
    """Lays visible widgets out from left to right, each as large as it wants to be, in as many lines as it takes."""

    def hasHeightForWidth(self) -> bool:
        return True

    def heightForWidth(self, width: int) -> int:
        return self._arrange(QRect(0, 0, width, 0), move=False)

    def setGeometry(self, room: QRect) -> None:
        super().setGeometry(room)
        self._arrange(room, move=True)

    def sizeHint(self) -> QSize:
        return self.minimumSize()

    def minimumSize(self) -> QSize:
        size = QSize()
        for item in self._shown():
            size = size.expandedTo(item.minimumSize())
        return size

    def _arrange(self, room: QRect, *, move: bool) -> int:
        """Place the widgets line by line, each in the middle of its line; the height of all lines."""
        top, line = room.top(), list[QLayoutItem]()
        for item in self._shown():
            if line and _width([*line, item]) > room.width():
                top += _place(line, QPoint(room.left(), top), move=move) + GRID // 2
                line = []
            line.append(item)
        return top + _place(line, QPoint(room.left(), top), move=move) - room.top()


def _width(line: list[QLayoutItem]) -> int:
    return sum(item.sizeHint().width() for item in line) + GRID * (len(line) - 1)


def _height(line: list[QLayoutItem]) -> int:
    return max((item.sizeHint().height() for item in line), default=0)


def _place(line: list[QLayoutItem], start: QPoint, *, move: bool) -> int:
    height = _height(line)
    left = start.x()
    for item in line if move else ():
        size = item.sizeHint()
        top = start.y() + (height - size.height()) // 2
        item.setGeometry(QRect(QPoint(left, top), size))
        left += size.width() + GRID
    return height


def flowing() -> tuple[QWidget, FlowLayout]:
    """A widget that lays its children out in lines, and its layout."""
    widget = QWidget()
    policy = QSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Minimum)
    policy.setHeightForWidth(True)
    widget.setSizePolicy(policy)
    return widget, FlowLayout(widget)
