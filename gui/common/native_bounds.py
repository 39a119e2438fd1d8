"""Items whose bounds Qt knows without asking Python."""

from PySide6.QtCore import QRectF, Qt
from PySide6.QtWidgets import QGraphicsItem, QGraphicsRectItem


class NativeBounds(QGraphicsRectItem):
    """A rectangle that is not seen; what is drawn in it, `paint` decides.

    Qt asks every item for its bounds several times a picture. With hundreds of items, answers in Python take longer
    than painting.
    """

    def __init__(self, bounds: QRectF, parent: QGraphicsItem | None = None) -> None:
        super().__init__(bounds, parent)
        self.setPen(Qt.PenStyle.NoPen)  # else the pen's width comes on top
