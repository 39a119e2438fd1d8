"""Networks built by the engine and looked into with plain autograd, for statements about single tensors."""

import math
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import pairwise

import torch
from torch import Tensor, nn

from engine.data import DataInfo
from engine.graph import infer
from engine.worker.build import GraphModule

from .networks import Layer, chain


@dataclass(slots=True)
class Record:
    """What each layer gave in one pass: outputs with their gradients, by the layer's kind, in order."""

    outputs: dict[str, list[Tensor]] = field(default_factory=dict)

    def squared_gradients(self, kind: str) -> list[float]:
        """G of each layer of a kind: ‖∂L/∂z‖², summed over samples and units in float64."""
        return [
            float((z.grad.double() ** 2).sum()) for z in self.outputs[kind] if z.grad is not None
        ]


@dataclass(frozen=True, slots=True)
class Built:
    """A document's module with its layers by kind."""

    module: GraphModule
    kinds: tuple[str, ...]

    def all(self, kind: str) -> list[nn.Module]:
        """The modules of a kind, in the order of the forward pass."""
        modules = self.module.named_layers().values()
        return [m for m, found in zip(modules, self.kinds, strict=True) if found == kind]

    @contextmanager
    def recorded(self) -> Iterator[Record]:
        """Keep every layer's output, and its gradient, of the passes made meanwhile."""
        record = Record()
        handles = []
        for kind, module in zip(self.kinds, self.module.named_layers().values(), strict=True):
            kept = record.outputs.setdefault(kind, [])

            def keep(_m: nn.Module, _i: object, output: Tensor, kept: list[Tensor] = kept) -> None:
                output.retain_grad()
                kept.append(output)

            handles.append(module.register_forward_hook(keep))
        try:
            yield record
        finally:
            for handle in handles:
                handle.remove()


def build(layers: Iterable[Layer], inputs: int, outputs: int, seed: int) -> Built:
    """The module of a chain of layers from `inputs` numbers to `outputs` classes."""
    graph = chain(layers, {})
    info = DataInfo(title="noise", samples=1, input_shape=(inputs,), classes=outputs)
    inference = infer(graph, info)
    for problem in inference.errors:
        raise ValueError(problem.sentence)
    module = GraphModule(graph, inference, seed)
    kinds = tuple(graph.nodes[node_id].kind for node_id in module.named_layers())
    return Built(module, kinds)


def noise(
    seed: int, *shape: int, variance: float = 1.0, dtype: torch.dtype = torch.float32
) -> Tensor:
    """Independent normal numbers of mean 0, that do not depend on torch's global state."""
    generator = torch.Generator().manual_seed(10_000 + seed)
    drawn = torch.randn(*shape, generator=generator, dtype=dtype)
    return drawn * math.sqrt(variance)


def back_and_forth(built: Built, inputs: Tensor, seed: int) -> Record:
    """One forward pass, and one backward pass of a random normal ∂L/∂output."""
    with built.recorded() as record:
        outputs = built.module(inputs)
        outputs.backward(noise(seed + 1, *outputs.shape, dtype=outputs.dtype))
    return record


def ratios(squares: list[float]) -> list[float]:
    """χ of each layer but the last: G_l / G_{l+1}."""
    return [first / second for first, second in pairwise(squares)]
