"""A table of layers, drawn anew at each epoch: sparkline histograms and gradient bars."""

import math
from collections.abc import Sequence
from types import TracebackType

import numpy as np
from rich.console import Console
from rich.live import Live
from rich.table import Table
from rich.text import Text

from engine.stats import EpochStats, LayerTable, resample
from engine.training import LayerInfo

_REACH = 10.0
_LINEAR = 0.1
_CELLS = 21
_BARS = " ▁▂▃▄▅▆▇█"
_ASCII_BARS = " .:-=+*#@"
_BAR_WIDTH = 12
_LABEL = 16
_DECADES = 6.0
"""A gradient of 10⁻⁶ of the last layer's has an empty bar."""


class LiveView:
    """Draws in place on a terminal; elsewhere it draws nothing."""

    def __init__(self, console: Console, layers: Sequence[LayerInfo], epochs: int) -> None:
        self._layers = layers
        self._epochs = epochs
        self._unicode = console.encoding.lower().startswith("utf")
        self._live = Live(console=console, auto_refresh=False) if console.is_terminal else None

    def __enter__(self) -> "LiveView":
        if self._live is not None:
            self._live.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._live is not None:
            self._live.stop()

    @property
    def in_unicode(self) -> bool:
        """Whether the terminal has block characters."""
        return self._unicode

    def show(self, stats: EpochStats) -> None:
        """Draw an epoch."""
        if self._live is not None:
            table = plain_table(self._layers, stats, self._epochs, in_unicode=self._unicode)
            self._live.update(table, refresh=True)


def plain_table(
    layers: Sequence[LayerInfo], stats: EpochStats, epochs: int, *, in_unicode: bool = True
) -> Table:
    """The table of one epoch, fit for 80 columns."""
    table = Table(title=_title(stats, epochs), box=None, pad_edge=False, title_justify="left")
    table.add_column("layer", no_wrap=True)
    table.add_column(f"output, -{_REACH:g} to {_REACH:g}", no_wrap=True)
    table.add_column("gradient, against last", no_wrap=True)
    table.add_column("dL/dz", justify="right", no_wrap=True)
    bars = _BARS if in_unicode else _ASCII_BARS
    for row, info in enumerate(layers):
        value = float(stats.layers.activation_gradient_rms[row])
        share = _share(stats.layers, row)
        table.add_row(
            Text(_short(info.label)),
            sparkline(stats.layers, row, bars),
            _bar(share, in_unicode=in_unicode),
            "" if math.isnan(value) else f"{value:.1e}",
        )
    return table


def _short(label: str) -> str:
    return label if len(label) <= _LABEL else f"{label[: _LABEL - 2]}.."


def sparkline(table: LayerTable, row: int, bars: str = _BARS) -> str:
    """A histogram of `_CELLS` characters over −10 … 10, on a scale that is linear near zero, then logarithmic."""
    limit = math.asinh(_REACH / _LINEAR)
    edges = np.sinh(np.linspace(-limit, limit, _CELLS + 1)) * _LINEAR
    counts = resample(table.activations.counts[row], edges)
    counts[_CELLS // 2] += table.activations.zeros[row] + table.activations.underflow[row]
    highest = counts.max()
    if not highest:
        return " " * _CELLS
    heights = np.ceil(counts / highest * (len(bars) - 1)).astype(int)
    return "".join(bars[height] for height in heights)


def _share(table: LayerTable, row: int) -> float:
    """The layer's gradient over that of the last layer that has one."""
    values = table.activation_gradient_rms
    known = values[~np.isnan(values)]
    return float(values[row] / known[-1]) if known.size and known[-1] else math.nan


def _bar(share: float, *, in_unicode: bool) -> Text:
    """A bar whose length is logarithmic, with the sign of its verdict: vanishing, healthy, exploding, not finite."""
    if math.isnan(share):
        return Text("")
    glyph, style = _sign(share)
    if not in_unicode:
        glyph = {"▼": "v", "●": "o", "▲": "^", "✕": "x"}[glyph]
    filled = 0.0
    if math.isfinite(share) and share > 0:
        filled = min(1.0, max(0.0, 1.0 + math.log10(share) / _DECADES))
    block = "█" if in_unicode else "#"
    return Text(f"{glyph} {block * round(filled * _BAR_WIDTH)}", style=style)


def _sign(share: float) -> tuple[str, str]:
    if not math.isfinite(share):
        return "✕", "magenta"
    if share < 0.02:
        return "▼", "blue"
    return ("▲", "yellow") if share > 100 else ("●", "green")


def _title(stats: EpochStats, epochs: int) -> str:
    parts = [f"epoch {stats.epoch} of {epochs}", f"loss {stats.train_loss:.3g}"]
    if stats.validation_accuracy is not None:
        parts.append(f"validation accuracy {stats.validation_accuracy:.1%}")
    elif stats.validation_loss is not None:
        parts.append(f"validation loss {stats.validation_loss:.3g}")
    return ", ".join(parts)
