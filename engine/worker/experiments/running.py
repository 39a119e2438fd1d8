"""Runs of the lab's own engine, and what the experiments read off them."""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import torch

from engine.data import Split
from engine.graph import NetworkGraph, SetTraining
from engine.stats import LayerTable
from engine.worker.divergence import DivergenceError
from engine.worker.prepare import Prepared, prepare
from engine.worker.trainer import Trainer

LOOK = 256
"""Samples on which a network is looked at before training."""


@dataclass(frozen=True, slots=True)
class Run:
    """A finished training."""

    accuracies: tuple[float, ...]
    """Validation accuracy after each epoch; a run that diverged ends with that of the weights it broke off with."""
    tables: tuple[LayerTable, ...]
    """The look inside at the end of each epoch; empty without probes."""
    diverged: bool
    trainer: Trainer

    @property
    def accuracy(self) -> float:
        """Validation accuracy at the end."""
        return self.accuracies[-1]

    @property
    def best(self) -> float:
        """Highest validation accuracy of all epochs."""
        return max(self.accuracies)

    def epochs_to(self, accuracy: float) -> float:
        """The first epoch, from 1, with at least this accuracy; infinite when there is none."""
        reached = (n for n, found in enumerate(self.accuracies, 1) if found >= accuracy)
        return float(next(reached, math.inf))


def train(
    graph: NetworkGraph,
    seed: int,
    *,
    probes: bool = False,
    data: Callable[[Split], Split] | None = None,
    each_epoch: Callable[[Trainer], None] | None = None,
) -> Run:
    """Train a document to its last epoch; `data` may change the samples, `each_epoch` look at its weights."""
    trainer = trainer_of(graph, seed, probes=probes, data=data)
    accuracies: list[float] = []
    tables: list[LayerTable] = []
    try:
        while trainer.epochs_done < trainer.config.epochs:
            while not trainer.epoch_is_over:
                trainer.step()
            stats = trainer.end_epoch()
            accuracies.append(stats.validation_accuracy or 0.0)
            tables.append(stats.layers)
            if each_epoch is not None:
                each_epoch(trainer)
    except DivergenceError:
        accuracies.append(trainer.measure().validation_accuracy or 0.0)
        return Run(tuple(accuracies), tuple(tables), True, trainer)
    return Run(tuple(accuracies), tuple(tables), False, trainer)


def trainer_of(
    graph: NetworkGraph,
    seed: int,
    *,
    probes: bool = True,
    data: Callable[[Split], Split] | None = None,
) -> Trainer:
    """The trainer of a document under a seed."""
    graph.apply(SetTraining({"seed": seed}))
    prepared: Prepared = prepare(graph, None)
    if data is not None:
        prepared = replace(prepared, split=data(prepared.split))
    return Trainer(prepared, probes=probes)


def gradient_ratio(graph: NetworkGraph, seed: int) -> float:
    """r: RMS ∂L/∂z of the second Linear layer over that of the last hidden one, before training."""
    graph.apply(SetTraining({"seed": seed}))
    own = graph.apply(SetTraining({"batch_size": LOOK}))
    try:
        trainer = trainer_of(graph, seed)
        return ratio_in(trainer.measure().layers, trainer)
    finally:
        graph.apply(own)


def ratio_in(table: LayerTable, trainer: Trainer) -> float:
    """The same in a table of a run."""
    gradients = [
        float(table.activation_gradient_rms[row])
        for row, info in enumerate(trainer.layers)
        if info.kind == "Linear"
    ]
    second, last = gradients[1], gradients[-2]
    return second / last if last else math.nan


def layer_inputs(trainer: Trainer, kind: str, inputs: torch.Tensor) -> list[torch.Tensor]:
    """What arrives at each layer of a kind when `inputs` go through the network as it is trained."""
    arrived: list[torch.Tensor] = []
    modules = trainer.model.named_layers()
    handles = [
        modules[info.id].register_forward_hook(lambda _m, given, _o: arrived.append(given[0]))
        for info in trainer.layers
        if info.kind == kind
    ]
    with torch.no_grad():
        trainer.model(inputs)
    for handle in handles:
        handle.remove()
    return arrived


def first_samples(trainer: Trainer) -> torch.Tensor:
    """The first `LOOK` training samples."""
    return torch.from_numpy(trainer.prepared.split.train_inputs[:LOOK])


def scaled(factors: np.ndarray | float) -> Callable[[Split], Split]:
    """A change of the samples: every input times its factor; `factors` broadcasts over one sample."""

    def change(split: Split) -> Split:
        return replace(
            split,
            train_inputs=(split.train_inputs * factors).astype(np.float32),
            validation_inputs=(split.validation_inputs * factors).astype(np.float32),
        )

    return change
