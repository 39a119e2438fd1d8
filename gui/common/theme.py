"""Colours and type: a light and a dark theme, each stated once, and the palette that Qt's Fusion style gets."""

from dataclasses import dataclass
from typing import Literal

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtGui import QColor, QFont, QPalette
from PySide6.QtWidgets import QApplication

GRID = 8
"""Every margin and gap is a multiple of this many pixels (or half of it)."""

ThemeChoice = Literal["system", "light", "dark"]


@dataclass(frozen=True, slots=True)
class Theme:
    """One set of colours, as `#rrggbb`. The four flow colours stay apart for colour-blind eyes."""

    name: Literal["light", "dark"]
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
    vanishing="#1f6fd1",
    healthy="#5b7f6b",
    exploding="#d4610c",
    nonfinite="#b0208f",
    series=("#2058c7", "#c2500a", "#2f7d4f", "#742e94", "#00798c", "#4d3a00"),
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
    exploding="#ff9a4d",
    nonfinite="#f07ad6",
    series=("#6ea0ff", "#ff9a4d", "#74c69a", "#b565c8", "#4fc4d6", "#f5e9a8"),
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


def scaled_font(font: QFont, factor: float, *, bold: bool = False) -> QFont:
    """A font of the one type scale: `factor` times the application's size."""
    scaled = QFont(font)
    scaled.setPointSizeF(font.pointSizeF() * factor)
    scaled.setBold(bold)
    return scaled


class ThemeSource(QObject):
    """Which theme holds now; follows the system unless the person chose one."""

    changed = Signal()

    def __init__(self, application: QApplication, choice: ThemeChoice = "system") -> None:
        super().__init__(application)
        self._application = application
        self._choice: ThemeChoice = choice
        self._theme = self._wanted()
        application.styleHints().colorSchemeChanged.connect(self._update)
        application.setPalette(palette_of(self._theme))

    @property
    def theme(self) -> Theme:
        """The colours that hold now."""
        return self._theme

    @property
    def choice(self) -> ThemeChoice:
        """What the person chose."""
        return self._choice

    def choose(self, choice: ThemeChoice) -> None:
        """Hold to light or dark, or follow the system again."""
        self._choice = choice
        self._update()

    def _wanted(self) -> Theme:
        if self._choice == "system":
            dark = self._application.styleHints().colorScheme() == Qt.ColorScheme.Dark
            return DARK if dark else LIGHT
        return DARK if self._choice == "dark" else LIGHT

    def _update(self) -> None:
        wanted = self._wanted()
        if wanted is not self._theme:
            self._theme = wanted
            self._application.setPalette(palette_of(wanted))
            self.changed.emit()
