"""A bar for sentences that the person should read: never a dialogue that blocks the window."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QToolButton, QWidget

from engine.language import tr

from .theme import GRID, ThemeSource

Level = Literal["info", "warning", "error"]
_GLYPHS: dict[Level, str] = {"info": "ℹ", "warning": "▲", "error": "✕"}
_SHORT_MS = 8_000


@dataclass(frozen=True, slots=True)
class Remedy:
    """A button beside the sentence."""

    text: str
    run: Callable[[], object]


class NoticeBar(QFrame):
    """Shows the newest sentence with its glyph; errors stay until they are closed, the rest goes by itself."""

    def __init__(self, themes: ThemeSource, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._themes = themes
        self._level: Level = "info"
        self._remedy: Remedy | None = None
        self.setObjectName("notice")
        self._glyph = QLabel()
        self._text = QLabel()
        self._text.setWordWrap(True)
        self._text.setTextInteractionFlags(Qt.TextInteractionFlag.TextBrowserInteraction)
        self._button = QPushButton()
        self._button.clicked.connect(self._act)
        close = QToolButton()
        close.setText("✕")
        close.setAutoRaise(True)
        close.setToolTip(tr("Close this message"))
        close.setAccessibleName(tr("Close this message"))
        close.clicked.connect(self.hide)
        row = QHBoxLayout(self)
        row.setContentsMargins(GRID * 2, GRID // 2, GRID // 2, GRID // 2)
        row.setSpacing(GRID)
        row.addWidget(self._glyph)
        row.addWidget(self._text, 1)
        row.addWidget(self._button)
        row.addWidget(close)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self.hide)
        themes.changed.connect(self._paint)
        self.hide()

    @property
    def sentence(self) -> str:
        """What the bar says; "" when it is hidden."""
        return "" if self.isHidden() else self._text.text()

    def say(self, sentence: str, level: Level = "info", remedy: Remedy | None = None) -> None:
        """Show a sentence, in place of the one before."""
        self._level, self._remedy = level, remedy
        ended = sentence if sentence.endswith((".", "!", "?", "…")) else f"{sentence}."
        self._text.setText(ended)
        self._text.setAccessibleName(ended)
        self._glyph.setText(_GLYPHS[level])
        self._button.setVisible(remedy is not None)
        if remedy is not None:
            self._button.setText(remedy.text)
        self._paint()
        self.show()
        if level == "error" or remedy is not None:
            self._timer.stop()
        else:
            self._timer.start(_SHORT_MS)

    def _act(self) -> None:
        self.hide()
        if self._remedy is not None:
            self._remedy.run()

    def _paint(self) -> None:
        theme = self._themes.theme
        color = {"info": theme.accent, "warning": theme.warning, "error": theme.error}[self._level]
        self.setStyleSheet(
            f"#notice {{ background: {theme.card}; border: 1px solid {color}; "
            f"border-left: 4px solid {color}; }}"
        )
        self._glyph.setStyleSheet(f"color: {color};")
