"""The loss of a network in evaluation mode."""

import torch
from torch import Tensor

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
    return loss, hits(outputs, targets) / targets.numel() if parts.classifies else None
