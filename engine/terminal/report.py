"""An epoch as JSON, as CSV rows and as a line of text."""

import contextlib
import csv
import math
from collections.abc import Sequence
from pathlib import Path
from typing import TextIO

import msgspec

from engine.stats import SCALAR_COLUMNS, EpochStats
from engine.training import LayerInfo

_EPOCH_COLUMNS = (
    "train_loss",
    "train_accuracy",
    "validation_loss",
    "validation_accuracy",
    "seconds",
)


def as_json(stats: EpochStats, layers: Sequence[LayerInfo]) -> str:
    """One JSON object on one line; what a layer does not have, or is not finite, is null."""
    rows = [
        {
            "id": info.id,
            "kind": info.kind,
            **{name: _finite(getattr(stats.layers, name)[row]) for name in SCALAR_COLUMNS},
        }
        for row, info in enumerate(layers)
    ]
    figures = {name: _finite(getattr(stats, name)) for name in _EPOCH_COLUMNS}
    return msgspec.json.encode({"epoch": stats.epoch, **figures, "layers": rows}).decode()


def as_line(stats: EpochStats) -> str:
    """One line of text."""
    parts = [f"epoch {stats.epoch}", f"train loss {stats.train_loss:.4g}"]
    if stats.train_accuracy is not None:
        parts.append(f"train accuracy {stats.train_accuracy:.1%}")
    if stats.validation_loss is not None:
        parts.append(f"validation loss {stats.validation_loss:.4g}")
    if stats.validation_accuracy is not None:
        parts.append(f"validation accuracy {stats.validation_accuracy:.1%}")
    return "  ".join([*parts, f"{stats.seconds:.2f} s"])


class CsvRecord:
    """A CSV file that grows by one row for each layer at every epoch, flushed, so that an interruption loses none."""

    def __init__(self, path: Path) -> None:
        self._file: TextIO = path.open("w", encoding="utf-8", newline="")
        self._writer = csv.writer(self._file)
        self._writer.writerow(["epoch", *_EPOCH_COLUMNS, "layer", "kind", *SCALAR_COLUMNS])
        self._file.flush()

    def add(self, stats: EpochStats, layers: Sequence[LayerInfo]) -> None:
        """Append an epoch; an empty field stands for what does not exist."""
        figures = [_field(getattr(stats, name)) for name in _EPOCH_COLUMNS]
        for row, info in enumerate(layers):
            values = [_field(getattr(stats.layers, name)[row]) for name in SCALAR_COLUMNS]
            self._writer.writerow([stats.epoch, *figures, info.id, info.kind, *values])
        self._file.flush()

    def close(self) -> None:
        """Finish the file; on a full disk what was flushed before is what it holds."""
        with contextlib.suppress(OSError):
            self._file.close()


def _finite(value: float | None) -> float | None:
    return None if value is None or not math.isfinite(value) else float(value)


def _field(value: float | None) -> str:
    return "" if value is None or math.isnan(value) else repr(float(value))
