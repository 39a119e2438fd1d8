"""The record of a run: every epoch and every step, in the order in which they came. No view in it."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from engine.stats import EpochStats, LayerTable, StepStats

from .messages import LayerInfo, Progress, RunFinished, RunStarted

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A single step that was looked at between two epochs."""

    epoch: int
    step: int
    layers: LayerTable


@dataclass(slots=True)
class RunHistory:
    """One run, as far as it has come. Panes read it and never change it."""

    started: RunStarted
    epochs: list[EpochStats] = field(default_factory=list)
    """Epoch 0 is the network before its first step."""
    snapshot: Snapshot | None = None
    """The last step made by hand, until the epoch that holds it is over."""
    finished: RunFinished | None = None
    progress: Progress | None = None
    _open_steps: list[StepStats] = field(default_factory=list)
    _steps: list[StepStats] = field(default_factory=list)

    @property
    def layers(self) -> Sequence[LayerInfo]:
        """The rows of every table."""
        return self.started.layers

    @property
    def latest(self) -> LayerTable | None:
        """The newest look inside: the last single step, else the last epoch; None before the first."""
        if self.snapshot is not None:
            return self.snapshot.layers
        return self.epochs[-1].layers if self.epochs else None

    def row(self, node_id: str) -> int | None:
        """The table row of a node, or None when the run does not have it."""
        for row, layer in enumerate(self.layers):
            if layer.id == node_id:
                return row
        return None

    def add_epoch(self, stats: EpochStats) -> None:
        """Append an epoch; ValueError when it is not the next one or its tables do not fit the run."""
        stats.layers.check(len(self.layers))
        if stats.epoch != len(self.epochs):
            raise ValueError(f"epoch {stats.epoch} arrived, {len(self.epochs)} was expected")
        self.epochs.append(stats)
        self._steps.append(stats.steps)
        self._open_steps.clear()
        self.snapshot = None

    def add_progress(self, progress: Progress) -> None:
        """Take in the steps of the epoch under way."""
        self.progress = progress
        if progress.epoch == len(self.epochs):
            self._open_steps.append(progress.steps)
            if progress.layers is not None:
                progress.layers.check(len(self.layers))
                self.snapshot = Snapshot(progress.epoch, progress.step, progress.layers)

    def column(self, name: str) -> Floats:
        """One quantity of `SCALAR_COLUMNS` over all epochs; shape (epochs, layers)."""
        rows = [getattr(stats.layers, name) for stats in self.epochs]
        return np.stack(rows) if rows else np.empty((0, len(self.layers)))

    def series(self, name: str) -> Floats:
        """One number an epoch, such as `train_loss`; NaN where there is none. Shape (epochs,)."""
        values = (getattr(stats, name) for stats in self.epochs)
        return np.array([np.nan if value is None else value for value in values], np.float64)

    def steps(self, name: str) -> Floats:
        """One number a training step, such as `gradient_norm`, up to now; shape (steps,)."""
        parts = [getattr(steps, name) for steps in (*self._steps, *self._open_steps)]
        return np.concatenate(parts) if parts else np.empty(0)
