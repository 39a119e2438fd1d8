"""Looking at a network without changing it: its loss in evaluation mode, and a way back from a training pass."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor

from .devices import random_states, restore_random_states
from .modules import hits
from .parts import Parts

_EVALUATION_BATCH = 1_024


def evaluate(parts: Parts, inputs: Tensor, targets: Tensor) -> tuple[float | None, float | None]:
    """Mean loss and accuracy in evaluation mode; None for what does not exist."""
    if not len(inputs):
        return None, None
    model = parts.model
    model.eval()
    with torch.no_grad(), parts.passes.precision():
        outputs = torch.cat([model(part) for part in inputs.split(_EVALUATION_BATCH)])
        loss = parts.loss(outputs, targets).item()
    model.train()
    return loss, hits(outputs, targets) / len(targets) if parts.classifies else None


@contextmanager
def undisturbed(parts: Parts) -> Iterator[None]:
    """Restore buffers, gradients and torch's random state afterwards."""
    buffers = [(buffer, buffer.clone()) for buffer in parts.model.buffers()]
    random = random_states(parts.device)
    parts.flat.zero()
    try:
        yield
    finally:
        restore_random_states(parts.device, random)
        with torch.no_grad():
            for buffer, kept in buffers:
                buffer.copy_(kept)
        parts.flat.zero()
