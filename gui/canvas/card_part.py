"""The live part of a card: the histogram of the layer's outputs, or the run's outcome in words."""

from collections.abc import Callable, Sequence
from functools import cached_property, lru_cache

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QImage, QPainter
from PySide6.QtWidgets import QGraphicsItem, QStyleOptionGraphicsItem, QWidget

from engine.stats.distribution import Distribution
from gui.common.lettering import Lettering
from gui.common.native_bounds import NativeBounds
from gui.common.theme import Theme
from gui.training.reading import COLORS, Verdict

from .figures import NO_REMARK, Remark
from .geometry import CARD, CARD_BAR, CARD_BLOCK, LIVE_AREA
from .histograms import BARS, HEIGHT, Ink, Pixels, bar_heights, pictures, zero_shares
from .zoom import BLOCKS, HISTOGRAMS, TEXTS, enlarged, zoom_of

_TOGETHER = 32
"""Pictures that are made at once: those of neighbouring rows are needed together."""
_FONT = 0.74
_TEXT_HEIGHT = 11.0
_BARS_AREA = LIVE_AREA.adjusted(0.0, _TEXT_HEIGHT, 0.0, 0.0)


class Sheet:
    """The histograms of a table's rows as pictures; a row's is made when it is first painted, if it ever is."""

    def __init__(self, found: Distribution, reach: Callable[[], float], ink: Ink) -> None:
        self.found = found
        self._find_reach = reach
        self._ink = ink
        self._made: dict[int, tuple[Pixels, QImage]] = {}

    @cached_property
    def reach(self) -> float:
        """The size of the values at both ends of the pictures."""
        return self._find_reach()

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


class CardPart(NativeBounds):
    """Lies on its card and is painted apart from it, because it changes with every epoch and the card does not."""

    def __init__(self, card: QGraphicsItem, theme: Theme, lettering: Lettering) -> None:
        super().__init__(CARD, card)
        self._theme = theme
        self._lettering = lettering
        self.sheet: Sheet | None = None
        """Where the bars come from; None without any."""
        self.row = 0
        self.remark = NO_REMARK
        self.words: tuple[str, ...] = ()
        self.verdict: Verdict | None = None
        """What is judged of the gradient at the layer's output; None where there is nothing to judge."""
        self.setAcceptedMouseButtons(Qt.MouseButton.NoButton)

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to show."""
        return self.sheet is None and not self.words

    def show_bars(
        self, sheet: Sheet, row: int, remark: Remark, verdict: Verdict | None, *, near: bool
    ) -> None:
        """Show a row's histogram, what it cannot say, and the verdict; not `near`, only the verdict is to be seen."""
        differs = near or self.sheet is None or verdict != self.verdict
        self.sheet, self.row, self.remark, self.words = sheet, row, remark, ()
        self.verdict = verdict
        if differs:
            self.update()

    def show_words(self, words: Sequence[str]) -> None:
        """Show lines of text instead; without any, nothing."""
        if self.sheet is not None or tuple(words) != self.words:
            self.sheet, self.remark, self.words, self.verdict = None, NO_REMARK, tuple(words), None
            self.update()

    def set_theme(self, theme: Theme) -> None:
        """Write in other colours."""
        self._theme = theme
        self.update()

    def paint(
        self, painter: QPainter, _option: QStyleOptionGraphicsItem, _widget: QWidget | None = None
    ) -> None:
        zoom = zoom_of(painter)
        if zoom < HISTOGRAMS:
            self._paint_verdict(painter, zoom)
            return
        if self.sheet is not None:
            image, source = self.sheet.picture(self.row)
            if zoom > 1.0:
                painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
            painter.drawImage(_BARS_AREA, image, source)
        if zoom >= TEXTS and (self.words or self.remark.text):
            self._paint_texts(painter, _FONT * enlarged(zoom, 1.25))

    def _paint_verdict(self, painter: QPainter, zoom: float) -> None:
        """A bar below the name, or from very far the whole card, in the colour of the gradient."""
        if self.verdict is not None:
            color = _opaque(getattr(self._theme, COLORS[self.verdict]))
            painter.fillRect(CARD_BLOCK if zoom < BLOCKS else CARD_BAR, color)

    def _paint_texts(self, painter: QPainter, factor: float) -> None:
        place = LIVE_AREA.topLeft()
        if self.remark.text:
            painter.setPen(self._theme.color(self.remark.color))
            self._lettering.word(self.remark.text, factor).draw(painter, place)
        for line in self.words:
            painter.setPen(self._theme.color("text"))
            word = self._lettering.word(line, factor)
            word.draw(painter, place)
            place += QPointF(0.0, word.size.height())


@lru_cache(maxsize=32)
def _opaque(color: str) -> QColor:
    """A colour that is read from its name once, not for every card of a picture."""
    return QColor(color)
