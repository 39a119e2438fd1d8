"""The forward and backward passes of a step, in the portions and the precision that the settings ask for."""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext

import torch
from torch import Tensor

from engine.training import TrainingConfig

from .build import GraphModule
from .epoch import batch_sizes
from .modules import Loss
from .optim import take_step

Seen = Callable[[list[Tensor]], None]
"""Is told what the layers gave, after each backward pass."""


class Passes:
    """Adds the gradient of a batch's mean loss to the parameters' gradients.

    With accumulation a batch is cut into portions; each adds its own mean loss, weighted by its share of the
    samples, so that the sum is the gradient of the whole batch's mean loss. In mixed precision the forward pass is
    under `torch.autocast`; with float16 the loss is scaled by a `torch.amp.GradScaler`, and the gradients are scaled
    back before anybody sees them.
    """

    def __init__(
        self, model: GraphModule, loss: Loss, config: TrainingConfig, device: torch.device
    ) -> None:
        self._model = model
        self._loss = loss
        self._device = device.type
        self._portion = config.batch_size if config.accumulate > 1 else 0
        self._dtype = None if config.precision == "float32" else getattr(torch, config.precision)
        self._scaler: torch.amp.GradScaler | None = None
        self._is_plain = not self._portion and self._dtype is None
        if self._dtype is torch.float16:
            self._scaler = torch.amp.GradScaler(self._device)

    def scale_as(self, other: "Passes") -> None:
        """Go on with another's loss scale."""
        self._scaler = other._scaler

    @property
    def may_overflow(self) -> bool:
        """Whether a gradient that is not finite only means that the loss was scaled too much."""
        return self._scaler is not None and self._scaler.get_scale() >= 1.0

    def precision(self) -> AbstractContextManager[object]:
        """The context in which the layers compute."""
        return torch.autocast(self._device, self._dtype) if self._dtype else nullcontext()

    def run(
        self,
        inputs: Tensor,
        targets: Tensor,
        optimizer: torch.optim.Optimizer,
        seen: Seen | None = None,
    ) -> tuple[Tensor, Tensor]:
        """Forward and backward through a batch; its outputs and its mean loss."""
        if self._is_plain:
            outputs = self._model(inputs)
            loss = self._loss(outputs, targets)
            loss.backward()
            if seen is not None:
                seen(self._model.outputs)
            return outputs, loss
        outputs, loss = self._in_portions(inputs, targets, seen)
        if self._scaler is not None:
            self._scaler.unscale_(optimizer)
            self._unscale_outputs(1.0 / self._scaler.get_scale())
        return outputs, loss

    def step(self, optimizer: torch.optim.Optimizer, again: Callable[[], float] | None) -> None:
        """Let the optimiser step; `again` evaluates loss and gradient anew for those that need it."""
        if self._scaler is not None:
            self._scaler.step(optimizer)
            self._scaler.update()
        elif again is not None:
            optimizer.step(again)
        else:
            take_step(optimizer)

    def _in_portions(
        self, inputs: Tensor, targets: Tensor, seen: Seen | None
    ) -> tuple[Tensor, Tensor]:
        sizes = batch_sizes(len(inputs), self._portion) if self._portion else [len(inputs)]
        outputs, losses = [], []
        for part, wanted in zip(inputs.split(sizes), targets.split(sizes), strict=True):
            with self.precision():
                outputs.append(self._model(part))
                loss = self._loss(outputs[-1], wanted)
            if len(sizes) > 1:
                loss = loss * (len(part) / len(inputs))
            (loss if self._scaler is None else self._scaler.scale(loss)).backward()
            losses.append(loss.detach())
            if seen is not None:
                seen(self._model.outputs)
        if len(sizes) == 1:
            return outputs[0], losses[0]
        return torch.cat(outputs), torch.stack(losses).sum()

    def _unscale_outputs(self, factor: float) -> None:
        """Scale back what a watch kept of the layers' gradients; the smallest may underflow in float16."""
        for output in self._model.outputs:
            if output.grad_fn is not None and output.retains_grad and output.grad is not None:
                output.grad.mul_(factor)
