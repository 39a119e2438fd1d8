"""The record of a run: every epoch and every step, in the order in which they came. No view in it."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.stats import SCALAR_COLUMNS, Album, EpochStats, LayerTable, Picture, StepStats
from engine.stats.histogram import BIN_COUNT

from .archive import EpochArchive, LongTable
from .growing import GrowingArray
from .messages import LayerInfo, Progress, RunFinished, RunStarted
from .norm_tracks import NormTrack, NormTracks
from .scratch import Scratch
from .thinning import Envelope, StepEvents, ThinnedRows, rounded, unrounded

Floats = NDArray[np.float64]
_SERIES = tuple(
    field.name
    for field in fields(EpochStats)
    if field.name not in {"epoch", "layers", "steps", "picture"}
)
_STEP_NAMES = tuple(field.name for field in fields(StepStats))
_EPOCH_COLUMNS = 1_024
_STEP_GROUPS = 1_024
_TRACK_COLUMNS = 512
_TRACK_BYTES = 40 * 2**20


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


class RunHistory:
    """One run, as far as it has come. Panes read it and never change it.

    Memory holds what is drawn, whatever the length of the run; the rest lies in a temporary file until `close`.
    """

    def __init__(
        self, started: RunStarted, epochs: Iterable[EpochStats] = (), folder: Path | None = None
    ) -> None:
        """`folder` is where older epochs are put aside; None for the system's place for large temporary files."""
        self.started = started
        self.snapshot: Snapshot | None = None
        """The last step made by hand, until the epoch that holds it is over."""
        self.finished: RunFinished | None = None
        self.progress: Progress | None = None
        self.pictures = Album()
        """What the network made of its inputs, as often as it was asked."""
        layers = len(started.layers)
        self._scratch = Scratch(folder)
        self._epochs = EpochArchive(layers, self._scratch)
        self._series: defaultdict[str, GrowingArray] = defaultdict(GrowingArray)
        self._exact = LongTable(len(SCALAR_COLUMNS) * layers, self._scratch)
        self._thinned = ThinnedRows(_EPOCH_COLUMNS, (len(SCALAR_COLUMNS), layers), np.float64)
        track_columns = _TRACK_BYTES // (2 * BIN_COUNT * max(1, layers))
        self._tracks = ThinnedRows(
            min(_TRACK_COLUMNS, max(2, track_columns)), (layers, BIN_COUNT), np.uint16
        )
        self._norms = NormTracks()
        self._steps = LongTable(len(_STEP_NAMES), self._scratch)
        self._envelope = Envelope(len(_STEP_NAMES), 2, _STEP_GROUPS)
        self._open_steps = np.empty((len(_STEP_NAMES), 0))
        self._events: StepEvents | None = None
        """Steps of the epoch under way, (names, steps); they are replaced when it ends."""
        for stats in epochs:
            self.add_epoch(stats)

    def close(self) -> None:
        """Give the temporary file back; what is in memory can still be read."""
        self._scratch.close()

    @property
    def epochs(self) -> Sequence[EpochStats]:
        """Epoch 0 is the network before its first step; an adopted network's first is the epoch before its first step.

        An old epoch is read from the disk in about a millisecond: look at single ones only while drawing.
        """
        return self._epochs

    @property
    def problem(self) -> str:
        """Where old epochs cannot be put aside, so that they stay in memory, and the system's words why; else ""."""
        return self._scratch.problem

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

    @property
    def step_count(self) -> int:
        """Training steps up to now, those of the epoch under way among them."""
        return len(self._envelope) + self._open_steps.shape[1]

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
        self._epochs.append(stats)
        self._norms.take(len(self._epochs) - 1, stats.layers.batch_norms)
        for name in _SERIES:
            value = getattr(stats, name)
            self._series[name].extend([np.nan if value is None else value])
        columns = np.stack([getattr(stats.layers, name) for name in SCALAR_COLUMNS])
        self._thinned.add(columns)
        self._exact.extend(columns.reshape(1, -1))
        self._tracks.add(rounded(stats.layers.activations.counts))
        steps = _columns(stats.steps)
        self._steps.extend(steps.T)
        _add_steps(self._envelope, steps)
        self._open_steps = self._open_steps[:, :0]
        self._events = None
        self.snapshot = None

    def add_progress(self, progress: Progress) -> None:
        """Take in the steps of the epoch under way."""
        self.progress = progress
        if progress.picture is not None:
            self._add_picture(progress.picture)
        if progress.epoch == self.next_epoch:
            self._open_steps = np.hstack((self._open_steps, _columns(progress.steps)))
            self._events = None
            if progress.layers is not None:
                progress.layers.check(len(self.layers))
                self.snapshot = Snapshot(progress.epoch, progress.step, progress.layers)

    def series(self, name: str) -> Floats:
        """One number an epoch, such as `train_loss`; NaN where there is none. Shape (epochs,)."""
        return self._series[name].values

    # For drawing: bounded, from memory.

    def over_epochs(self, name: str) -> OverEpochs:
        """One quantity of `SCALAR_COLUMNS` over the epochs, at most about a thousand of them."""
        values = self._thinned.rows[:, SCALAR_COLUMNS.index(name)].copy()
        return OverEpochs(self._thinned.places, values)

    def activation_track(self, row: int) -> OverEpochs:
        """The histogram of a layer's output over at most 512 of the epochs; values (n, 256).

        Counts above 4,096 are given to within 1/4096.
        """
        return OverEpochs(self._tracks.places, unrounded(self._tracks.rows[:, row]))

    def norm_track(self, row: int) -> NormTrack | None:
        """γ, β and the gap of a batch-norm layer over the epochs, thinned to what can be drawn; else None."""
        return self._norms.track(row)

    def step_envelope(self, name: str) -> tuple[Floats, Floats, Floats]:
        """Lowest and highest value of a number a step within groups of neighbouring steps, all of shape (n,).

        The first array holds each group's first step, counted from 0; n is at most 1,024. Values that are not finite
        are left out: NaN for a group without any other (`step_events` counts them).
        """
        envelope = self._envelope_now()
        return envelope.places, *envelope.of(_STEP_NAMES.index(name))

    def step_events(self) -> StepEvents:
        """How many steps were clipped or not finite within the same groups."""
        if self._events is None:
            envelope = self._envelope_now()
            counted = envelope.counted(0), envelope.counted(1)
            self._events = StepEvents(envelope.places, envelope.sizes, *counted)
        return self._events

    # For taking along: exact and complete, partly from the disk.

    def column(self, name: str) -> Floats:
        """One quantity of `SCALAR_COLUMNS` over all epochs; shape (epochs, layers)."""
        first = SCALAR_COLUMNS.index(name) * len(self.layers)
        return self._exact.columns(slice(first, first + len(self.layers)))

    def steps(self, name: str) -> Floats:
        """One number a training step, such as `gradient_norm`, up to now; shape (steps,)."""
        number = _STEP_NAMES.index(name)
        settled = self._steps.columns(slice(number, number + 1))[:, 0]
        return np.concatenate((settled, self._open_steps[number]))

    def _add_picture(self, picture: Picture) -> None:
        picture.check(len(self.layers))
        if not picture.fits(self.started.backdrop):
            raise ValueError("a picture arrived that is not of the run's data")
        self.pictures.add(picture)

    def _envelope_now(self) -> Envelope:
        """With the steps of the epoch under way."""
        if not self._open_steps.size:
            return self._envelope
        envelope = self._envelope.copy()
        _add_steps(envelope, self._open_steps)
        return envelope


def _columns(steps: StepStats) -> Floats:
    """Shape (names, steps)."""
    return np.stack([getattr(steps, name) for name in _STEP_NAMES])


def _add_steps(envelope: Envelope, steps: Floats) -> None:
    before, after = (steps[_STEP_NAMES.index(name)] for name in ("gradient_norm", "clipped_norm"))
    loss = steps[_STEP_NAMES.index("loss")]
    broken = ~(np.isfinite(loss) & np.isfinite(before))
    envelope.add(steps, np.stack((after < before, broken)))
