"""A pane's drawing, or in its place the sentence why there is none."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QLabel, QScrollArea, QStackedWidget, QWidget

from gui.common.theme import GRID, Theme

_PLOT, _SENTENCE = 0, 1


class Pages(QStackedWidget):
    """Shows the sentence at first."""

    def __init__(self, plot: QWidget, sentence: str) -> None:
        super().__init__()
        self._explained: str | None = None
        self._sentence = QLabel(sentence)
        self._sentence.setTextFormat(Qt.TextFormat.PlainText)
        self._sentence.setWordWrap(True)
        self._sentence.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._sentence.setMargin(3 * GRID)
        self.insertWidget(_PLOT, plot)
        self.insertWidget(_SENTENCE, _scrolled(self._sentence))
        self.setCurrentIndex(_SENTENCE)

    @property
    def shows_plot(self) -> bool:
        """Whether the drawing is on top."""
        return self.currentIndex() == _PLOT

    def turn_to_plot(self) -> None:
        """Show the drawing."""
        self._explained = None
        self.setCurrentIndex(_PLOT)

    def explain(self, sentence: str) -> bool:
        """Show a sentence instead; False when it was called for before, and nothing has happened since."""
        if sentence == self._explained:
            return False
        self._explained = sentence
        self._sentence.setText(sentence)
        self.setCurrentIndex(_SENTENCE)
        return True

    def set_theme(self, theme: Theme) -> None:
        """Write in other colours."""
        self._sentence.setStyleSheet(f"color: {theme.muted}; background: {theme.surface};")


def _scrolled(label: QLabel) -> QScrollArea:
    """A text that scrolls where the pane is small."""
    area = QScrollArea()
    area.setWidget(label)
    area.setWidgetResizable(True)
    area.setFrameShape(QFrame.Shape.NoFrame)
    area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    return area
