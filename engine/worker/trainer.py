"""One training run, without any process around it: batches, epochs, measurements, rewinding."""

import copy
import math
import time
from collections.abc import Mapping
from dataclasses import dataclass, field

import torch
from msgspec.structs import replace
from torch import Tensor

from engine.graph import task_of
from engine.parameters import Value
from engine.probe import StepWatch
from engine.stats import EpochStats, LayerTable, StepStats
from engine.training import LIVE_PARAMETERS, LayerInfo, training_config

from .build import GraphModule
from .divergence import diagnose
from .lsuv import calibrate
from .modules import hits, loss_function
from .optim import clip, make_optimizer
from .prepare import Prepared
from .undisturbed import undisturbed

_EVALUATION_BATCH = 1_024


@dataclass(frozen=True, slots=True)
class Step:
    """What is known after one batch."""

    loss: float
    gradient_norm: float
    clipped_norm: float
    layers: LayerTable | None
    """The look inside, when it was asked for."""


@dataclass(slots=True)
class _Epoch:
    """The epoch under way."""

    number: int
    inputs: tuple[Tensor, ...]
    targets: tuple[Tensor, ...]
    begun: float
    steps: list[Step] = field(default_factory=list)
    outputs: list[Tensor] = field(default_factory=list)
    table: LayerTable | None = None


class Trainer:
    """Trains a prepared document, a batch at a time.

    Seeds: the initial weights of a node are drawn after `torch.manual_seed(node_seed(seed, node_id))`; dropout and
    RReLU draw from torch's generator after `torch.manual_seed(seed)`; the order of the samples is
    `torch.randperm` of a generator of its own with the same seed, anew for each epoch.
    """

    def __init__(self, prepared: Prepared, *, probes: bool = True) -> None:
        self.prepared = prepared
        self.config = prepared.config
        self.model = GraphModule(prepared.graph, prepared.inference, self.config.seed)
        task = task_of(prepared.info)
        output = prepared.graph.nodes[prepared.inference.trained[-1]]
        self._loss = loss_function(str(output.params["loss"]), task)
        self._classifies = bool(task.classes)
        self._probes = probes
        split = prepared.split
        self._train = torch.from_numpy(split.train_inputs), torch.from_numpy(split.train_targets)
        self._validation = (
            torch.from_numpy(split.validation_inputs),
            torch.from_numpy(split.validation_targets),
        )
        self._sizes = _batch_sizes(len(split.train_inputs), self.config.batch_size)
        torch.manual_seed(self.config.seed)
        calibrate(self.model, prepared.graph, self._train[0][self._first_batch()])
        self._initial = copy.deepcopy(self.model.state_dict())
        self._parameters: list[Tensor] = list(self.model.parameters())
        self._watch = StepWatch(self.model.named_layers())
        self._optimizer: torch.optim.Optimizer
        self._order: torch.Generator
        self._epoch: _Epoch | None
        self._done: int
        self._begin()

    @property
    def layers(self) -> tuple[LayerInfo, ...]:
        """The rows of the tables: every trained node but Input and Output."""
        nodes = self.prepared.graph.nodes
        tensors = self.prepared.inference.tensors
        return tuple(
            LayerInfo(
                node_id, nodes[node_id].kind, nodes[node_id].label, "weight" in tensors[node_id]
            )
            for node_id in self.model.named_layers()
        )

    @property
    def steps_per_epoch(self) -> int:
        """Batches in an epoch."""
        return len(self._sizes)

    @property
    def epochs_done(self) -> int:
        """Whole epochs trained so far."""
        return self._done

    @property
    def steps_done(self) -> int:
        """Batches trained in the epoch under way."""
        return len(self._epoch.steps) if self._epoch else 0

    @property
    def epoch_is_over(self) -> bool:
        """Whether the epoch under way has no batch left, and `end_epoch` is due."""
        return self.steps_done == self.steps_per_epoch

    def set_live(self, values: Mapping[str, Value]) -> None:
        """Change learning rate or clipping from the next batch on; `ConfigError` when a value is wrong."""
        wanted = {name: value for name, value in values.items() if name in LIVE_PARAMETERS}
        known = {name: getattr(self.config, name) for name in self.config.__struct_fields__}
        checked = training_config({**known, **wanted})
        self.config = replace(
            self.config, **{name: getattr(checked, name) for name in LIVE_PARAMETERS}
        )
        for group in self._optimizer.param_groups:
            group["lr"] = self.config.learning_rate

    def rewind(self) -> None:
        """Go back to the identical initial weights; live settings stay as they are."""
        self.model.load_state_dict(self._initial)
        self._begin()

    def measure(self) -> EpochStats:
        """Epoch 0: losses and a look inside before the first step; leaves everything as it was."""
        begun = time.perf_counter()
        with undisturbed(self.model):
            table = self._look_at_first_batch()
        train_loss, train_accuracy = self._evaluate(*self._train)
        return self._stats(0, begun, train_loss, train_accuracy, table, [])

    def step(self, *, look: bool = False) -> Step:
        """Train one batch, beginning an epoch when there is none; `DivergenceError` when the figures are not finite.

        The last full batch of an epoch is always looked into, others when `look` says so.
        """
        epoch = self._epoch or self._begin_epoch()
        place = len(epoch.steps)
        inputs, targets = epoch.inputs[place], epoch.targets[place]
        last_full = place == self._last_full
        watched = self._probes and (look or last_full)
        step, outputs = self._train_batch(inputs, targets, watched)
        epoch.steps.append(step)
        epoch.outputs.append(outputs)
        if last_full:
            epoch.table = step.layers
        return step

    def end_epoch(self) -> EpochStats:
        """Validate, and sum the epoch up."""
        epoch = self._epoch
        assert epoch is not None
        self._epoch = None
        self._done = epoch.number
        loss = sum(s.loss * size for s, size in zip(epoch.steps, self._sizes, strict=True)) / sum(
            self._sizes
        )
        accuracy = None
        if self._classifies:
            targets = torch.cat(epoch.targets)
            accuracy = hits(torch.cat(epoch.outputs), targets) / targets.numel()
        return self._stats(epoch.number, epoch.begun, loss, accuracy, epoch.table, epoch.steps)

    def _begin(self) -> None:
        self._optimizer = make_optimizer(self.config, self._parameters)
        self._order = torch.Generator().manual_seed(self.config.seed)
        self._epoch = None
        self._done = 0
        self.model.train()
        self.model.zero_grad()
        torch.manual_seed(self.config.seed)

    def _begin_epoch(self) -> _Epoch:
        order = torch.randperm(len(self._train[0]), generator=self._order)
        inputs, targets = (part[order].split(self._sizes) for part in self._train)
        epoch = _Epoch(self._done + 1, inputs, targets, time.perf_counter())
        self._epoch = epoch
        return epoch

    def _first_batch(self) -> Tensor:
        """The places of the samples that the first step will train."""
        generator = torch.Generator().manual_seed(self.config.seed)
        return torch.randperm(len(self._train[0]), generator=generator)[: self._sizes[0]]

    @property
    def _last_full(self) -> int:
        """Place of the last batch that has the full size."""
        return len(self._sizes) - 1 - self._sizes[::-1].index(max(self._sizes))

    def _train_batch(self, inputs: Tensor, targets: Tensor, watched: bool) -> tuple[Step, Tensor]:
        if watched:
            self._watch.attach()
        try:
            self._optimizer.zero_grad()
            outputs = self.model(inputs)
            loss = self._loss(outputs, targets)
            loss.backward()
            if watched:
                self._watch.before_step()
            norm, clipped = clip(self._parameters, self.config)
            if not (math.isfinite(value := loss.item()) and math.isfinite(norm)):
                place = self._done + 1, self.steps_done + 1
                raise diagnose(self.model, inputs, (value, norm), place, self.prepared.graph)
            self._optimizer.step()
            table = self._watch.table(len(inputs)) if watched else None
        finally:
            self._watch.detach()
        return Step(value, norm, clipped, table), outputs.detach()

    def _look_at_first_batch(self) -> LayerTable | None:
        """One forward and backward pass on the batch that the first step will train."""
        if not self._probes:
            return None
        order = self._first_batch()
        self._watch.attach()
        try:
            loss = self._loss(self.model(self._train[0][order]), self._train[1][order])
            loss.backward()
            self._watch.before_step()
            table = self._watch.table(len(order))
        finally:
            self._watch.detach()
        table.update_ratio[:] = math.nan
        return table

    def _evaluate(self, inputs: Tensor, targets: Tensor) -> tuple[float | None, float | None]:
        """Mean loss and accuracy in evaluation mode; None for what does not exist."""
        if not len(inputs):
            return None, None
        self.model.eval()
        with torch.no_grad():
            outputs = torch.cat([self.model(part) for part in inputs.split(_EVALUATION_BATCH)])
            loss = self._loss(outputs, targets).item()
        self.model.train()
        return loss, hits(outputs, targets) / targets.numel() if self._classifies else None

    def _stats(
        self,
        number: int,
        begun: float,
        train_loss: float | None,
        train_accuracy: float | None,
        table: LayerTable | None,
        steps: list[Step],
    ) -> EpochStats:
        validation_loss, validation_accuracy = self._evaluate(*self._validation)
        return EpochStats(
            epoch=number,
            train_loss=math.nan if train_loss is None else train_loss,
            train_accuracy=train_accuracy,
            validation_loss=validation_loss,
            validation_accuracy=validation_accuracy,
            seconds=time.perf_counter() - begun,
            learning_rate=self.config.learning_rate,
            layers=table or LayerTable.empty(len(self.layers), 0),
            steps=step_stats(steps),
        )


def step_stats(steps: list[Step]) -> StepStats:
    """The steps' numbers as columns."""
    return StepStats.of(
        [s.loss for s in steps], [s.gradient_norm for s in steps], [s.clipped_norm for s in steps]
    )


def _batch_sizes(samples: int, batch_size: int) -> list[int]:
    """Sizes of the batches of an epoch; a last one of a single sample is merged into the one before."""
    sizes = [batch_size] * (samples // batch_size)
    rest = samples % batch_size
    if rest == 1 and sizes:
        sizes[-1] += 1
    elif rest:
        sizes.append(rest)
    return sizes
