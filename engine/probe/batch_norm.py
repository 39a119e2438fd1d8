"""Batch normalisation in a watched step: what it learned, what it saw, and what it will use when evaluated."""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from ..stats import STAGES, VALUES, BatchNormStats, Distribution
from .collect import CACHED, Part, collect


class NormState(NamedTuple):
    """What a batch-norm module used in a step; tensors of shape (channels,), None where it has none."""

    gamma: Tensor | None
    beta: Tensor | None
    moving_mean: Tensor | None
    moving_variance: Tensor | None
    eps: float


def norm_states(modules: Sequence[nn.Module], inputs: Mapping[int, Tensor]) -> dict[int, NormState]:
    """A copy of the state of every batch-norm module that was called; keys are the modules' places."""
    return {
        row: NormState(
            _kept(module.weight),
            _kept(module.bias),
            _kept(module.running_mean),
            _kept(module.running_var),
            module.eps,
        )
        for row, module in enumerate(modules)
        if isinstance(module, _BatchNorm) and row in inputs
    }


@torch.no_grad()
def batch_norm_stats(
    states: Mapping[int, NormState], inputs: Mapping[int, Tensor]
) -> tuple[BatchNormStats, ...]:
    """What each module made of its input, by its state, and what it would make of it when evaluated.

    Channels know nothing of each other, so that layers whose inputs differ in channels only are put side by side and
    normalised together.
    """
    found = [
        stats
        for rows in _groups(states, inputs)
        for stats in _group_stats({row: states[row] for row in rows}, inputs)
    ]
    return tuple(sorted(found, key=lambda stats: stats.row))


def _groups(states: Mapping[int, NormState], inputs: Mapping[int, Tensor]) -> Iterator[list[int]]:
    """Rows that can be normalised together, no more at a time than what is looked at together."""
    alike: dict[object, list[int]] = {}
    for row, state in states.items():
        batch = inputs[row]
        key = (len(batch), batch.shape[2:], batch.dtype, batch.device, state.eps)
        alike.setdefault(key, []).append(row)
    for rows in alike.values():
        while rows:
            sizes = np.cumsum([inputs[row].numel() for row in rows])
            many = max(1, int(np.count_nonzero(sizes <= CACHED)))
            yield rows[:many]
            del rows[:many]


def _group_stats(
    states: Mapping[int, NormState], inputs: Mapping[int, Tensor]
) -> Iterator[BatchNormStats]:
    batch = torch.cat([inputs[row] for row in states], dim=1)
    if batch.dtype not in (torch.float32, torch.float64):
        batch = batch.float()  # of mixed precision
    widths = [inputs[row].shape[1] for row in states]
    columns = _columns(batch, states, widths)
    eps = next(iter(states.values())).eps
    stages = _stages(batch, columns.to(batch.dtype), eps, widths)
    numbers = columns.cpu().numpy()
    ends = np.cumsum(widths).tolist()
    for place, (row, end, width) in enumerate(zip(states, ends, widths, strict=True)):
        gamma, beta, mean, variance, *moving = numbers[:, end - width : end].copy()
        own = stages.part(slice(place * len(STAGES), (place + 1) * len(STAGES)))
        yield BatchNormStats(row, gamma, beta, mean, variance, moving[0], moving[1], eps, own)


def _columns(batch: Tensor, states: Mapping[int, NormState], widths: Sequence[int]) -> Tensor:
    """γ, β, batch mean and variance, moving mean and variance of all channels, in float64: shape (6, channels)."""
    over = [0, *range(2, batch.dim())]
    wide = batch.double()
    mean = wide.mean(dim=over)
    # several times as fast as `torch.var_mean` of these
    variance = (wide - mean.reshape(-1, *[1] * (batch.dim() - 2))).square_().mean(dim=over)
    # where no statistics are kept, torch evaluates with the batch's own
    own = torch.stack((torch.ones_like(mean), torch.zeros_like(mean), mean, variance))
    columns = own[[0, 1, 2, 3, 2, 3]]
    for state, part in zip(states.values(), columns.split(list(widths), dim=1), strict=True):
        known = (state.gamma, state.beta, None, None, state.moving_mean, state.moving_variance)
        for column, tensor in zip(part, known, strict=True):
            if tensor is not None:
                column.copy_(tensor)
    return columns


def _stages(batch: Tensor, columns: Tensor, eps: float, widths: Sequence[int]) -> Distribution:
    """The distributions of `STAGES` of each layer, those of the first layer first."""
    gamma, beta, _, _, mean, variance = columns
    trained = torch.batch_norm(batch, None, None, None, None, True, 0.0, eps, False)
    evaluated = torch.batch_norm(batch, None, None, mean, variance, False, 0.0, eps, False)
    scaled = torch.batch_norm(batch, gamma, beta, mean, variance, False, 0.0, eps, False)
    parts = [stage.split(list(widths), dim=1) for stage in (batch, trained, evaluated, scaled)]
    tensors = [tensor for layer in zip(*parts, strict=True) for tensor in layer]
    into = Distribution.empty(len(tensors))
    collect([Part(into, dict(enumerate(tensors)), VALUES)])
    return into


def _kept(tensor: Tensor | None) -> Tensor | None:
    # a copy: parameters are trained on, and moving statistics go on moving
    return None if tensor is None else tensor.detach().clone()
