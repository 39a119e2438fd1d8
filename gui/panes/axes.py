"""Axes of magnitudes and of epochs."""

from collections.abc import Sequence
from typing import Literal

import numpy as np

from gui.common.scales import decade_label
from gui.common.theme import GRID

from .bounded import Axis

Kind = Literal["decades", "epochs", "numbers"]


class FlowAxis(Axis):
    """Ticks at whole powers of ten, at whole epochs, or as pyqtgraph sets them; the kind can be changed."""

    def __init__(self, side: str, kind: Kind = "decades") -> None:
        super().__init__(side)
        self.kind: Kind = kind

    def set_kind(self, kind: Kind) -> None:
        """Show another kind of numbers."""
        self.kind = kind
        self.picture = None
        self.update()

    def tickValues(self, low: float, high: float, size: float) -> list[tuple[float, list[float]]]:
        if self.kind == "numbers":
            ticks: list[tuple[float, list[float]]] = super().tickValues(low, high, size)
            return ticks
        fits = max(1, int(size / (3 * GRID)))
        step = max(1, int(np.ceil((high - low) / fits)))
        if self.kind == "epochs":
            step = round_step(step)
        first = int(np.ceil(low / step)) * step
        return [(float(step), [float(v) for v in range(first, int(np.floor(high)) + 1, step)])]

    def tickStrings(self, values: Sequence[float], scale: float, spacing: float) -> list[str]:
        if self.kind == "numbers":
            strings: list[str] = super().tickStrings(values, scale, spacing)
            return strings
        return [decade_label(v) if self.kind == "decades" else f"{v:.0f}" for v in values]


def round_step(step: int) -> int:
    """The next 1, 2 or 5 times a power of ten."""
    power = int(10 ** (len(str(step)) - 1))
    return next(f * power for f in (1, 2, 5, 10) if f * power >= step)
