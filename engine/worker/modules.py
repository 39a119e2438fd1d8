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


class Multiply(nn.Module):
    """Product of all inputs, which have equal shapes."""

    def forward(self, *inputs: Tensor) -> Tensor:
        product = inputs[0]
        for factor in inputs[1:]:
            product = product * factor
        return product


class Scale(nn.Module):
    """Everything times one factor, which is trained or stays."""

    factor: Tensor

    def __init__(self, factor: float, trained: bool) -> None:
        super().__init__()
        start = torch.full((1,), factor)
        if trained:
            self.factor = nn.Parameter(start)
        else:
            self.register_buffer("factor", start)

    def forward(self, inputs: Tensor) -> Tensor:
        return self.factor * inputs


class TrainableSELU(nn.Module):
    """λ z above zero, else λ α (eᶻ − 1), with trained α and λ (`scale`), one of each for the layer."""

    def __init__(self, alpha: float, scale: float) -> None:
        super().__init__()
        self.alpha = nn.Parameter(torch.full((1,), alpha))
        self.scale = nn.Parameter(torch.full((1,), scale))

    def forward(self, inputs: Tensor) -> Tensor:
        # the side that is not taken must stay finite, or its gradient is 0 · ∞
        below = self.alpha * torch.expm1(inputs.clamp(max=0.0))
        return self.scale * torch.where(inputs > 0.0, inputs, below)


class Reshape(nn.Module):
    """Each sample in another shape, its numbers in their order."""

    def __init__(self, shape: tuple[int, ...]) -> None:
        super().__init__()
        self._shape = shape

    def forward(self, inputs: Tensor) -> Tensor:
        return inputs.reshape(len(inputs), *self._shape)


class Permute(nn.Module):
    """Dimensions in another order, counted from 1; the batch stays in front."""

    def __init__(self, order: tuple[int, ...]) -> None:
        super().__init__()
        self._order = order

    def forward(self, inputs: Tensor) -> Tensor:
        return inputs.permute(0, *self._order)


class GlobalAvgPool(nn.Module):
    """The mean of each channel over all its places."""

    def forward(self, inputs: Tensor) -> Tensor:
        return inputs.mean(dim=tuple(range(2, inputs.ndim)))


def loss_function(kind: str, task: Task, label_smoothing: float = 0.0) -> Loss:
    """The mean loss over a batch, of outputs (batch, …) and targets as the data set gives them.

    With a class number for every step the mean is over samples and steps.
    """
    if kind == "cross_entropy":
        loss = _cross_entropy_of_steps if task.target_shape else functional.cross_entropy
        return partial(loss, label_smoothing=label_smoothing) if label_smoothing else loss
    if kind == "binary_cross_entropy":
        return _binary_cross_entropy
    if task.classes:
        return _one_hot_squares
    return functional.mse_loss


def _cross_entropy_of_steps(
    outputs: Tensor, targets: Tensor, label_smoothing: float = 0.0
) -> Tensor:
    return functional.cross_entropy(
        outputs.flatten(0, 1), targets.flatten(), label_smoothing=label_smoothing
    )


def _binary_cross_entropy(outputs: Tensor, targets: Tensor) -> Tensor:
    return functional.binary_cross_entropy_with_logits(
        outputs.squeeze(-1), targets.to(outputs.dtype)
    )


def _one_hot_squares(outputs: Tensor, targets: Tensor) -> Tensor:
    wanted = functional.one_hot(targets, outputs.shape[-1]).to(outputs.dtype)
    return functional.mse_loss(outputs, wanted)


def hits(outputs: Tensor, targets: Tensor) -> int:
    """How many class numbers are right, those of every step: the largest output, or for a single one its sign."""
    guess = (outputs[..., 0] > 0).long() if outputs.shape[-1] == 1 else outputs.argmax(dim=-1)
    return int((guess == targets).sum())
