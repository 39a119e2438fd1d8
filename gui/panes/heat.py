"""Heat maps of magnitudes over the epochs: epochs go up the page, colours are decades."""

from dataclasses import dataclass

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PySide6.QtCore import QRectF

from engine.language import tr
from gui.common.scales import decade_label
from gui.common.theme import Theme

from .mark_line import MarkLine

Floats = NDArray[np.float64]
Codes = NDArray[np.uint8]

NONE, ZERO, LOWEST, HIGHEST, NONFINITE = 0, 1, 2, 254, 255
"""What a pixel stands for: no such value, exactly 0, the colours from low to high, and not finite."""
MOST_ROWS = 512
"""More epochs than a pane has pixels are thinned."""
_BAR_GAP, _BAR_WIDTH = 0.02, 0.03
_BAR_INSET = 0.06
"""The labels at the bar's ends need room too."""
_BAR_STEPS = 64


@dataclass(frozen=True, slots=True, eq=False)
class Magnitudes:
    """What is to be drawn: a value for each epoch and column."""

    epochs: NDArray[np.int64]
    """Numbers of the epochs, ascending; shape (n,)."""
    values: Floats
    """Shape (n, columns); NaN where it is not a finite number."""
    applies: NDArray[np.bool_]
    """Whether there can be a value at all; shape (n, columns) or (columns,)."""


def evenly(epochs: NDArray[np.int64], most: int = MOST_ROWS) -> NDArray[np.int64]:
    """Which of the epochs to draw as rows of one height: all when they are neighbours, else the nearest ones."""
    if not epochs.size:
        return np.empty(0, np.int64)
    span = int(epochs[-1] - epochs[0]) + 1
    wanted = np.linspace(epochs[0], epochs[-1], min(span, most))
    after = np.clip(np.searchsorted(epochs, wanted), 1, max(1, epochs.size - 1))
    if epochs.size == 1:
        return np.zeros(1, np.int64)
    nearer = wanted - epochs[after - 1] <= epochs[after] - wanted
    return np.where(nearer, after - 1, after)


def decades_of(values: Floats, applies: NDArray[np.bool_]) -> tuple[float, float]:
    """Whole decades that hold every positive finite value; at least one, and from 10⁻¹ to 1 without any."""
    good = values[np.isfinite(values) & (values > 0) & applies]
    if not good.size:
        return -1.0, 0.0
    low, high = float(np.floor(np.log10(good.min()))), float(np.ceil(np.log10(good.max())))
    return low, max(high, low + 1.0)


def codes_of(values: Floats, applies: NDArray[np.bool_], low: float, high: float) -> Codes:
    """A pixel for each value, by the decades from `low` to `high`."""
    finite = np.isfinite(values)
    positive = finite & (values > 0)
    logs = np.log10(np.where(positive, values, 1.0))
    steps = np.rint((logs - low) / (high - low) * (HIGHEST - LOWEST))
    codes = (np.clip(steps, 0, HIGHEST - LOWEST) + LOWEST).astype(np.uint8)
    codes[finite & ~positive] = ZERO
    codes[~finite] = NONFINITE
    codes[~np.broadcast_to(applies, codes.shape)] = NONE
    return codes


def logs_of(codes: Codes, low: float, high: float) -> Floats:
    """The decades that pixels stand for; NaN where there is no logarithm."""
    logs = low + (codes.astype(np.float64) - LOWEST) / (HIGHEST - LOWEST) * (high - low)
    return np.where((codes >= LOWEST) & (codes <= HIGHEST), logs, np.nan)


def round_up(count: int, whole: int) -> int:
    """How many epochs the page has room for: it grows by leaps, so that the axis stands still between them."""
    room = 4
    while room < count:
        room = room * 3 // 2 if room & (room - 1) == 0 else room * 4 // 3
    return max(count, min(room, whole)) if whole else room


class HeatMap:
    """One image of all columns and epochs, a colour bar beside it, and a line at the epoch that is shown."""

    def __init__(self) -> None:
        self.image = pg.ImageItem(axisOrder="row-major")
        self.bar = pg.ImageItem(axisOrder="row-major")
        self.playhead = MarkLine(level=True)
        self.levels = (-1.0, 0.0)
        """Decades of the lowest and the highest colour."""
        self._drawn: object = None
        self._framed: object = None
        self._plot: pg.PlotItem | None = None
        self._lookup: Codes = np.zeros((256, 4), np.uint8)
        self.bar.setImage(
            np.linspace(LOWEST, HIGHEST, _BAR_STEPS).astype(np.uint8)[:, None], autoLevels=False
        )

    def join(self, plot: pg.PlotItem) -> None:
        """Put the items into a plot; they are not seen at first."""
        self._plot = plot
        for item in (self.image, self.bar):
            plot.addItem(item)
        self.playhead.join(plot)
        self.set_visible(False)

    def set_visible(self, visible: bool) -> None:
        """Show or hide everything."""
        for item in (self.image, self.bar, self.playhead):
            item.setVisible(visible)
        assert self._plot is not None
        self._plot.showAxis("right", visible)
        self._drawn = self._framed = None

    def set_theme(self, theme: Theme) -> None:
        """Draw in other colours."""
        self._lookup = lookup_of(theme)
        for item in (self.image, self.bar):
            item.setLookupTable(self._lookup)
        self.playhead.set_line(theme.pen(theme.color("text"), 1.5))

    def restart(self) -> None:
        """Forget the range of the run before."""
        self.levels = (-1.0, 0.0)
        self._drawn = None

    def is_drawn(self, of: object) -> bool:
        """Whether what is called `of` is what the image shows; it need not be computed again then."""
        return of == self._drawn

    @property
    def has_misfits(self) -> bool:
        """Whether anything is exactly zero, or not a finite number."""
        codes = self.image.image
        return codes is not None and bool(((codes == ZERO) | (codes == NONFINITE)).any())

    def draw(self, content: Magnitudes, of: object) -> None:
        """Show values; `of` is what they are called, see `is_drawn`."""
        chosen = evenly(content.epochs)
        values = content.values[chosen]
        applies = content.applies if content.applies.ndim == 1 else content.applies[chosen]
        self.levels = decades_of(values, applies)
        codes = codes_of(values, applies, *self.levels)
        self.image.setImage(codes, autoLevels=False)
        bottom, top = (content.epochs[0] - 0.5, content.epochs[-1] + 0.5) if codes.size else (0, 1)
        self.image.setRect(QRectF(-0.5, bottom, max(1, codes.shape[1]), top - bottom))
        self._drawn = of

    def frame(self, columns: int, first: int, count: int, whole: int, title: str) -> None:
        """Let the page hold the columns and the epochs, with the colour bar at its right edge."""
        assert self._plot is not None
        room = round_up(count, whole)
        wanted = (columns, first, room, self.levels, title)
        if wanted == self._framed:
            return
        self._framed = wanted
        end, bottom, top = columns - 0.5, first - 0.5, first + room - 0.5
        gap, width = _BAR_GAP * columns, _BAR_WIDTH * columns
        inset = _BAR_INSET * room
        self.bar.setRect(QRectF(end + gap, bottom + inset, width, room - 2 * inset))
        box = self._plot.getViewBox()
        box.setRange(xRange=(-0.5, end + gap + width), yRange=(bottom, top), padding=0.0)
        axis = self._plot.getAxis("right")
        axis.setTicks([self._bar_ticks(bottom + inset, top - inset)])
        axis.setLabel(title)

    def _bar_ticks(self, bottom: float, top: float) -> list[tuple[float, str]]:
        low, high = (round(level) for level in self.levels)
        step = max(1, -(-(high - low) // 6))
        scale = (top - bottom) / (high - low)
        return [(bottom + (d - low) * scale, decade_label(d)) for d in range(low, high + 1, step)]


def lookup_of(theme: Theme) -> Codes:
    """The colour of each code, shape (256, 4)."""
    table = np.zeros((256, 4), np.uint8)
    colors = pg.colormap.get(theme.heat_map).getLookupTable(nPts=HIGHEST - LOWEST + 1, alpha=True)
    table[LOWEST : HIGHEST + 1] = colors
    for code, name in ((ZERO, "vanishing"), (NONFINITE, "nonfinite")):
        color = theme.color(name)
        table[code] = color.red(), color.green(), color.blue(), 255
    return table


def misfit_key(theme: Theme) -> str:
    """What the colours beside the scale mean, as rich text for a legend."""
    return tr(
        '<span style="color: {vanishing};">■</span> exactly 0 &nbsp; <span '
        'style="color: {nonfinite};">■</span> not finite'
    ).format(vanishing=theme.vanishing, nonfinite=theme.nonfinite)
