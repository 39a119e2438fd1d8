"""Shifting the view: with the middle button, or with Space held and the left one."""

from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QGraphicsView


class Panning:
    """Moves a view's scroll bars with the pointer; the view hands its keys and mouse events on."""

    def __init__(self, view: QGraphicsView) -> None:
        self._view = view
        self._ready = False
        self._from: QPoint | None = None

    def hold(self, held: bool) -> None:
        """Space is held down, or no longer."""
        self._ready = held
        self._show_cursor()

    def press(self, event: QMouseEvent) -> bool:
        """Begin, if this is how one begins."""
        left = event.button() == Qt.MouseButton.LeftButton
        if event.button() == Qt.MouseButton.MiddleButton or (left and self._ready):
            self._from = event.position().toPoint()
            self._show_cursor()
        return self._from is not None

    def move(self, event: QMouseEvent) -> bool:
        """Shift, if under way."""
        if self._from is None:
            return False
        here = event.position().toPoint()
        shift, self._from = here - self._from, here
        across, down = self._view.horizontalScrollBar(), self._view.verticalScrollBar()
        across.setValue(across.value() - shift.x())
        down.setValue(down.value() - shift.y())
        return True

    def release(self) -> bool:
        """End, if under way."""
        was_moving, self._from = self._from is not None, None
        if was_moving:
            self._show_cursor()
        return was_moving

    def _show_cursor(self) -> None:
        shape = Qt.CursorShape
        if self._from is not None:
            self._view.viewport().setCursor(shape.ClosedHandCursor)
        elif self._ready:
            self._view.viewport().setCursor(shape.OpenHandCursor)
        else:
            self._view.viewport().unsetCursor()
