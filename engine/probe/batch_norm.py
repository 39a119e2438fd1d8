"""Batch normalisation in a watched step: what it learned, what it saw, and what it will use when evaluated."""

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from ..stats import BatchNormStats


def batch_norm_stats(
    modules: Sequence[nn.Module], inputs: Mapping[int, Tensor]
) -> tuple[BatchNormStats, ...]:
    """The state of every batch-norm module that was called with `inputs`; rows are the modules' places."""
    return tuple(
        _stats(row, module, inputs[row])
        for row, module in enumerate(modules)
        if isinstance(module, _BatchNorm) and row in inputs
    )


def _stats(row: int, module: _BatchNorm, batch: Tensor) -> BatchNormStats:
    over = [0, *range(2, batch.dim())]
    numbers = batch.double()
    channels = batch.shape[1]
    zeros, ones = torch.zeros(channels), torch.ones(channels)
    return BatchNormStats(
        row=row,
        gamma=_array(module.weight if module.affine else ones),
        beta=_array(module.bias if module.affine else zeros),
        batch_mean=_array(numbers.mean(dim=over)),
        batch_variance=_array(numbers.var(dim=over, correction=0)),
        moving_mean=_array(zeros if module.running_mean is None else module.running_mean),
        moving_variance=_array(ones if module.running_var is None else module.running_var),
        eps=module.eps,
    )


def _array(tensor: Tensor) -> NDArray[np.float64]:
    # a copy: the moving statistics go on moving
    return tensor.detach().double().cpu().numpy().copy()
