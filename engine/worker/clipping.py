"""Clipping as torch has it, on one long gradient where the bits allow it, and adaptive clipping."""

import math
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.utils import clip_grad_norm_, clip_grads_with_norm_

from engine.probe import total_norm
from engine.training import TrainingConfig

from .flat import FlatParameters

_SMALLEST_NORM = 1e-3
"""ε of Brock et al. 2021, eq. 3: weights that begin at zero can still move."""

Layers = Iterable[Sequence[nn.Parameter]]


class Clipping(NamedTuple):
    """What clipping did to the gradient of all parameters together."""

    before: float
    """Euclidean norm."""
    after: float
    cosine: float
    """Between the gradient before and after; NaN for a gradient of zero."""


def clip(flat: FlatParameters, config: TrainingConfig, layers: Layers) -> Clipping:
    """Clip the gradients as the configuration says, and tell what it did; `layers` are each layer's parameters."""
    mode = config.clip_mode
    if mode == "norm":
        return _clip_by_norm(flat, config.clip_threshold)
    norm = torch.linalg.vector_norm(flat.gradients).item()
    if mode == "none":
        return Clipping(norm, norm, 1.0 if norm else math.nan)
    raw = flat.gradients.clone()
    if mode == "value":
        flat.gradients.clamp_(-config.clip_threshold, config.clip_threshold)
    elif mode == "layer":
        for parameters in layers:
            clip_grad_norm_(parameters, config.clip_threshold)
    else:
        clip_adaptively(flat.parameters, config.clip_threshold)
    return _compared(raw, flat.gradients, norm)


@torch.no_grad()
def clip_adaptively(parameters: Sequence[nn.Parameter], threshold: float) -> None:
    """Scale each unit's gradient down to at most `threshold` times the norm of the unit's weights.

    G_i ← λ max(‖W_i‖, ε) / ‖G_i‖ · G_i where ‖G_i‖ is larger (Brock et al. 2021, eq. 3, ε = 1e-3). A unit is a
    row of the weight (all dimensions but the first); a bias or gain counts as a single unit, as in their code.
    """
    for parameter in parameters:
        if parameter.grad is None:
            continue
        largest = threshold * _unit_norms(parameter).clamp_(min=_SMALLEST_NORM)
        norms = _unit_norms(parameter.grad)
        parameter.grad.mul_(torch.where(norms > largest, largest / norms, 1.0))


def _unit_norms(tensor: Tensor) -> Tensor:
    """Euclidean norm of each unit, of a shape that spreads over the tensor."""
    over = None if tensor.dim() <= 1 else tuple(range(1, tensor.dim()))
    norms: Tensor = torch.linalg.vector_norm(tensor, dim=over, keepdim=tensor.dim() > 1)
    return norms


def _clip_by_norm(flat: FlatParameters, threshold: float) -> Clipping:
    # the norm of the tensors' norms, as torch takes it: its last bits decide the weights
    norm = total_norm(flat.views)
    clip_grads_with_norm_(flat.parameters, threshold, norm)
    before = norm.item()
    # the same factor as torch's, which adds 1e-6 to the norm
    after = before * min(1.0, threshold / (before + 1e-6))
    return Clipping(before, after, 1.0 if before else math.nan)


def _compared(raw: Tensor, clipped: Tensor, norm: float) -> Clipping:
    after = torch.linalg.vector_norm(clipped).item()
    if not norm * after:
        return Clipping(norm, after, math.nan)
    product = torch.dot(raw.double(), clipped.double()).item()
    return Clipping(norm, after, min(1.0, product / (norm * after)))
