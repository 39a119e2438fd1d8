"""Optimisers and clipping as torch has them, on one long parameter instead of many short ones."""

import math
from typing import NamedTuple

import torch
from torch.nn.utils import clip_grads_with_norm_

from engine.probe import total_norm
from engine.training import OPTIMIZERS, TrainingConfig

from .flat import FlatParameters


class Clipping(NamedTuple):
    """What clipping did to the gradient of all parameters together."""

    before: float
    """Euclidean norm."""
    after: float
    cosine: float
    """Between the gradient before and after; NaN for a gradient of zero."""


def make_optimizer(config: TrainingConfig, flat: FlatParameters) -> torch.optim.Optimizer:
    """The optimiser of a configuration; every step of it gives the bits of torch's plain loop over the tensors."""
    arguments = {name: getattr(config, name) for name in OPTIMIZERS[config.optimizer].arguments}
    if "beta1" in arguments:
        arguments["betas"] = (arguments.pop("beta1"), arguments.pop("beta2"))
    optimizer: torch.optim.Optimizer = getattr(torch.optim, config.optimizer)(
        flat.groups,
        lr=config.learning_rate,
        weight_decay=config.weight_decay,
        foreach=False,
        **arguments,
    )
    return optimizer


def clip(flat: FlatParameters, config: TrainingConfig) -> Clipping:
    """Clip the gradients as the configuration says, and tell what it did."""
    if config.clip_mode == "norm":
        return _clip_by_norm(flat, config.clip_threshold)
    norm = torch.linalg.vector_norm(flat.gradients).item()
    if config.clip_mode == "value":
        return _clip_by_value(flat, config.clip_threshold, norm)
    return Clipping(norm, norm, 1.0 if norm else math.nan)


def _clip_by_norm(flat: FlatParameters, threshold: float) -> Clipping:
    # the norm of the tensors' norms, as torch takes it: its last bits decide the weights
    norm = total_norm(flat.views)
    clip_grads_with_norm_(flat.parameters, threshold, norm)
    before = norm.item()
    # the same factor as torch's, which adds 1e-6 to the norm
    after = before * min(1.0, threshold / (before + 1e-6))
    return Clipping(before, after, 1.0 if before else math.nan)


def _clip_by_value(flat: FlatParameters, threshold: float, norm: float) -> Clipping:
    raw = flat.gradients.clone()
    flat.gradients.clamp_(-threshold, threshold)
    after = torch.linalg.vector_norm(flat.gradients).item()
    if not norm * after:
        return Clipping(norm, after, math.nan)
    product = torch.dot(raw.double(), flat.gradients.double()).item()
    return Clipping(norm, after, min(1.0, product / (norm * after)))
