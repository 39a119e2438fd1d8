"""When the figures are no longer finite: which layer was the first, and what to try."""

import torch
from torch import Tensor

from engine.graph import NetworkGraph
from engine.language import tr
from engine.probe import first_nonfinite

from .build import GraphModule


class DivergenceError(Exception):
    """The run ended because loss or gradient is NaN or infinite: an outcome, not a fault."""

    def __init__(
        self,
        sentence: str,
        node_id: str | None,
        epoch: int,
        step: int,
        loss: float,
        gradient_norm: float,
    ) -> None:
        super().__init__(sentence)
        self.loss = loss
        self.gradient_norm = gradient_norm
        self.sentence = sentence
        self.node_id = node_id
        self.epoch = epoch
        self.step = step


def diagnose(
    model: GraphModule,
    inputs: Tensor,
    figures: tuple[float, float],
    place: tuple[int, int],
    graph: NetworkGraph,
) -> DivergenceError:
    """Find the first layer whose output is not finite, else the one nearest to the output whose gradient is not.

    `figures` are the loss and the gradient norm of the step, `place` is its epoch and its number, from 1.
    """
    (loss, norm), (epoch, step) = figures, place
    node_id, where = _first_output(model, inputs), tr("The output of {label} is the first")
    if node_id is None:
        node_id, where = _first_gradient(model), tr("The gradient of {label} is the first")
    if node_id is None:
        where = tr("The loss is the first")
    label = graph.nodes[node_id].label if node_id else ""
    sentence = tr(
        "Training diverged at batch {step} of epoch {epoch} (loss {loss:g}). {where} "
        "that is no longer a finite number. Lower the learning rate, clip the "
        "gradients, or choose another initialisation"
    ).format(step=step, epoch=epoch, loss=loss, where=where.format(label=label))
    return DivergenceError(sentence, node_id, epoch, step, loss, norm)


def _first_output(model: GraphModule, inputs: Tensor) -> str | None:
    outputs: dict[str, Tensor] = {}
    handles = [
        module.register_forward_hook(
            lambda _m, _i, output, name=name: outputs.__setitem__(name, output)
        )
        for name, module in model.named_layers().items()
    ]
    try:
        with torch.no_grad():
            model(inputs)
    finally:
        for handle in handles:
            handle.remove()
    return first_nonfinite(outputs)


def _first_gradient(model: GraphModule) -> str | None:
    for node_id, module in reversed(list(model.named_layers().items())):
        gradients = {name: p.grad for name, p in module.named_parameters() if p.grad is not None}
        if first_nonfinite(gradients) is not None:
            return node_id
    return None
