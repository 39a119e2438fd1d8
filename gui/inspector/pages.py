"""What the inspector's pages have in common."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QLabel, QScrollArea, QVBoxLayout, QWidget

from gui.common.theme import GRID, ThemeSource


class Page(QScrollArea):
    """A column of widgets that scrolls when it is long."""

    def __init__(self, themes: ThemeSource) -> None:
        super().__init__()
        self.themes = themes
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        content = QWidget()
        self.column = QVBoxLayout(content)
        self.column.setContentsMargins(GRID * 2, GRID * 2, GRID * 2, GRID * 2)
        self.column.setSpacing(GRID)
        self.column.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.setWidget(content)


class Text(QLabel):
    """A wrapped text in one of the theme's colours."""

    def __init__(
        self, themes: ThemeSource, color: str = "text", factor: float = 1.0, *, bold: bool = False
    ) -> None:
        super().__init__()
        self._themes = themes
        self._color = color
        self.setWordWrap(True)
        self._factor, self._bold = factor, bold
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        themes.changed.connect(self._paint)
        self._paint()

    def say(self, text: str) -> None:
        """Show a text; an empty one takes no room."""
        self.setText(text)
        self.setVisible(bool(text))

    def _paint(self) -> None:
        self.setFont(self._themes.font(self._factor, bold=self._bold))
        self.setStyleSheet(f"color: {getattr(self._themes.theme, self._color)};")
