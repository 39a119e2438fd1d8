"""The sentence under a pane, in a place that never gets lower while its width stays."""

from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QEnterEvent
from PySide6.QtWidgets import QLabel

from gui.common.still import Still


class _Sentence(QLabel):
    """A text that can be marked with the mouse.

    Only while the pointer is over it: at every change, a text that can be marked is painted twice.
    """

    def __init__(self) -> None:
        super().__init__()
        self._can_be_marked = False
        self.setTextInteractionFlags(Qt.TextInteractionFlag.NoTextInteraction)
        self.setTextFormat(Qt.TextFormat.PlainText)  # a layer may be named anything
        self.setWordWrap(True)
        self.setAlignment(Qt.AlignmentFlag.AlignTop)

    def rest(self) -> None:
        """Let go of the marks, unless the pointer is here."""
        if self._can_be_marked and not self.underMouse():
            self._can_be_marked = False
            self.setTextInteractionFlags(Qt.TextInteractionFlag.NoTextInteraction)

    def enterEvent(self, event: QEnterEvent) -> None:
        super().enterEvent(event)
        self._can_be_marked = True
        self.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)

    def leaveEvent(self, event: QEvent) -> None:
        super().leaveEvent(event)
        if not self.hasSelectedText():
            self.rest()


class Caption(Still):
    """A text that wraps. Its place grows with it and holds still then: a plot that jumps cannot be read."""

    def __init__(self) -> None:
        self.label = _Sentence()
        super().__init__(self.label)
        self._said: tuple[str, int] | None = None
        self._longest = 0

    def say(self, text: str) -> bool:
        """Show a text, in as many lines as it takes at the present width; whether its place has another height now."""
        width, before = self.label.width(), self.height()
        if (text, width) == self._said:
            return False
        if self._said is None or width != self._said[1]:
            self.forget()  # it wraps in another way now
        self._said = text, width
        self.label.rest()
        self.label.setText(text)
        if len(text) > self._longest:  # asking how high it stands takes longer than a curve
            self._longest = len(text)
            self.setFixedHeight(max(self.minimumHeight(), self.label.heightForWidth(width)))
        return self.height() != before

    def forget(self) -> None:
        """Begin anew with the height: the next text may take fewer lines."""
        self._said = None
        self._longest = 0
        self.setFixedHeight(0)
