"""Networks twice: as a document for the theory, and in plain torch, averaged over seeds, as its witness."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from engine.data import DataInfo, Split
from engine.graph import NetworkGraph, decode, infer
from engine.theory import Prediction, predict

Floats = NDArray[np.float64]
Layers = Sequence[tuple[str, Mapping[str, Any]]]


def split_of(inputs: Tensor, targets: Tensor, classes: int) -> Split:
    """Training data of these arrays, none to validate."""
    x, y = inputs.numpy(), targets.numpy()
    info = DataInfo(title="data", samples=len(x), input_shape=x.shape[1:], classes=classes)
    return Split(
        info=info,
        train_inputs=x,
        train_targets=y,
        validation_inputs=x[:0],
        validation_targets=y[:0],
    )


def chain(layers: Layers) -> NetworkGraph:
    """A document whose layers have ids like `linear_1` and `tanh_2`, by their place in the chain."""
    ids = [f"{kind.lower()}_{place}" for place, (kind, _) in enumerate(layers, 1)]
    wires = list(zip(["input", *ids], [*ids, "output"], strict=True))
    nodes = {
        node_id: {"kind": kind, "params": params}
        for node_id, (kind, params) in zip(ids, layers, strict=True)
    }
    return document(nodes, wires)


def document(
    nodes: Mapping[str, Mapping[str, Any]],
    wires: Sequence[tuple[str, str]],
    loss: str = "cross_entropy",
) -> NetworkGraph:
    """A document of these nodes between `input` and `output`; the wires into a node take its ports in their order."""
    ports = {target: 0 for _, target in wires}
    edges = []
    for source, target in wires:
        edges.append({"source": source, "target": target, "port": ports[target]})
        ports[target] += 1
    ends = [
        {"id": "input", "kind": "Input"},
        {"id": "output", "kind": "Output", "params": {"loss": loss}},
    ]
    rows = [*ends, *({"id": node_id, **node} for node_id, node in nodes.items())]
    file = {"format": "gradient-lab/network", "version": 1, "nodes": rows, "edges": edges}
    return decode(json.dumps({**file, "data": {"kind": "digits", "params": {}}}).encode())


def theory(graph: NetworkGraph, split: Split, batch_size: int, *, data: bool = True) -> Prediction:
    """The prediction; the document must be without fault."""
    inference = infer(graph, split.info)
    assert inference.errors == ()
    return predict(graph, inference, batch_size=batch_size, split=split if data else None)


@dataclass(frozen=True)
class Measured:
    """Root mean squares over seeds, a number for each module."""

    std: Floats
    gradient: Floats
    """Root mean square of ∂L/∂output, over that of the last module."""


def measured(
    make: Callable[[], Sequence[nn.Module]], split: Split, batch_size: int, seeds: int
) -> Measured:
    """Plain torch: forward and backward of a chain of modules on a batch of its own for each seed."""
    inputs, targets = torch.from_numpy(split.train_inputs), torch.from_numpy(split.train_targets)
    deviations, gradients = [], []
    for seed in range(seeds):
        torch.manual_seed(seed)
        modules = make()
        chosen = torch.randperm(len(inputs))[:batch_size]
        values, outputs = inputs[chosen], []
        for module in modules:
            values = module(values)
            values.retain_grad()
            outputs.append(values)
        nn.functional.cross_entropy(values, targets[chosen]).backward()
        deviations.append([output.std(correction=0).item() for output in outputs])
        sizes = [
            output.grad.double().square().mean().item()
            for output in outputs
            if output.grad is not None
        ]
        gradients.append([size / sizes[-1] for size in sizes])
    return Measured(
        np.sqrt(np.mean(np.square(deviations), axis=0)), np.sqrt(np.mean(gradients, axis=0))
    )


def decades(predicted: Floats, seen: Floats) -> float:
    """Largest distance of two columns in powers of ten."""
    return float(np.abs(np.log10(predicted / seen)).max())


def blobs(samples: int, shape: tuple[int, ...], classes: int = 10) -> Split:
    """Standardised inputs with a few clusters, so that samples are correlated as real ones are."""
    generator = torch.Generator().manual_seed(7)
    targets = torch.randint(classes, (samples,), generator=generator)
    centres = torch.randn(classes, *shape, generator=generator)
    inputs = 0.7 * centres[targets] + torch.randn(samples, *shape, generator=generator)
    inputs = (inputs - inputs.mean(0)) / inputs.std(0)
    return split_of(inputs, targets, classes)
