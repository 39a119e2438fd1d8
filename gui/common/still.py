"""A place whose size does not follow what stands in it."""

from PySide6.QtCore import QSize
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from .theme import GRID


class Still(QWidget):
    """Holds one widget at its own size.

    A label that gets another text asks its layout for another size, and all that stands beside it is laid out anew:
    for a text that changes with every epoch that costs more than drawing a curve.
    """

    def __init__(self, content: QWidget) -> None:
        super().__init__()
        self._content = content
        content.setParent(self)
        content.setAutoFillBackground(
            True
        )  # else all that lies below is painted with every new text
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)

    def sizeHint(self) -> QSize:
        return QSize(3 * GRID, self._content.sizeHint().height())

    def minimumSizeHint(self) -> QSize:
        return QSize(3 * GRID, self._content.minimumSizeHint().height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        # of a fixed size, a label does not ask for another one at every new text
        self._content.setFixedSize(event.size())
        super().resizeEvent(event)
