"""One layer's distribution over the epochs as a heat map, with the playhead in it."""

from typing import cast

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QRectF, Qt

from engine.language import tr
from engine.training import OverEpochs
from gui.common.theme import GRID, Theme

from .density_item import DensityItem
from .layer_rows import fitting
from .mark_line import MarkLine
from .plots import entitle
from .spread_axes import Counts, Span, SpreadAxis, Track, evenly

_TICK_SPACE = 5.0 * GRID


class EpochLines:
    """The shown and the pinned epoch in a plot whose x axis are epochs, and that axis."""

    def __init__(self) -> None:
        self.now, self.pinned = MarkLine(), MarkLine()
        self._range: object = None

    def furnish(self, plot: pg.PlotItem) -> None:
        """Put the lines into a new plot."""
        self._plot = plot
        plot.setLabel("bottom", tr("epoch"))
        for line in (self.pinned, self.now):
            line.setZValue(10)
            line.join(plot)

    def color(self, theme: Theme, over_map: bool) -> None:
        """Draw in a theme's colours, or so that they are seen over a heat map."""
        now = "#ffffff" if over_map else theme.accent
        self.now.set_line(theme.pen(now, 2.0))
        dashed = "#ffffff" if over_map else theme.text
        self.pinned.set_line(theme.pen(dashed, 1.0, style=Qt.PenStyle.DashLine))

    def draw(self, first: int, last: int, shown: int, pinned: int | None) -> None:
        """Mark epochs, all by their number; the axis reaches from `first` to `last`."""
        self.now.mark(shown)
        self.pinned.mark(pinned)
        wanted = first, last, self._plot.getViewBox().width()
        if wanted != self._range:
            self._range = wanted
            self._plot.getViewBox().setXRange(first - 0.5, last + 0.5, padding=0.0)
            self._plot.getAxis("bottom").setTicks([epoch_ticks(first, last, wanted[2])])


class EpochMap:
    """Draws a track of histograms: x are epochs, y the values."""

    def __init__(self) -> None:
        self.image = DensityItem()
        self.lines = EpochLines()
        self._range: object = None
        self.restart()

    def restart(self) -> None:
        """Another run begins."""
        self._track = Track()
        self._drawn: object = None
        self._seen: tuple[int, int, Span | None] = (-1, -1, None)

    def furnish(self, plot: pg.PlotItem) -> None:
        """Put the items into a new plot."""
        self._plot = plot
        plot.addItem(self.image)
        self.lines.furnish(plot)

    def color(self, theme: Theme) -> None:
        """Draw in a theme's colours."""
        self.image.set_theme(theme)
        self.lines.color(theme, over_map=True)

    def span(self, row: int, track: OverEpochs, axis: SpreadAxis) -> Span | None:
        """The part of the axis that the track of a table's row needs; only new epochs are looked at."""
        epochs, counts = track.epochs, cast(Counts, track.values)
        seen_row, last, span = self._seen
        if seen_row != row:
            last, span = -1, None
        new = axis.span(counts[epochs > last])
        if new is not None:
            span = new if span is None else (min(new[0], span[0]), max(new[1], span[1]))
        self._seen = row, int(epochs[-1]), span
        return span

    def draw(
        self, row: int, track: OverEpochs, axis: SpreadAxis, span: Span, first: int, title: str
    ) -> None:
        """Show the track of a table's row on a part of an axis; `first` is the number of the history's first epoch."""
        epochs, counts = track.epochs, cast(Counts, track.values)
        wanted = row, span, len(epochs), int(epochs[-1])
        if wanted != self._drawn:
            self._drawn = wanted
            density = self._track.update(row, epochs, counts, axis, span)
            columns = density[evenly(epochs)]
            low, high = first + int(epochs[0]), first + int(epochs[-1])
            half = (high - low) / max(1, len(columns) - 1) / 2 or 0.5
            room = QRectF(low - half, span[0], high - low + 2 * half, span[1] - span[0])
            self.image.show_density(columns.T, room)
        box = self._plot.getViewBox()
        if (span, title, box.height()) != self._range:
            self._range = span, title, box.height()
            box.setYRange(*span, padding=0.01)
            entitle(self._plot, "left", title)
            self._plot.getAxis("left").setTicks([fitting(axis, span, box.height())])


def epoch_ticks(first: int, last: int, width: float) -> list[tuple[float, str]]:
    """Whole epochs at steps of 1, 2 or 5 times a power of ten, so many that no label overlaps another."""
    fits = max(1.0, width / _TICK_SPACE)
    needed = max(1.0, (last - first) / fits)
    power = 10.0 ** np.floor(np.log10(needed))
    step = int(next(m * power for m in (1, 2, 5, 10) if m * power >= needed - 1e-9))
    start = -(-first // step) * step
    return [(float(epoch), str(epoch)) for epoch in range(start, last + 1, step)]
