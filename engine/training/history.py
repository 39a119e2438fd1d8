"""The record of a run: every epoch and every step, in the order in which they came. No view in it."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field, fields, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.stats import Album, EpochStats, LayerTable, Picture, StepStats
from engine.stats.histogram import BIN_COUNT

from .growing import GrowingArray
from .messages import LayerInfo, Progress, RunFinished, RunStarted

Floats = NDArray[np.float64]
_SERIES = tuple(
    field.name
    for field in fields(EpochStats)
    if field.name not in {"epoch", "layers", "steps", "picture"}
)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A single step that was looked at between two epochs."""

    epoch: int
    step: int
    layers: LayerTable


class OverEpochs(NamedTuple):
    """Something of every layer over the epochs; a long run's epochs are thinned evenly, the newest stays."""

    epochs: NDArray[np.int64]
    """Places in the history, ascending; shape (n,)."""
    values: NDArray[np.floating] | NDArray[np.unsignedinteger]
    """Shape (n, layers), or (n, bins) of a single layer."""


def _growing() -> defaultdict[str, GrowingArray]:
    return defaultdict(GrowingArray)


@dataclass(slots=True)
class RunHistory:
    """One run, as far as it has come. Panes read it and never change it."""

    started: RunStarted
    epochs: list[EpochStats] = field(default_factory=list)
    """Epoch 0 is the network before its first step; an adopted network's first is the epoch before its first step."""
    snapshot: Snapshot | None = None
    """The last step made by hand, until the epoch that holds it is over."""
    finished: RunFinished | None = None
    progress: Progress | None = None
    pictures: Album = field(default_factory=Album)
    """What the network made of its inputs, as often as it was asked."""
    _series: defaultdict[str, GrowingArray] = field(default_factory=_growing)
    _steps: defaultdict[str, GrowingArray] = field(default_factory=_growing)
    _settled_steps: int = 0
    """Steps of epochs that are over; later ones are replaced when their epoch ends."""

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

    @property
    def next_epoch(self) -> int:
        """The number of the epoch under way."""
        return self.started.first_epoch + len(self.epochs)

    def row(self, node_id: str) -> int | None:
        """The table row of a node, or None when the run does not have it."""
        for row, layer in enumerate(self.layers):
            if layer.id == node_id:
                return row
        return None

    def add_epoch(self, stats: EpochStats) -> None:
        """Append an epoch; ValueError when it is not the next one or its tables do not fit the run."""
        stats.layers.check(len(self.layers))
        if stats.epoch != self.next_epoch:
            raise ValueError(f"epoch {stats.epoch} arrived, {self.next_epoch} was expected")
        if stats.picture is not None:
            self._add_picture(stats.picture)
            stats = replace(stats, picture=None)
        self.epochs.append(stats)
        for name in _SERIES:
            value = getattr(stats, name)
            self._series[name].extend([np.nan if value is None else value])
        for steps in self._steps.values():
            steps.truncate(self._settled_steps)
        self._add_steps(stats.steps)
        self._settled_steps += stats.steps.loss.size
        self.snapshot = None

    def add_progress(self, progress: Progress) -> None:
        """Take in the steps of the epoch under way."""
        self.progress = progress
        if progress.picture is not None:
            self._add_picture(progress.picture)
        if progress.epoch == self.next_epoch:
            self._add_steps(progress.steps)
            if progress.layers is not None:
                progress.layers.check(len(self.layers))
                self.snapshot = Snapshot(progress.epoch, progress.step, progress.layers)

    def column(self, name: str) -> Floats:
        """One quantity of `SCALAR_COLUMNS` over all epochs; shape (epochs, layers)."""
        rows = [getattr(stats.layers, name) for stats in self.epochs]
        return np.stack(rows) if rows else np.empty((0, len(self.layers)))

    def over_epochs(self, name: str) -> OverEpochs:
        """One quantity of `SCALAR_COLUMNS` over the epochs, thinned to what can be drawn."""
        return OverEpochs(np.arange(len(self.epochs)), self.column(name))

    def activation_track(self, row: int) -> OverEpochs:
        """The histogram of a layer's output over the epochs, thinned to what can be drawn; values (n, 256)."""
        counts = [stats.layers.activations.counts[row] for stats in self.epochs]
        values = np.stack(counts) if counts else np.empty((0, BIN_COUNT), np.uint32)
        return OverEpochs(np.arange(len(counts)), values)

    def step_envelope(self, name: str) -> tuple[Floats, Floats, Floats]:
        """Lowest and highest value of a number a step within groups of neighbouring steps, all of shape (n,).

        The first array holds each group's first step, counted from 0.
        """
        values = self.steps(name)
        return np.arange(values.size, dtype=np.float64), values, values

    def series(self, name: str) -> Floats:
        """One number an epoch, such as `train_loss`; NaN where there is none. Shape (epochs,)."""
        return self._series[name].values

    def steps(self, name: str) -> Floats:
        """One number a training step, such as `gradient_norm`, up to now; shape (steps,)."""
        return self._steps[name].values

    def _add_picture(self, picture: Picture) -> None:
        picture.check(len(self.layers))
        if not picture.fits(self.started.backdrop):
            raise ValueError("a picture arrived that is not of the run's data")
        self.pictures.add(picture)

    def _add_steps(self, steps: StepStats) -> None:
        for field_ in fields(StepStats):
            self._steps[field_.name].extend(getattr(steps, field_.name))
