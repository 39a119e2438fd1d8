"""The live part of a card: the histogram of the layer's outputs, or the run's outcome in words."""

from collections.abc import Sequence

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QFont, QFontMetricsF, QImage, QPainter
from PySide6.QtWidgets import QGraphicsItem, QStyleOptionGraphicsItem, QWidget

from engine.stats.distribution import Distribution
from gui.common.theme import Theme, scaled_font

from .figures import Remark
from .geometry import LIVE_AREA
from .histograms import BARS, HEIGHT, Ink, Pixels, bar_heights, pictures, zero_shares
from .zoom import FAR, NUMBERS

_TOGETHER = 32
"""Pictures that are made at once: those of neighbouring rows are needed together."""
_FONT = 0.74
_TEXT_HEIGHT = 11.0
_BARS_AREA = LIVE_AREA.adjusted(0.0, _TEXT_HEIGHT, 0.0, 0.0)


class Sheet:
    """The histograms of a table's rows as pictures; a row's is made when it is first painted."""

    def __init__(self, found: Distribution, reach: float, ink: Ink) -> None:
        self.found = found
        self.reach = reach
        self._ink = ink
        self._made: dict[int, tuple[Pixels, QImage]] = {}

    def picture(self, row: int) -> tuple[QImage, QRectF]:
        """An image, and where in it the row's histogram is."""
        group, place = divmod(row, _TOGETHER)
        if group not in self._made:
            self._made[group] = self._make(slice(group * _TOGETHER, (group + 1) * _TOGETHER))
        return self._made[group][1], QRectF(0.0, place * HEIGHT, BARS, HEIGHT)

    def _make(self, rows: slice) -> tuple[Pixels, QImage]:
        heights = bar_heights(self.found, rows, self.reach)
        pixels = pictures(heights, zero_shares(self.found, rows), self._ink)
        form = QImage.Format.Format_ARGB32_Premultiplied
        # the image does not own its pixels: both are kept
        return pixels, QImage(pixels.data, BARS, len(pixels) * HEIGHT, BARS * 4, form)


class CardPart(QGraphicsItem):
    """Lies on its card and is painted apart from it, because it changes with every epoch and the card does not."""

    def __init__(self, card: QGraphicsItem, theme: Theme, font: QFont) -> None:
        super().__init__(card)
        self._theme = theme
        self._font = scaled_font(font, _FONT)
        self._ascent = QFontMetricsF(self._font).ascent()
        self._line = QFontMetricsF(self._font).lineSpacing()
        self.sheet: Sheet | None = None
        """Where the bars come from; None without any."""
        self.row = 0
        self.remark = Remark()
        self.words: tuple[str, ...] = ()
        self.setAcceptedMouseButtons(Qt.MouseButton.NoButton)

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to show."""
        return self.sheet is None and not self.words

    def show_bars(self, sheet: Sheet, row: int, remark: Remark) -> None:
        """Show a row's histogram and what it cannot say."""
        self.sheet, self.row, self.remark, self.words = sheet, row, remark, ()
        self.update()

    def show_words(self, words: Sequence[str]) -> None:
        """Show lines of text instead; without any, nothing."""
        if self.sheet is not None or tuple(words) != self.words:
            self.sheet, self.remark, self.words = None, Remark(), tuple(words)
            self.update()

    def set_theme(self, theme: Theme) -> None:
        """Write in other colours."""
        self._theme = theme
        self.update()

    def boundingRect(self) -> QRectF:
        return LIVE_AREA

    def paint(
        self, painter: QPainter, option: QStyleOptionGraphicsItem, _widget: QWidget | None = None
    ) -> None:
        zoom = option.levelOfDetailFromTransform(painter.worldTransform())
        if zoom < FAR:
            return
        if self.sheet is not None:
            image, source = self.sheet.picture(self.row)
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, zoom > 1.0)
            painter.drawImage(_BARS_AREA, image, source)
        if zoom >= NUMBERS:
            self._paint_texts(painter)

    def _paint_texts(self, painter: QPainter) -> None:
        painter.setFont(self._font)
        left, top = LIVE_AREA.left(), LIVE_AREA.top() + self._ascent
        if self.remark.text:
            painter.setPen(self._theme.color(self.remark.color))
            painter.drawText(QPointF(left, top - 1.0), self.remark.text)
        for number, line in enumerate(self.words):
            painter.setPen(self._theme.color("text"))
            painter.drawText(QPointF(left, top + number * self._line), line)
