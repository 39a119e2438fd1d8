"""‖∂L/∂h_t‖ over the steps of a sequence as lines."""

import math
from collections.abc import Sequence

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PySide6.QtCore import Qt

from engine.stats import LayerTable
from gui.common.theme import Theme

from .gradient_marks import log_of
from .time_track import Key, gradient_of

Floats = NDArray[np.float64]

OWN_COLORS = 6
"""So many directions have a colour and a name of their own."""


class TimeLines:
    """A line for each direction, dashed for the cell state of an LSTM; beyond six all others are one item."""

    def __init__(self) -> None:
        self.states = [pg.PlotCurveItem(connect="finite") for _ in range(OWN_COLORS)]
        self.cells = [pg.PlotCurveItem(connect="finite") for _ in range(OWN_COLORS)]
        self.others = pg.PlotCurveItem(connect="finite")
        self.theory = pg.PlotCurveItem()
        self.pinned = pg.PlotCurveItem(connect="finite")
        self.has_cells = False
        """Whether one of the drawn directions has a cell state."""

    @property
    def items(self) -> Sequence[pg.GraphicsObject]:
        """Everything that is drawn, what lies on top last."""
        return [self.others, self.pinned, self.theory, *self.cells, *self.states]

    def set_theme(self, theme: Theme) -> None:
        """Draw in other colours."""
        for state, cell, color in zip(self.states, self.cells, theme.series, strict=True):
            state.setPen(theme.pen(color, 2.0))
            cell.setPen(theme.pen(color, 1.0, style=Qt.PenStyle.DashLine))
        self.others.setPen(theme.pen(theme.color("muted", 0.6), 1.0))
        self.pinned.setPen(theme.pen(theme.color("text", 0.6), 1.0, style=Qt.PenStyle.DashDotLine))
        self.theory.setPen(theme.pen(theme.muted, 2.0, style=Qt.PenStyle.DotLine))

    def draw(self, table: LayerTable) -> Floats:
        """Draw all directions; all logarithms, NaN where there is none."""
        times = [gradient for _, gradient in table.times]
        states = [log_of(gradient.state) for gradient in times]
        cells = [None if g.cell is None else log_of(g.cell) for g in times[:OWN_COLORS]]
        for place in range(OWN_COLORS):
            _show_line(self.states[place], states[place] if place < len(states) else None)
            _show_line(self.cells[place], cells[place] if place < len(cells) else None)
        self._draw_others(states[OWN_COLORS:])
        drawn = [cell for cell in cells if cell is not None]
        self.has_cells = bool(drawn)
        return np.concatenate([*states, *drawn])

    def draw_theory(self, table: LayerTable, key: Key, chi: float) -> bool:
        """A straight line of √χ₁ a step through the last step's value; whether there is one."""
        gradient = gradient_of(table, key)
        forward = key.direction == "forward"
        start = math.nan if gradient is None else float(gradient.state[-1 if forward else 0])
        shown = gradient is not None and chi > 0 and math.isfinite(start) and start > 0
        self.theory.setVisible(shown)
        if shown and gradient is not None:
            steps = np.arange(gradient.state.size, dtype=np.float64)
            back = steps[::-1] if forward else steps
            self.theory.setData(steps, math.log10(start) + back * math.log10(chi) / 2)
        return shown

    def draw_pinned(self, table: LayerTable | None, key: Key) -> bool:
        """The direction as it was at another epoch; whether there is such a line."""
        gradient = None if table is None else gradient_of(table, key)
        _show_line(self.pinned, None if gradient is None else log_of(gradient.state))
        return gradient is not None

    def _draw_others(self, lines: Sequence[Floats]) -> None:
        self.others.setVisible(bool(lines))
        if lines:
            ended = [np.append(line, np.nan) for line in lines]
            x = [np.arange(line.size, dtype=np.float64) for line in ended]
            self.others.setData(np.concatenate(x), np.concatenate(ended))


def _show_line(item: pg.PlotCurveItem, logs: Floats | None) -> None:
    item.setVisible(logs is not None)
    if logs is not None:
        item.setData(np.arange(logs.size, dtype=np.float64), logs)
