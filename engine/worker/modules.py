"""Torch modules for layers that torch does not have as modules, and the losses."""

from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor, nn
from torch.nn import functional

from engine.layers import Task

Loss = Callable[[Tensor, Tensor], Tensor]


class Add(nn.Module):
    """Sum of all inputs, which have equal shapes."""

    def forward(self, *inputs: Tensor) -> Tensor:
        total = inputs[0]
        for term in inputs[1:]:
            total = total + term
        return total


class Concat(nn.Module):
    """Inputs joined along the first dimension after the batch."""

    def forward(self, *inputs: Tensor) -> Tensor:
        return torch.cat(inputs, dim=1)


def loss_function(kind: str, task: Task, label_smoothing: float = 0.0) -> Loss:
    """The mean loss over a batch, of outputs (batch, …) and targets as the data set gives them."""
    if kind == "cross_entropy":
        if label_smoothing:
            return partial(functional.cross_entropy, label_smoothing=label_smoothing)
        return functional.cross_entropy
    if kind == "binary_cross_entropy":
        return _binary_cross_entropy
    if task.classes:
        return _one_hot_squares
    return functional.mse_loss


def _binary_cross_entropy(outputs: Tensor, targets: Tensor) -> Tensor:
    return functional.binary_cross_entropy_with_logits(
        outputs.squeeze(1), targets.to(outputs.dtype)
    )


def _one_hot_squares(outputs: Tensor, targets: Tensor) -> Tensor:
    wanted = functional.one_hot(targets, outputs.shape[1]).to(outputs.dtype)
    return functional.mse_loss(outputs, wanted)


def hits(outputs: Tensor, targets: Tensor) -> int:
    """How many class numbers are right: the largest output, or for a single one its sign."""
    guess = (outputs[:, 0] > 0).long() if outputs.shape[1] == 1 else outputs.argmax(dim=1)
    return int((guess == targets).sum())
