"""Where the keyboard is: a ring around the large parts of the window, for which Qt's style draws none."""

from PySide6.QtCore import QRectF
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QWidget

from .theme import Theme

RING = 2
"""Width of the ring in pixels, which a widget keeps free along its border."""


def paint_ring(widget: QWidget, theme: Theme) -> None:
    """Draw the ring just inside a widget's border when it has the keyboard; called from its paint event."""
    if not widget.hasFocus():
        return
    painter = QPainter(widget)
    painter.setPen(theme.pen("accent", RING / theme.line_width))
    inset = RING / 2
    painter.drawRect(QRectF(widget.rect()).adjusted(inset, inset, -inset, -inset))
    painter.end()
