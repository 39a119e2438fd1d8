"""What the window and the worker say to each other. Every message of a run carries the run's id."""

from collections.abc import Mapping
from typing import Literal

import msgspec

from engine.parameters import Value
from engine.stats import Backdrop, EpochStats, Examination, LayerTable, Picture, StepStats

Advance = Literal["run", "epoch", "batch", "hold"]
"""How far a training goes: to its end, to the end of the epoch, one batch, or nowhere (it waits)."""


class _Tagged(msgspec.Struct, frozen=True, tag=True):
    """Structs that are told apart by their name on the wire."""


# Commands: from the window to the worker.


class Start(_Tagged, frozen=True, tag=True):
    """Build the network and begin; a run that is under way is stopped first."""

    run_id: int
    network: bytes
    """The document, as `engine.graph.encode` writes it."""
    folder: str
    """Where relative paths of the document begin; "" for none."""
    advance: Advance = "run"


class Resume(_Tagged, frozen=True, tag=True):
    """Go on from a pause: to the end, one epoch, or one batch."""

    run_id: int
    advance: Advance = "run"


class Pause(_Tagged, frozen=True, tag=True):
    """Wait after the batch under way."""

    run_id: int


class Rewind(_Tagged, frozen=True, tag=True):
    """Return to the identical initial weights; the run goes on as `new_run_id`, waiting at epoch 0."""

    run_id: int
    new_run_id: int


class SetHyperparameters(_Tagged, frozen=True, tag=True):
    """Change live settings (`LIVE_PARAMETERS`); they act from the next batch on."""

    run_id: int
    values: Mapping[str, Value]


class Adopt(_Tagged, frozen=True, tag=True):
    """Go on with an edited network: what was not touched keeps its weights and its optimiser's memory.

    The answer is `Adopted`, then `RunStarted` and `EpochEnded` for the new rows, and the run waits; or it is
    `AdoptionRefused`, and the training stays as it was.
    """

    run_id: int
    network: bytes
    folder: str


class Look(_Tagged, frozen=True, tag=True):
    """Look inside now, at the batch that the first step trained; answered by a `Progress` with layers."""

    run_id: int


class Examine(_Tagged, frozen=True, tag=True):
    """Look thoroughly, over all training samples; answered by `Examined`."""

    run_id: int


class Measure(_Tagged, frozen=True, tag=True):
    """Build a network and measure it before any training; answered by `Measured`.

    A run that is under way, waiting or not, goes on as if nothing had been asked.
    """

    request: int
    network: bytes
    folder: str


class Stop(_Tagged, frozen=True, tag=True):
    """End the run after the batch under way."""

    run_id: int


class Shutdown(_Tagged, frozen=True, tag=True):
    """End the worker."""


Command = (
    Start
    | Resume
    | Pause
    | Rewind
    | SetHyperparameters
    | Adopt
    | Look
    | Examine
    | Measure
    | Stop
    | Shutdown
)


# Messages: from the worker to the window.


class LayerInfo(_Tagged, frozen=True, tag=True):
    """A row of the run's tables: which node it is, and what it has."""

    id: str
    kind: str
    label: str
    has_weight: bool


class WorkerReady(_Tagged, frozen=True, tag=True):
    """The worker has loaded torch and waits for commands."""

    process_id: int
    python: str
    torch: str
    devices: tuple[str, ...]
    """The devices that a training can be on."""
    precisions: Mapping[str, tuple[str, ...]] = {}
    """For each device the precisions that it has."""


class RunStarted(_Tagged, frozen=True, tag=True):
    """The network is built; the tables that follow have these rows."""

    run_id: int
    layers: tuple[LayerInfo, ...]
    epochs: int
    steps_per_epoch: int
    batch_size: int
    parameters: int
    train_samples: int
    validation_samples: int
    data_title: str
    notes: tuple[str, ...] = ()
    first_epoch: int = 0
    """The epoch of the first `EpochEnded`: above 0 when the network was adopted in the middle of a training."""
    backdrop: Backdrop | None = None
    """The data behind the run's pictures; None when none are made."""


class Adopted(_Tagged, frozen=True, tag=True):
    """The run goes on with the edited network."""

    run_id: int
    layers: tuple[LayerInfo, ...]
    kept: tuple[str, ...]
    """Ids of the layers whose weights are as they were."""
    fresh: tuple[str, ...]
    """Ids of new layers that have weights."""
    changed: tuple[str, ...]
    """Ids of layers whose tensors have other shapes now, and which begin anew."""
    notes: tuple[str, ...]


class AdoptionRefused(_Tagged, frozen=True, tag=True):
    """The edited network cannot be trained in this run, which stays as it was."""

    run_id: int
    sentence: str
    node_id: str | None = None


class Progress(_Tagged, frozen=True, tag=True):
    """Where the run is; at most 30 times a second while it moves, and once whenever it comes to rest."""

    run_id: int
    epoch: int
    """The epoch under way, counted from 1."""
    step: int
    """Batches done in this epoch."""
    steps: StepStats
    """The steps since the last `Progress` of this epoch."""
    paused: bool
    layers: LayerTable | None = None
    """What a step looked like inside, when it was asked for."""
    picture: Picture | None = None
    """What the network makes of its inputs, when it comes to rest between two epochs' pictures."""


class EpochEnded(_Tagged, frozen=True, tag=True):
    """An epoch is over (epoch 0: the network is measured before its first step)."""

    run_id: int
    stats: EpochStats


class Examined(_Tagged, frozen=True, tag=True):
    """What a thorough look found at the present weights."""

    run_id: int
    epoch: int
    """Whole epochs trained."""
    step: int
    """Steps made in the epoch under way."""
    examination: Examination


class Measured(_Tagged, frozen=True, tag=True):
    """A network at its initialisation: one forward and one backward pass on the batch that a run would train first."""

    request: int
    layers: tuple[LayerInfo, ...]
    """The rows of the table."""
    table: LayerTable | None
    """None when the network cannot be built; `sentence` then says why."""
    sentence: str = ""
    node_id: str | None = None


class RunFinished(_Tagged, frozen=True, tag=True):
    """The run is over.

    Divergence is an outcome: `sentence` then names the first layer and step. After an early stop it says why.
    """

    run_id: int
    outcome: Literal["completed", "stopped", "diverged"]
    epoch: int
    sentence: str = ""
    node_id: str | None = None
    step: int | None = None


class RunFailed(_Tagged, frozen=True, tag=True):
    """The run could not go on; the worker is still there."""

    run_id: int
    sentence: str
    node_id: str | None = None
    traceback: str = ""


Message = (
    WorkerReady
    | RunStarted
    | Adopted
    | AdoptionRefused
    | Progress
    | EpochEnded
    | Examined
    | Measured
    | RunFinished
    | RunFailed
)
