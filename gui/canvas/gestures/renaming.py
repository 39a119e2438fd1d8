"""Renaming a layer on its card."""

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QFocusEvent, QKeyEvent
from PySide6.QtWidgets import QGraphicsView, QLineEdit

from engine.graph import Rename
from engine.graph.edits import MAXIMUM_NAME
from engine.language import tr
from gui.common.theme import GRID
from gui.document import Document


class NameEditor(QLineEdit):
    """A line over the card's title. Enter or leaving it renames, Esc does not."""

    def __init__(self, view: QGraphicsView) -> None:
        super().__init__(view.viewport())
        self._view = view
        self._document: Document | None = None
        self._node_id = ""
        self.setMaxLength(MAXIMUM_NAME)
        self.setAccessibleName(tr("Name of the layer"))
        self.hide()

    def begin(self, document: Document, node_id: str, card: QRectF) -> None:
        """Show the line over a card (in the viewport's coordinates)."""
        self._document, self._node_id = document, node_id
        node = document.graph.nodes[node_id]
        self.setText(node.name)
        self.setPlaceholderText(node.label)
        width = max(int(card.width()) - 2 * GRID, 15 * GRID)
        self.setGeometry(
            int(card.x()) + GRID, int(card.y()) + GRID // 2, width, self.sizeHint().height()
        )
        self.selectAll()
        self.show()
        self.setFocus()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self._end(keep=False)
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._end(keep=True)
        else:
            super().keyPressEvent(event)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self._end(keep=True)

    def _end(self, *, keep: bool) -> None:
        document, self._document = self._document, None
        if document is None:
            return
        self.hide()
        self._view.setFocus()
        node = document.graph.nodes.get(self._node_id)
        name = self.text().strip()
        if keep and node is not None and name != node.name:
            document.do(Rename(self._node_id, name))
