"""What the tables of a run say, computed from them alone: which one is shown, and how the gradient flows. No Qt."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from engine.language import tr
from engine.layers import CATALOGUE
from engine.stats import LayerTable, decades_per_layer
from engine.training import LayerInfo, RunHistory

Verdict = Literal["healthy", "watch", "vanishing", "exploding", "nonfinite", "unknown"]

HEALTHY = 0.05, 20.0
"""First over last RMS ∂L/∂z between these is healthy; below `VANISHING` or above `EXPLODING` is not."""
VANISHING = 0.02
EXPLODING = 100.0

GLYPHS: dict[Verdict, str] = {
    "healthy": "●",
    "watch": "◆",
    "vanishing": "▼",
    "exploding": "▲",
    "nonfinite": "✕",
    "unknown": "○",
}
WORDS: dict[Verdict, str] = {
    "healthy": tr("healthy"),
    "watch": tr("watch"),
    "vanishing": tr("vanishing"),
    "exploding": tr("exploding"),
    "nonfinite": tr("not finite"),
    "unknown": tr("unknown"),
}
COLORS: dict[Verdict, str] = {
    "healthy": "healthy",
    "watch": "warning",
    "vanishing": "vanishing",
    "exploding": "exploding",
    "nonfinite": "nonfinite",
    "unknown": "muted",
}


@dataclass(frozen=True, slots=True)
class View:
    """What is shown now: a table, and where in the run it comes from."""

    table: LayerTable
    epoch: int
    step: int | None
    """The batch of a single step; None for the table of a whole epoch."""

    @property
    def is_trained(self) -> bool:
        """Whether a step was made before."""
        return self.epoch > 0 or self.step is not None

    @property
    def when(self) -> str:
        """`epoch 3`, `epoch 3, batch 7` or `before training`."""
        if self.step is not None:
            return tr("epoch {epoch}, batch {step}").format(epoch=self.epoch, step=self.step)
        return tr("epoch {epoch}").format(epoch=self.epoch) if self.epoch else tr("before training")


def current_view(history: RunHistory | None, epoch: int | None) -> View | None:
    """The table of an epoch, or with None the newest look inside; None when there is nothing yet."""
    if history is None or not history.epochs:
        return None
    if epoch is not None:
        stats = history.epochs[min(epoch, len(history.epochs) - 1)]
        return View(stats.layers, stats.epoch, None)
    if history.snapshot is not None:
        return View(history.snapshot.layers, history.snapshot.epoch, history.snapshot.step)
    return View(history.epochs[-1].layers, history.epochs[-1].epoch, None)


def weight_rows(layers: Sequence[LayerInfo]) -> NDArray[np.int64]:
    """Rows of the layers whose output is a pre-activation z: the ones whose weight an initialiser draws."""
    return _weight_rows(tuple(layer.kind for layer in layers))


@lru_cache(maxsize=8)
def _weight_rows(kinds: tuple[str, ...]) -> NDArray[np.int64]:
    rows = np.array([row for row, kind in enumerate(kinds) if _draws_weight(kind)], np.int64)
    rows.flags.writeable = False
    return rows


def _draws_weight(kind: str) -> bool:
    spec = CATALOGUE.get(kind)
    return spec is not None and spec.initialised


@dataclass(frozen=True, slots=True)
class Flow:
    """The gradient's way through the weight layers, from the input's side to the output's."""

    verdict: Verdict
    ratio: float
    """RMS ∂L/∂z of the first weight layer over that of the last."""
    decades: float
    """Slope of log10 RMS ∂L/∂z, in decades a weight layer; positive: it falls on its way to the input."""
    layers: int


def read_flow(layers: Sequence[LayerInfo], table: LayerTable) -> Flow:
    """Judge the gradient flow of one table by the thresholds above."""
    values = table.activation_gradient_rms[weight_rows(layers)]
    if values.size < 2:
        return Flow("unknown", math.nan, math.nan, values.size)
    if not np.isfinite(values).all():
        return Flow("nonfinite", math.nan, math.nan, values.size)
    if values[-1] == 0:
        return Flow("vanishing", math.nan, math.nan, values.size)
    ratio = float(values[0] / values[-1])
    return Flow(judge(ratio), ratio, decades_per_layer(values), values.size)


def judge(ratio: float) -> Verdict:
    """What RMS ∂L/∂z here over that at the output end says of the gradient."""
    if ratio < VANISHING:
        return "vanishing"
    if ratio > EXPLODING:
        return "exploding"
    return "healthy" if HEALTHY[0] <= ratio <= HEALTHY[1] else "watch"


def share_text(share: float) -> str:
    """A share in per cent; what is not all and not none is never rounded to it."""
    if 0 < share < 0.01:
        return "<1%"
    if 0.99 < share < 1:
        return ">99%"
    return f"{share:.0%}"
