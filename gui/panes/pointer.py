"""What the pointer does over a pane's plots: it reads, chooses layers, and moves through the epochs."""

from typing import TYPE_CHECKING, Any

import pyqtgraph as pg
from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QCursor, QGuiApplication
from PySide6.QtWidgets import QToolTip

from gui.common.tips import in_lines

if TYPE_CHECKING:
    from .pane import Pane


class Pointer:
    """Follows the pointer over the plots of a pane and speaks through the pane's signals."""

    def __init__(self, pane: "Pane", plot: pg.GraphicsView) -> None:
        self._pane = pane
        self._plot = plot
        plot.scene().sigMouseMoved.connect(self._hover)
        plot.scene().sigMouseClicked.connect(self._click)

    def _place(self, position: QPointF) -> tuple[QPointF, int] | None:
        """Where a point of the scene lies, in the units of the plot that holds it, and which plot that is."""
        if not self._pane.has_content():
            return None
        for number, item in enumerate(self._pane.plot_items):
            box = item.getViewBox()
            if item.isVisible() and box.sceneBoundingRect().contains(position):
                return box.mapSceneToView(position), number
        return None

    def _hover(self, position: QPointF) -> None:
        found = self._place(position)
        text, node_id = self._pane.read_at(*found) if found else ("", None)
        QToolTip.showText(QCursor.pos(), in_lines(text), self._plot)  # an empty text hides it
        pressed = QGuiApplication.mouseButtons() & Qt.MouseButton.LeftButton
        if found and pressed and self._choose_epoch(*found):
            self._choose_layer(node_id)

    def _click(self, event: Any) -> None:
        found = self._place(event.scenePos())
        if found and event.button() == Qt.MouseButton.LeftButton:
            self._choose_layer(self._pane.read_at(*found)[1])
            self._choose_epoch(*found)

    def _choose_layer(self, node_id: str | None) -> None:
        if node_id is not None and self._pane.selected != {node_id}:
            self._pane.layer_chosen.emit(node_id)

    def _choose_epoch(self, place: QPointF, plot: int) -> bool:
        """Move the playhead; whether there are epochs at the place."""
        epoch = self._pane.epoch_at(place, plot)
        if epoch is not None:
            self._pane.epoch_chosen.emit(epoch)
        return epoch is not None
