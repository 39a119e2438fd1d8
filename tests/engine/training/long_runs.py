"""Runs of any length with made-up figures, and what they hold, in plain lists."""

from dataclasses import replace
from typing import Any

import msgspec
import numpy as np

from engine.stats import (
    DISTRIBUTIONS,
    SCALAR_COLUMNS,
    BatchNormStats,
    EpochStats,
    LayerTable,
    StepStats,
    TimeGradient,
)
from engine.training import LayerInfo, RunStarted


def started(layers: int, first_epoch: int = 0) -> RunStarted:
    """The start of a run."""
    infos = tuple(LayerInfo(f"l{row}", "Linear", f"Linear {row}", True) for row in range(layers))
    return RunStarted(1, infos, 99, 3, 16, 10, 48, 8, "Made up", first_epoch=first_epoch)


def epoch(number: int, layers: int, steps: int = 3, *, special: bool = True) -> EpochStats:
    """Figures that differ from epoch to epoch, with every kind of value that a table can hold."""
    random = np.random.default_rng(number)
    table = LayerTable.empty(layers, 16)
    for name in SCALAR_COLUMNS[2:]:
        getattr(table, name)[:] = random.normal(size=layers)
    for name in DISTRIBUTIONS:
        found = getattr(table, name)
        shape = found.counts.shape
        found.counts[:] = random.integers(0, 900, shape) * (random.random(shape) < 0.4)
        for column in (found.mean, found.std):
            column[:] = random.normal(size=len(column))
        for column in (found.zeros, found.nonfinite):
            column[:] = random.integers(0, 2**40, len(column))
    if special:
        table.weight_rms[0], table.dead[-1] = np.nan, np.inf
        table.activations.counts[0, 5] = 4_000_000_000
    norms = random.uniform(0.5, 3.0, (4, steps))
    losses = random.normal(size=2).tolist()
    return EpochStats(
        number, losses[0], None, losses[1], 0.5, 0.1, 0.01, np.nan, table, StepStats(*norms)
    )


def with_everything(stats: EpochStats) -> EpochStats:
    """The same epoch with a batch norm and a recurrent layer in it."""
    channels = [np.arange(3.0) + shift for shift in range(6)]
    norm = BatchNormStats(0, *channels, eps=1e-5)
    times = ((0, TimeGradient("forward", 16, np.arange(4.0), None, 0.9)),)
    return replace(stats, layers=replace(stats.layers, batch_norms=(norm,), times=times))


def assert_same(one: EpochStats, other: EpochStats) -> None:
    """Every number of two epochs is the same, bit by bit, and of the same type."""
    assert repr(_plain(one)) == repr(_plain(other))


def _plain(stats: EpochStats) -> Any:
    return msgspec.to_builtins(stats, enc_hook=lambda a: (a.dtype.str, a.shape, a.tobytes()))
