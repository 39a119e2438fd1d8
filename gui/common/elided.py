"""A line of text that ends in … where there is no room for it, instead of holding the window wide."""

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QLabel

from .theme import GRID


class ElidedLabel(QLabel):
    """A plain label in all else; screen readers still get the whole text."""

    def __init__(self, text: str = "") -> None:
        super().__init__(text)
        self.setTextFormat(Qt.TextFormat.PlainText)

    def minimumSizeHint(self) -> QSize:
        return QSize(min(GRID * 3, self.sizeHint().width()), super().minimumSizeHint().height())

    @property
    def shown_text(self) -> str:
        """As much of the text as fits."""
        text, metrics, room = self.text(), self.fontMetrics(), self.contentsRect().width()
        if metrics.horizontalAdvance(text) <= room:
            return text
        return metrics.elidedText(text, Qt.TextElideMode.ElideRight, room)

    def paintEvent(self, event: QPaintEvent) -> None:
        shown = self.shown_text
        if shown == self.text():
            super().paintEvent(event)
            return
        painter = QPainter(self)
        alignment = int(self.alignment().value)
        self.style().drawItemText(
            painter,
            self.contentsRect(),
            alignment,
            self.palette(),
            self.isEnabled(),
            shown,
            self.foregroundRole(),
        )
        painter.end()
