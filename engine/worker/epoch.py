"""The epoch under way: its batches, what its steps said, and what adds up over them."""

import math
import time
from dataclasses import dataclass, field
from typing import NamedTuple

import torch
from torch import Tensor

from engine.probe import DeadUnits
from engine.stats import LayerTable, StepStats, gradient_noise_scale

from .aside import Aside
from .clipping import Clipping
from .flat import FlatParameters
from .modules import hits


class Step(NamedTuple):
    """What is known after one batch."""

    loss: float
    clipping: Clipping
    look: Aside[LayerTable] | None = None
    """The look inside, when there was one."""

    @property
    def layers(self) -> LayerTable | None:
        """What the look has found, waited for if need be."""
        return None if self.look is None else self.look.result()


def step_stats(steps: list[Step]) -> StepStats:
    """The steps' numbers as columns."""
    return StepStats.of(
        [step.loss for step in steps],
        [step.clipping.before for step in steps],
        [step.clipping.after for step in steps],
        [step.clipping.cosine for step in steps],
    )


def batch_sizes(samples: int, batch_size: int) -> list[int]:
    """Sizes of the batches of an epoch; a last one of a single sample is merged into the one before."""
    sizes = [batch_size] * (samples // batch_size)
    rest = samples % batch_size
    if rest == 1 and sizes:
        sizes[-1] += 1
    elif rest:
        sizes.append(rest)
    return sizes


@dataclass(slots=True)
class Epoch:
    """An epoch under way."""

    number: int
    inputs: tuple[Tensor, ...]
    targets: tuple[Tensor, ...]
    sizes: list[int]
    """Samples in each batch."""
    begun: float = field(default_factory=time.perf_counter)
    steps: list[Step] = field(default_factory=list)
    outputs: list[Tensor] = field(default_factory=list)
    look: Aside[LayerTable] | None = None

    @property
    def is_over(self) -> bool:
        """Whether no batch is left."""
        return len(self.steps) == len(self.inputs)

    @property
    def looks_by_itself(self) -> bool:
        """Whether the next batch is the last that has the full size, which is always looked into."""
        return len(self.steps) == len(self.sizes) - 1 - self.sizes[::-1].index(max(self.sizes))

    def mean_loss(self) -> float:
        """Over the samples, each at the weights that it met."""
        pairs = zip(self.steps, self.sizes, strict=True)
        return sum(step.loss * size for step, size in pairs) / sum(self.sizes)

    def accuracy(self) -> float:
        """Share of targets whose class was right, each at the weights that it met."""
        targets = torch.cat(self.targets)
        return hits(torch.cat(self.outputs), targets) / targets.numel()


class EpochSums:
    """What adds up over the steps of an epoch at the price of a kernel or two a step."""

    def __init__(self, flat: FlatParameters, rectifiers: dict[int, int], dead: DeadUnits) -> None:
        """`rectifiers` maps rows of the table to places in the model's list of outputs; `dead` is told of them."""
        self._flat = flat
        self._places = list(rectifiers.values())
        self._dead = dead
        self._sum = torch.zeros_like(flat.gradients)
        self._steps_before = 0

    def begin(self, steps_before: int = 0) -> None:
        """Begin an epoch, of which so many steps were made before anything is taken in."""
        self._sum.zero_()
        self._dead.reset()
        self._steps_before = steps_before

    def see(self, outputs: list[Tensor]) -> None:
        """Take in what the layers gave."""
        if self._places:
            self._dead.take([outputs[place] for place in self._places])

    def add_gradient(self) -> None:
        """Take in the gradient of a full batch from the buffer, before it is clipped."""
        self._sum.add_(self._flat.gradients)

    def fill(self, table: LayerTable) -> None:
        """Write what is known of the epoch's units into a table."""
        self._dead.shares(table.dead)

    def noise_scale(self, epoch: Epoch) -> float:
        """The gradient noise scale in samples, from the full batches; the weights move meanwhile: an estimate."""
        batch = max(epoch.sizes)
        norms = [
            step.clipping.before
            for step, size in list(zip(epoch.steps, epoch.sizes, strict=True))[self._steps_before :]
            if size == batch
        ]
        if not norms:
            return math.nan
        mean = torch.linalg.vector_norm(self._sum, dtype=torch.float64).item() / len(norms)
        squares = sum(norm * norm for norm in norms) / len(norms)
        return gradient_noise_scale(squares, mean * mean, batch, len(norms))
