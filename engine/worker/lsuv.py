"""Layer-sequential unit-variance initialisation (Mishkin & Matas 2016, algorithm 1)."""

from collections.abc import Callable
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize

from engine.graph import NetworkGraph

from .build import GraphModule
from .undisturbed import undisturbed

TOLERANCE = 1e-3
"""How far from 1 the variance may stay; the paper's own experiments stop at .1."""
MAXIMUM_TRIALS = 10


def calibrate(model: GraphModule, graph: NetworkGraph, inputs: Tensor) -> None:
    """Divide the weight of every layer that asks for LSUV by σ(z), first layer first, until Var(z) is 1.

    `inputs` is a batch (samples, …); each layer sees what the calibrated layers before it give. Parameters
    other than those weights, buffers and torch's random state stay as they were. A layer whose output
    does not vary, or is not finite, keeps its weight.
    """
    wanted = [
        module
        for node_id, module in model.named_layers().items()
        if graph.nodes[node_id].params.get("initializer") == "lsuv"
    ]
    handles = [module.register_forward_hook(_scaled) for module in wanted]
    try:
        if wanted:
            with undisturbed(model, inputs.device), torch.no_grad():
                model(inputs)
    finally:
        for handle in handles:
            handle.remove()


def _scaled(module: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> Tensor:
    """Scale the layer until its output has unit variance, and pass that output on."""
    forward: Callable[..., Tensor] = module.forward
    for _ in range(MAXIMUM_TRIALS):
        variance = output.double().var(correction=0).item()
        if not 0.0 < variance < float("inf") or abs(variance - 1.0) <= TOLERANCE:
            break
        _divide_weight(module, variance**0.5)
        output = forward(*inputs)
    return output


def _divide_weight(module: nn.Module, divisor: float) -> None:
    if parametrize.is_parametrized(module, "weight"):
        # assigning splits the weight into magnitude and direction anew
        module.weight = cast("Tensor", module.weight) / divisor
    else:
        module.get_parameter("weight").div_(divisor)
