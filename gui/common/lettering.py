"""Short texts that are painted again and again: shaped once, then only drawn."""

from dataclasses import dataclass

from PySide6.QtCore import QPointF, QSizeF, Qt
from PySide6.QtGui import QFont, QPainter, QStaticText, QTransform

from gui.common.theme import scaled_font

_KEPT = 2_000


@dataclass(frozen=True, slots=True)
class Word:
    """A shaped text and its font."""

    text: QStaticText
    font: QFont
    size: QSizeF

    def draw(self, painter: QPainter, corner: QPointF) -> None:
        """Paint with the upper left corner at a point, in the painter's pen."""
        painter.setFont(self.font)
        painter.drawStaticText(corner, self.text)

    def draw_around(self, painter: QPainter, centre: QPointF) -> None:
        """Paint around a point."""
        self.draw(painter, centre - QPointF(self.size.width() / 2, self.size.height() / 2))


class Lettering:
    """The words of the canvas: shares and ratios have few digits, so that few different ones occur."""

    def __init__(self, font: QFont) -> None:
        self._font = font
        self._fonts: dict[float, QFont] = {}
        self._words: dict[tuple[str, float], Word] = {}

    def word(self, text: str, factor: float) -> Word:
        """A text in `factor` times the font's size (to a hundredth)."""
        key = (text, round(factor, 2))
        found = self._words.get(key)
        if found is None:
            if len(self._words) >= _KEPT:
                self._words.clear()
            found = self._words[key] = self._shaped(*key)
        return found

    def _shaped(self, text: str, factor: float) -> Word:
        if factor not in self._fonts:
            self._fonts[factor] = scaled_font(self._font, factor)
        font, shaped = self._fonts[factor], QStaticText(text)
        shaped.setTextFormat(Qt.TextFormat.PlainText)
        shaped.prepare(QTransform(), font)
        return Word(shaped, font, shaped.size())
