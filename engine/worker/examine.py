"""A thorough look at a network at its present weights, over all training samples; nothing of it is changed."""

from collections.abc import Iterable

import numpy as np
import torch
from torch import Tensor

from engine.probe import DeadUnits, jacobian_singular_values, output_ranks
from engine.stats import Examination, gradient_noise_scale

from .build import GraphModule
from .flat import FlatParameters
from .modules import Loss

RANKED_SAMPLES = 512
JACOBIAN_SAMPLES = 16
JACOBIAN_OUTPUTS = 256
"""A Jacobian with more rows than this takes longer than anybody waits."""
_BATCH = 256

Samples = tuple[Tensor, Tensor]


def examine(
    model: GraphModule,
    flat: FlatParameters,
    loss: Loss,
    samples: Samples,
    rectifiers: dict[int, int],
    dead: DeadUnits,
    batch: int,
) -> Examination:
    """Look at the model in evaluation mode; buffers, gradients and mode are the caller's to restore.

    `rectifiers` maps rows to places in the model's outputs, `dead` is new and will be told of them, `batch` is the
    size that the noise scale is for.
    """
    model.eval()
    inputs = samples[0]
    effective, stable = output_ranks(model, model.named_layers(), inputs[:RANKED_SAMPLES])
    return Examination(
        samples=len(inputs),
        ranked_samples=min(len(inputs), RANKED_SAMPLES),
        dead=_dead(model, inputs.split(_BATCH), rectifiers, dead),
        effective_rank=effective,
        stable_rank=stable,
        noise_scale=_noise_scale(model, flat, loss, samples, batch),
        batch=batch,
        jacobian=_jacobian(model, inputs),
    )


def _dead(
    model: GraphModule, batches: Iterable[Tensor], rectifiers: dict[int, int], dead: DeadUnits
) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    column = np.full(len(model.named_layers()), np.nan)
    if not rectifiers:
        return column
    with torch.no_grad():
        for inputs in batches:
            outputs = model.outputs_of(inputs)
            dead.take([outputs[place] for place in rectifiers.values()])
    dead.shares(column)
    return column


def _noise_scale(
    model: GraphModule, flat: FlatParameters, loss: Loss, samples: Samples, batch: int
) -> float:
    total, squares, count = torch.zeros_like(flat.gradients, dtype=torch.float64), 0.0, 0
    for inputs, targets in zip(*(part.split(batch) for part in samples), strict=True):
        if len(inputs) < batch:
            break
        flat.zero()
        loss(model(inputs), targets).backward()
        gradient = flat.gradients.double()
        total += gradient
        squares += float(gradient.square().sum())
        count += 1
    if count < 2:
        return float("nan")
    mean = float((total / count).square().sum())
    return gradient_noise_scale(squares / count, mean, batch, count)


def _jacobian(
    model: GraphModule, inputs: Tensor
) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    some = inputs[:JACOBIAN_SAMPLES]
    with torch.no_grad():
        outputs = model(some).flatten(1).shape[1]
    if outputs > JACOBIAN_OUTPUTS:
        return np.empty((0, 0))
    return jacobian_singular_values(model, some)
