"""Optimisers as torch has them, on a few long parameters instead of many short ones."""

import functools
import inspect
from collections.abc import Callable
from typing import Any

import torch

from engine.training import OPTIMIZERS, TrainingConfig

from .flat import FlatParameters


def make_optimizer(config: TrainingConfig, flat: FlatParameters) -> torch.optim.Optimizer:
    """The optimiser of a configuration; every step of it gives the bits of torch's plain loop over the tensors."""
    spec = OPTIMIZERS[config.optimizer]
    arguments: dict[str, Any] = {name: getattr(config, name) for name in spec.arguments}
    if "beta1" in arguments:
        arguments["betas"] = (arguments.pop("beta1"), arguments.pop("beta2"))
    if "line_search" in arguments:
        arguments["line_search_fn"] = "strong_wolfe" if arguments.pop("line_search") else None
    if spec.closes:
        # it sums over all numbers, in an order that decides the bits, and has one learning rate only
        parameters = [{"params": flat.parameters}]
    else:
        parameters = [{"params": [group.long]} for group in flat.groups]
        arguments["foreach"] = False
    optimizer: torch.optim.Optimizer = getattr(torch.optim, config.optimizer)(
        parameters, lr=config.learning_rate, **arguments
    )
    set_rate(optimizer, flat, config.learning_rate)
    return optimizer


@torch.no_grad()
def take_step(optimizer: torch.optim.Optimizer) -> None:
    """Let the optimiser step by the gradients that are there, without what torch wraps around a step.

    That is: hooks, which nobody sets here, a mark for the profiler, and a word to the compiler, which loads it.
    """
    _plain_step(type(optimizer).step)(optimizer)


@functools.cache
def _plain_step(step: Callable[..., object]) -> Callable[..., object]:
    plain: Callable[..., object] = inspect.unwrap(step)
    return plain


def set_rate(optimizer: torch.optim.Optimizer, flat: FlatParameters, rate: float) -> None:
    """Let the optimiser's next steps be of this learning rate, times each group's factor."""
    for group, flat_group in zip(optimizer.param_groups, flat.groups, strict=False):
        group["lr"] = rate * flat_group.key.factor
