"""From which zoom on what is shown; below it, it would be too small to be read."""

from PySide6.QtGui import QPainter

TEXTS = 0.62
"""Settings, numbers and remarks; below it a card shows its name only, a wire its glyph."""
HISTOGRAMS = 0.45
"""Histograms."""
BLOCKS = 0.28
"""Names and glyphs; below it there are only blocks of colour."""


def zoom_of(painter: QPainter) -> float:
    """How large the canvas is drawn; it is never turned nor stretched."""
    return painter.worldTransform().m11()


def enlarged(zoom: float, most: float = 2.0) -> float:
    """By how much a text grows so that it keeps its size on the screen while the canvas shrinks."""
    return min(most, 1.0 / min(1.0, zoom))
