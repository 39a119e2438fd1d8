"""Colours, lines and type: every theme stated once, and the palette that Qt's Fusion style gets."""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from string import Template
from typing import Literal

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtGui import QColor, QFont, QPalette, QPen
from PySide6.QtWidgets import QApplication

GRID = 8
"""Every margin and gap is a multiple of this many pixels (or half of it)."""

ThemeName = Literal["light", "dark", "projector", "high_contrast"]
ThemeChoice = Literal["system", "light", "dark", "projector", "high_contrast"]


@dataclass(frozen=True, slots=True)
class Theme:
    """One set of colours, as `#rrggbb`. Flow colours and curves stay apart for colour-blind eyes."""

    name: ThemeName
    window: str
    surface: str
    """Canvas and plot background."""
    card: str
    text: str
    muted: str
    """Secondary text; still 4.5 : 1 on `window` and `surface`."""
    border: str
    grid: str
    accent: str
    accent_text: str
    error: str
    warning: str
    vanishing: str
    healthy: str
    exploding: str
    nonfinite: str
    series: tuple[str, ...]
    """Colours of curves, in their order."""
    categories: tuple[str, ...]
    """Colours of layer categories, in the order of `engine.layers.CATEGORIES`."""
    ridge: str
    heat_map: str
    """Name of the colour map of heat maps."""
    line_width: float = 1.0
    """Factor on the width of every drawn line and the size of every drawn mark."""
    type_scale: float = 1.0
    """Factor on the size of all letters."""

    def pen(
        self,
        color: str | QColor,
        width: float = 1.0,
        alpha: float = 1.0,
        style: Qt.PenStyle = Qt.PenStyle.SolidLine,
    ) -> QPen:
        """A pen in one of the colours by name, as `#rrggbb` or as Qt has it; the same width at any zoom.

        It is `width` pixels times `line_width` wide; `alpha` makes a colour fainter than it is.
        """
        known = isinstance(color, QColor) or color.startswith("#")
        ink = QColor(color) if known else self.color(str(color))
        ink.setAlphaF(ink.alphaF() * alpha)
        pen = QPen(ink, width * self.line_width, style)
        pen.setCosmetic(True)
        return pen

    def color(self, name: str, alpha: float = 1.0) -> QColor:
        """One of the colours by name, with an opacity."""
        color = QColor(getattr(self, name))
        color.setAlphaF(alpha)
        return color


LIGHT = Theme(
    name="light",
    window="#f3f4f6",
    surface="#fcfcfd",
    card="#ffffff",
    text="#1b1f24",
    muted="#59636e",
    border="#c5cbd3",
    grid="#e4e7eb",
    accent="#2058c7",
    accent_text="#ffffff",
    error="#b3261e",
    warning="#8a5a00",
    vanishing="#1d6dce",
    healthy="#4f7560",
    exploding="#be4903",
    nonfinite="#b0208f",
    series=("#2058c7", "#bb4c01", "#2c7146", "#6d247f", "#00798c", "#4d3a00"),
    categories=(
        "#59636e",
        "#2058c7",
        "#c2500a",
        "#2f7d4f",
        "#00798c",
        "#8a3ea8",
        "#7a5c00",
        "#b3286b",
    ),
    ridge="#2058c7",
    heat_map="viridis",
)

DARK = Theme(
    name="dark",
    window="#1d2025",
    surface="#15171b",
    card="#262a31",
    text="#e8eaed",
    muted="#a3acb8",
    border="#434a55",
    grid="#2b3038",
    accent="#6ea0ff",
    accent_text="#0c1424",
    error="#ff8a80",
    warning="#f0b64a",
    vanishing="#5ca8ff",
    healthy="#8fb8a0",
    exploding="#f7811b",
    nonfinite="#db74c5",
    series=("#6ea0ff", "#ff9a4d", "#74c69a", "#bd7ac4", "#56d0e6", "#f5e9a8"),
    categories=(
        "#a3acb8",
        "#6ea0ff",
        "#ff9a4d",
        "#74c69a",
        "#4fc4d6",
        "#cf93ea",
        "#e0c060",
        "#ff8fb8",
    ),
    ridge="#6ea0ff",
    heat_map="viridis",
)

PROJECTOR = replace(
    LIGHT,
    name="projector",
    window="#ffffff",
    surface="#ffffff",
    text="#000000",
    muted="#333a42",
    border="#6b7480",
    grid="#b9c0c9",
    line_width=1.75,
    type_scale=1.3,
)
"""For a bright room and the last row: larger type, thicker lines, nothing pale."""

HIGH_CONTRAST = Theme(
    name="high_contrast",
    window="#000000",
    surface="#000000",
    card="#000000",
    text="#ffffff",
    muted="#e0e0e0",
    border="#ffffff",
    grid="#5c5c5c",
    accent="#ffe14d",
    accent_text="#000000",
    error="#ffa39b",
    warning="#ffd24d",
    vanishing="#9cecff",
    healthy="#d0f0dc",
    exploding="#ffac49",
    nonfinite="#ff6ce2",
    series=("#97b5cd", "#ffa640", "#8fe0b0", "#d98cff", "#2bebff", "#ffffff"),
    categories=(
        "#e0e0e0",
        "#9cc4ff",
        "#ffac49",
        "#8fe0b0",
        "#2bebff",
        "#e0a8ff",
        "#ffe14d",
        "#ff9cc8",
    ),
    ridge="#9cc4ff",
    heat_map="viridis",
    line_width=1.5,
)
"""White on black; every text at least 7 : 1 (WCAG 2.2, success criterion 1.4.6)."""

THEMES: Mapping[ThemeName, Theme] = {
    theme.name: theme for theme in (LIGHT, DARK, PROJECTOR, HIGH_CONTRAST)
}
THEME_CHOICES: tuple[ThemeChoice, ...] = ("system", *THEMES)
_BASE_FONT = "gradient-lab-base-font"


def palette_of(theme: Theme) -> QPalette:
    """The palette for Qt's Fusion style."""
    palette = QPalette()
    role = QPalette.ColorRole
    for target, name in (
        (role.Window, "window"),
        (role.WindowText, "text"),
        (role.Base, "card"),
        (role.AlternateBase, "window"),
        (role.Text, "text"),
        (role.PlaceholderText, "muted"),
        (role.Button, "window"),
        (role.ButtonText, "text"),
        (role.Mid, "border"),
        (role.ToolTipBase, "card"),
        (role.ToolTipText, "text"),
        (role.Highlight, "accent"),
        (role.HighlightedText, "accent_text"),
        (role.Accent, "accent"),
        (role.Link, "accent"),
        (role.BrightText, "error"),
    ):
        palette.setColor(target, theme.color(name))
    for target in (role.WindowText, role.Text, role.ButtonText):
        palette.setColor(QPalette.ColorGroup.Disabled, target, theme.color("muted", 0.6))
    return palette


def outlines_of(theme: Theme) -> str:
    """A style sheet where Fusion's own outlines, which are a darker window colour, could not be seen; else ""."""
    return Template(_OUTLINES).substitute(_colors_of(theme)) if theme is HIGH_CONTRAST else ""


def _colors_of(theme: Theme) -> dict[str, str]:
    """The colours by name."""
    return {f.name: v for f in fields(theme) if isinstance(v := getattr(theme, f.name), str)}


_OUTLINES = """
QLineEdit, QAbstractSpinBox, QComboBox, QTextEdit, QPlainTextEdit {
  border: 1px solid $border; border-radius: 2px; padding: 2px 4px; background: $card; }
QAbstractSpinBox QLineEdit { border: none; padding: 0; }
QLineEdit:focus, QAbstractSpinBox:focus, QComboBox:focus { border: 2px solid $accent; padding: 1px 3px; }
QComboBox::drop-down { border: none; width: 16px; }
QComboBox::down-arrow { width: 8px; height: 4px; background: $text; }
QCheckBox::indicator { width: 11px; height: 11px; border: 1px solid $border; }
QCheckBox::indicator:checked { background: $accent; border-color: $accent; }
QCheckBox:focus { border: 1px solid $accent; }
QPushButton { border: 1px solid $border; border-radius: 2px; padding: 4px 12px; }
QPushButton:focus, QToolButton:focus { border: 2px solid $accent; }
QPushButton:pressed, QToolButton:pressed { background: $grid; }
QToolButton { border: 2px solid transparent; border-radius: 2px; padding: 1px; }
QToolButton:checked { border: 2px solid $border; }
QToolButton::menu-indicator { image: none; }
QScrollBar:vertical { width: 14px; background: $window; border: 1px solid $grid; }
QScrollBar:horizontal { height: 14px; background: $window; border: 1px solid $grid; }
QScrollBar::handle { background: $text; min-height: 24px; min-width: 24px; }
QScrollBar::add-line, QScrollBar::sub-line { width: 0; height: 0; }
QProgressBar { border: 1px solid $border; background: $card; }
QProgressBar::chunk { background: $accent; }
QMenu, QToolTip { border: 1px solid $border; background: $card; color: $text; }
QMenu::item:selected, QMenuBar::item:selected { background: $accent; color: $accent_text; }
QMenu::item:disabled { color: $muted; }
QMainWindow::separator { background: $grid; width: 4px; height: 4px; }
QTabBar::tab { border: 1px solid $border; padding: 4px 8px; background: $window; }
QTabBar::tab:selected { background: $accent; color: $accent_text; }
"""


def scaled_font(font: QFont, factor: float, *, bold: bool = False) -> QFont:
    """A font of the one type scale: `factor` times the application's size."""
    scaled = QFont(font)
    scaled.setPointSizeF(font.pointSizeF() * factor)
    scaled.setBold(bold)
    return scaled


class ThemeSource(QObject):
    """Which theme holds now; follows the system, its wish for contrast too, unless the person chose one."""

    changed = Signal()

    def __init__(self, application: QApplication, choice: ThemeChoice = "system") -> None:
        super().__init__(application)
        self._application = application
        self._choice: ThemeChoice = choice
        self._base_font = _base_font(application)
        self._theme = self._wanted()
        hints = application.styleHints()
        hints.colorSchemeChanged.connect(self._update)
        hints.accessibility().contrastPreferenceChanged.connect(self._update)
        self._dress()

    @property
    def theme(self) -> Theme:
        """The colours that hold now."""
        return self._theme

    @property
    def choice(self) -> ThemeChoice:
        """What the person chose."""
        return self._choice

    @property
    def base_font(self) -> QFont:
        """The letters of the system, without the theme's factor; for what has a fixed size of its own."""
        return QFont(self._base_font)

    def font(self, factor: float, *, bold: bool = False) -> QFont:
        """Letters of the type scale as they are in this theme; to be asked for anew after `changed`."""
        return scaled_font(self._base_font, factor * self._theme.type_scale, bold=bold)

    def choose(self, choice: ThemeChoice) -> None:
        """Hold to one of the themes, or follow the system again."""
        self._choice = choice
        self._update()

    def _wanted(self) -> Theme:
        if self._choice != "system":
            return THEMES[self._choice]
        hints = self._application.styleHints()
        if hints.accessibility().contrastPreference() == Qt.ContrastPreference.HighContrast:
            return HIGH_CONTRAST
        return DARK if hints.colorScheme() == Qt.ColorScheme.Dark else LIGHT

    def _update(self) -> None:
        wanted = self._wanted()
        if wanted is not self._theme:
            self._theme = wanted
            self._dress()
            self.changed.emit()

    def _dress(self) -> None:
        self._application.setPalette(palette_of(self._theme))
        outlines = outlines_of(self._theme)
        if outlines != self._application.styleSheet():
            self._application.setStyleSheet(outlines)
        font = scaled_font(self._base_font, self._theme.type_scale)
        if font != self._application.font():
            self._application.setFont(font)


def _base_font(application: QApplication) -> QFont:
    """The letters that the system gave the application, however often themes have scaled them since."""
    kept = application.property(_BASE_FONT)
    if not isinstance(kept, QFont):
        kept = QFont(application.font())
        application.setProperty(_BASE_FONT, kept)
    return kept
