"""Norms over many tensors at once."""

import math

import torch
from torch import Tensor


def total_norm(tensors: list[Tensor]) -> Tensor:
    """Euclidean norm over all tensors together, as `torch.nn.utils.get_total_norm` computes it; a scalar tensor."""
    norm: Tensor = torch.linalg.vector_norm(torch.stack(torch._foreach_norm(tensors)))
    return norm


def rms(tensor: Tensor) -> float:
    """Root mean square, summed in float64: the squares of small float32 gradients underflow to zero."""
    norm: Tensor = torch.linalg.vector_norm(tensor, dtype=torch.float64)
    return norm.item() / math.sqrt(max(1, tensor.numel()))
