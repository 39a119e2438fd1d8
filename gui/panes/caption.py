"""The sentence under a pane, in a place that never gets lower while its width stays."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel

from gui.common.still import Still


class Caption(Still):
    """A text that wraps. Its place grows with it and holds still then: a plot that jumps cannot be read."""

    def __init__(self) -> None:
        self.label = QLabel()
        self.label.setWordWrap(True)
        self.label.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        super().__init__(self.label)
        self._said: tuple[str, int] | None = None
        self._longest = 0

    def say(self, text: str) -> None:
        """Show a text, in as many lines as it takes at the present width."""
        width = self.label.width()
        if (text, width) == self._said:
            return
        if self._said is None or width != self._said[1]:
            self.forget()  # it wraps in another way now
        self._said = text, width
        self.label.setText(text)
        if len(text) > self._longest:  # asking how high it stands takes longer than a curve
            self._longest = len(text)
            self.setFixedHeight(max(self.minimumHeight(), self.label.heightForWidth(width)))

    def forget(self) -> None:
        """Begin anew with the height: the next text may take fewer lines."""
        self._said = None
        self._longest = 0
        self.setFixedHeight(0)
