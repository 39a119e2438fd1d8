"""One training run, without any process around it: batches, epochs, measurements, rewinding."""

import copy
import dataclasses
import math
import time
from collections.abc import Callable, Mapping
from typing import Any

import torch
from msgspec.structs import replace
from numpy.typing import NDArray
from torch import Tensor

from engine.parameters import Value
from engine.stats import Distribution, EpochStats, Examination, LayerTable, StepStats
from engine.training import LIVE_PARAMETERS, OPTIMIZERS, LayerInfo, training_config

from .aside import WORTH_A_THREAD, Aside, has_idle_core
from .clipping import Clipping, clip
from .compiler import spare_compiler
from .devices import (
    check_precision,
    choose_device,
    found_devices,
    found_precisions,
    random_states,
    restore_random_states,
)
from .divergence import diagnose
from .epoch import Epoch, Step, batch_sizes, step_stats
from .evaluation import evaluate
from .examine import examine
from .optim import make_optimizer, set_rate
from .parts import Parts
from .passes import Passes
from .prepare import Prepared
from .schedule import make_schedule
from .stopping import EarlyStopping
from .surgery import (
    Adoption,
    carry_memory,
    carry_weights,
    check_adoption,
    lasting_layers,
    remembers_layers,
)
from .undisturbed import undisturbed
from .watching import dead_units, rectifiers


class Trainer:
    """Trains a prepared document, a step at a time.

    Seeds: the initial weights of a node are drawn after `torch.manual_seed(node_seed(seed, node_id))`; dropout and
    RReLU draw from torch's generator after `torch.manual_seed(seed)`; the order of the samples is
    `torch.randperm` of a generator of its own with the same seed, anew for each epoch. `RunError` when the machine
    has not the device or the precision that is wanted.
    """

    def __init__(self, prepared: Prepared, *, probes: bool = True) -> None:
        spare_compiler()
        self.config = prepared.config
        devices = found_devices()
        self.device = choose_device(self.config.device, devices)
        precisions = found_precisions(devices)[self.device.type]
        check_precision(self.config.precision, self.device, precisions)
        self._probes = probes
        split = prepared.split
        self._train = self._on_device(split.train_inputs), self._on_device(split.train_targets)
        self._validation = (
            self._on_device(split.validation_inputs),
            self._on_device(split.validation_targets),
        )
        step_size = self.config.batch_size * self.config.accumulate
        self._sizes = batch_sizes(len(split.train_inputs), step_size)
        self._closes = OPTIMIZERS[self.config.optimizer].closes
        self._adoptions = 0
        self._order: torch.Generator
        self._epoch: Epoch | None
        self._done: int
        self._take(Parts(prepared, self.device, self._first_inputs()), {})
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
    def parts(self) -> Parts:
        """The network that is trained, with all that belongs to it; another one after an adoption."""
        return self._parts

    @property
    def steps_per_epoch(self) -> int:
        """Steps in an epoch; each is a batch, or several whose gradients are accumulated."""
        return len(self._sizes)

    @property
    def epochs_done(self) -> int:
        """Whole epochs trained so far."""
        return self._done

    @property
    def steps_done(self) -> int:
        """Steps made in the epoch under way."""
        return len(self._epoch.steps) if self._epoch else 0

    @property
    def epoch_is_over(self) -> bool:
        """Whether the epoch under way has no batch left, and `end_epoch` is due."""
        return self.steps_done == self.steps_per_epoch

    @property
    def is_over(self) -> bool:
        """Whether the last epoch is done, or the training has stopped early."""
        return self._done >= self.config.epochs or bool(self.stopped_early)

    @property
    def stopped_early(self) -> str:
        """The sentence that says why the training stopped before its last epoch; else empty."""
        return self._stopping.sentence

    def set_live(self, values: Mapping[str, Value]) -> None:
        """Change learning rate or clipping from the next batch on; `ConfigError` when a value is wrong."""
        wanted = {name: value for name, value in values.items() if name in LIVE_PARAMETERS}
        known = {name: getattr(self.config, name) for name in self.config.__struct_fields__}
        checked = training_config({**known, **wanted})
        self.config = replace(
            self.config, **{name: getattr(checked, name) for name in LIVE_PARAMETERS}
        )
        if self._schedule is not None:
            self._schedule.set_base(self.config.learning_rate)
        self._set_rate()

    def rewind(self) -> None:
        """Go back to the identical initial weights; live settings stay as they are."""
        self.model.load_state_dict(self._parts.initial)
        self._begin()

    def adopt(self, prepared: Prepared) -> Adoption:
        """Go on with an edited network, from the next step on.

        Layers with the same id, kind and shapes keep weights, buffers and their part of the optimiser's memory bit
        for bit; others begin as in a new run. `RunError` when a setting differs that a run keeps to its end, and
        `LayerError` when a layer cannot be built; everything is then as it was.
        """
        check_adoption(self.prepared, prepared)
        random = random_states(self.device)
        try:
            parts = Parts(prepared, self.device, self._first_inputs())
        finally:
            restore_random_states(self.device, random)
        return self._exchange(parts)

    def measure(self) -> EpochStats:
        """Losses and a look inside before the next step, as the epoch last done; leaves everything as it was."""
        begun = time.perf_counter()
        table = self.look() if self._probes else None
        evaluated = evaluate(self._parts, *self._train)
        return self._stats(self._done, begun, evaluated, lambda: table, step_stats([]), math.nan)

    def rehearsal(self) -> Callable[[], None]:
        """A step's forward and backward pass on a copy of the network, to be timed; it draws random numbers."""
        model = copy.deepcopy(self.model)
        passes = Passes(model, self._parts.loss, self.config, self.device)
        inputs, targets = (part[: self._sizes[0]] for part in self._train)

        def rehearse() -> None:
            model.zero_grad()
            passes.run(inputs, targets, self._optimizer)

        return rehearse

    def step(self, *, look: bool = False) -> Step:
        """Train one batch, beginning an epoch when there is none; `DivergenceError` when the figures are not finite.

        The last full batch of an epoch is always looked into, others when `look` says so.
        """
        epoch = self._epoch or self._begin_epoch()
        place = len(epoch.steps)
        last_full = epoch.looks_by_itself
        watched = self._probes and (look or last_full)
        step, outputs = self._train_batch(epoch.inputs[place], epoch.targets[place], watched)
        epoch.steps.append(step)
        epoch.outputs.append(outputs)
        if last_full:
            epoch.look = step.look
        return step

    def end_epoch(self) -> EpochStats:
        """Validate, and sum the epoch up."""
        epoch = self._epoch
        assert epoch is not None
        self._epoch = None
        self._done = epoch.number
        stats = self._stats(
            epoch.number,
            epoch.begun,
            (epoch.mean_loss(), epoch.accuracy() if self._parts.classifies else None),
            lambda: self._table_of(epoch),
            step_stats(epoch.steps),
            self._sums.noise_scale(epoch) if self._probes else math.nan,
        )
        if stats.validation_loss is not None:
            self._heed(stats.validation_loss)
        return stats

    def _on_device(self, numbers: NDArray[Any]) -> Tensor:
        return torch.from_numpy(numbers).to(self.device)

    def _take(self, parts: Parts, births: Mapping[str, int]) -> None:
        """Let this be the network that is trained."""
        parts.gather(births)
        self._parts = parts
        self.prepared, self.model = parts.prepared, parts.model
        self._flat, self._passes = parts.flat, parts.passes
        self._watch, self._sums = parts.watch, parts.sums
        self._optimizer = make_optimizer(self.config, parts.flat)

    def _exchange(self, parts: Parts) -> Adoption:
        """Let an edited network go on in the place of the one that is trained."""
        old, optimizer = self._parts, self._optimizer
        adoption = carry_weights(old, parts)
        lasting = lasting_layers(old, parts, adoption.kept)
        self._adoptions += 1
        births = dict.fromkeys(parts.layers, self._adoptions)
        self._take(parts, births | {i: old.births.get(i, 0) for i in lasting})
        parts.passes.scale_as(old.passes)
        if remembers_layers(self.config.optimizer):
            carry_memory((old, optimizer), (parts, self._optimizer), lasting)
        self._stopping = EarlyStopping(self.config, self._done)
        self._set_rate()
        if self._epoch is not None:
            self._epoch.look = None
            self._sums.begin(self.steps_done)
        return adoption

    @property
    def look_is_due(self) -> bool:
        """Whether the settings want the next step to be looked into."""
        every = self.config.look_every
        done = self._done * self.steps_per_epoch + self.steps_done
        return bool(every) and (done + 1) % every == 0

    def look(self) -> LayerTable:
        """Look inside at the present weights, on the batch that the first step trained; changes nothing."""
        with undisturbed(self.model, self.device):
            return self._look_at_first_batch()

    def examine(self) -> Examination:
        """A thorough look at the present weights over all training samples; leaves everything as it was."""
        graph, model = self.prepared.graph, self.model
        places, dead = rectifiers(graph, model), dead_units(graph, model)
        samples, batch = self._train, max(self._sizes)
        with undisturbed(model, self.device):
            found = examine(model, self._flat, self._parts.loss, samples, places, dead, batch)
        self.model.train()
        return found

    def _begin(self) -> None:
        self._optimizer = make_optimizer(self.config, self._flat)
        self._schedule = make_schedule(self.config, self.steps_per_epoch)
        self._stopping = EarlyStopping(self.config)
        self._order = torch.Generator().manual_seed(self.config.seed)
        self._epoch = None
        self._done = 0
        self._set_rate()
        self.model.train()
        self._flat.zero()
        torch.manual_seed(self.config.seed)

    def _set_rate(self) -> None:
        rate = self.config.learning_rate if self._schedule is None else self._schedule.rate
        set_rate(self._optimizer, self._flat, rate)

    def _heed(self, validation_loss: float) -> None:
        """What follows from an epoch's validation loss."""
        self._stopping.take(self._done, validation_loss)
        if self._schedule is not None:
            self._schedule.after_epoch(validation_loss)
            self._set_rate()

    def _begin_epoch(self) -> Epoch:
        order = torch.randperm(len(self._train[0]), generator=self._order)
        inputs, targets = (part[order].split(self._sizes) for part in self._train)
        self._epoch = Epoch(self._done + 1, inputs, targets, self._sizes)
        self._sums.begin()
        return self._epoch

    def _first_batch(self) -> Tensor:
        """The places of the samples that the first step will train."""
        generator = torch.Generator().manual_seed(self.config.seed)
        return torch.randperm(len(self._train[0]), generator=generator)[: self._sizes[0]]

    def _first_inputs(self) -> Tensor:
        return self._train[0][self._first_batch()]

    def _train_batch(self, inputs: Tensor, targets: Tensor, watched: bool) -> tuple[Step, Tensor]:
        if watched:
            self._watch.attach()
        try:
            self._flat.zero()
            outputs, loss = self._passes.run(
                inputs, targets, self._optimizer, self._sums.see if self._probes else None
            )
            if watched:
                self._watch.before_step()
            clipping = self._clip(len(inputs))
            value = loss.item()
            if not (math.isfinite(value) and math.isfinite(clipping.before)):
                self._diverge(inputs, value, clipping.before)
            again = self._evaluation(inputs, targets, value) if self._closes else None
            self._passes.step(self._optimizer, again)
            if self._schedule is not None:
                self._schedule.after_step()
                self._set_rate()
            look = self._look_aside(len(inputs)) if watched else None
        finally:
            if watched:
                self._watch.detach()
            self.model.outputs.clear()
        return Step(value, clipping, look), outputs.detach()

    def _look_aside(self, samples: int) -> Aside[LayerTable]:
        seen = self._watch.seen(samples)
        worth_it = seen.numbers >= WORTH_A_THREAD and has_idle_core(self.device)
        return Aside(seen.table, threaded=worth_it)

    def _table_of(self, epoch: Epoch) -> LayerTable | None:
        """The look at the epoch's last full batch, with what is known of all its batches."""
        if epoch.look is None:
            return None
        table = epoch.look.result()
        self._sums.fill(table)
        return table

    def _clip(self, samples: int) -> Clipping:
        if self._probes and samples == max(self._sizes):
            self._sums.add_gradient()
        return clip(self._flat, self.config, self._parts.layers.values())

    def _evaluation(self, inputs: Tensor, targets: Tensor, loss: float) -> Callable[[], float]:
        """Loss and clipped gradient at the weights of the moment; the first of them are known already."""
        known = [loss]

        def evaluate() -> float:
            if known:
                return known.pop()
            self._flat.zero()
            _, found = self._passes.run(inputs, targets, self._optimizer)
            clip(self._flat, self.config, self._parts.layers.values())
            return found.item()

        return evaluate

    def _diverge(self, inputs: Tensor, loss: float, norm: float) -> None:
        if math.isfinite(loss) and self._passes.may_overflow:
            return
        place = self._done + 1, self.steps_done + 1
        raise diagnose(self.model, inputs, (loss, norm), place, self.prepared.graph)

    def _look_at_first_batch(self) -> LayerTable:
        """One forward and backward pass on the batch that the first step will train."""
        order = self._first_batch()
        self._watch.attach()
        try:
            self._passes.run(self._train[0][order], self._train[1][order], self._optimizer)
            self._watch.before_step()
            table = self._watch.table(len(order))
        finally:
            self._watch.detach()
            self.model.outputs.clear()
        table.update_ratio[:] = math.nan
        return dataclasses.replace(table, updates=Distribution.empty(len(table.weight_rms)))

    def _stats(
        self,
        number: int,
        begun: float,
        trained: tuple[float | None, float | None],
        look: Callable[[], LayerTable | None],
        steps: StepStats,
        noise_scale: float,
    ) -> EpochStats:
        validation_loss, validation_accuracy = evaluate(self._parts, *self._validation)
        table = look()  # only now, because it may have been made beside the validation
        return EpochStats(
            epoch=number,
            train_loss=math.nan if trained[0] is None else trained[0],
            train_accuracy=trained[1],
            validation_loss=validation_loss,
            validation_accuracy=validation_accuracy,
            seconds=time.perf_counter() - begun,
            learning_rate=self._schedule.used if self._schedule else self.config.learning_rate,
            noise_scale=noise_scale,
            layers=table or LayerTable.empty(len(self.layers), 0),
            steps=steps,
        )
