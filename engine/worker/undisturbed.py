"""A look at a network that leaves no trace in its training."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import nn

from .devices import random_states, restore_random_states


@contextmanager
def undisturbed(model: nn.Module, device: torch.device) -> Iterator[None]:
    """Begin with gradients of zero, and end so; restore buffers and torch's random states afterwards."""
    buffers = [(buffer, buffer.clone()) for buffer in model.buffers()]
    random = random_states(device)
    model.zero_grad(set_to_none=False)  # gradients may be views of a buffer
    try:
        yield
    finally:
        restore_random_states(device, random)
        with torch.no_grad():
            for buffer, kept in buffers:
                buffer.copy_(kept)
        model.zero_grad(set_to_none=False)
