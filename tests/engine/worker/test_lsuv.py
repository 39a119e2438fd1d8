"""LSUV: unit variance layer by layer on the first batch, and nothing else touched."""

import itertools
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from engine.data import DataSpec
from engine.graph import Edge, NetworkGraph, Node
from engine.layers import CATALOGUE
from engine.worker.build import GraphModule
from engine.worker.lsuv import calibrate
from engine.worker.prepare import Prepared, prepare
from engine.worker.trainer import Trainer

LSUV = {"initializer": "lsuv"}
DIGITS = DataSpec("digits", {})
CHAINS: dict[str, list[tuple[str, dict[str, Any]]]] = {
    "sigmoids": [
        ("Flatten", {}),
        *[("Linear", {"out_features": 40, **LSUV}), ("Sigmoid", {})] * 4,
        ("Linear", {"out_features": 10, **LSUV}),
    ],
    "batch norm and dropout": [
        ("Flatten", {}),
        *[
            ("Linear", {"out_features": 40, **LSUV}),
            ("BatchNorm1d", {}),
            ("ReLU", {}),
            ("Dropout", {"p": 0.4}),
        ]
        * 3,
        ("Linear", {"out_features": 10, **LSUV}),
    ],
    "convolutions, weight norm, biases": [
        ("Conv2d", {"out_channels": 8, "normalise_weight": "weight", **LSUV}),
        ("ReLU", {}),
        ("ConvTranspose2d", {"out_channels": 4, **LSUV}),
        ("ReLU", {}),
        ("Flatten", {}),
        ("Linear", {"out_features": 10, "bias_initializer": "normal", "bias_std": 0.3, **LSUV}),
    ],
}


def _prepared(chain: list[tuple[str, dict[str, Any]]], **training: Any) -> Prepared:
    whole = [("Input", {}), *chain, ("Output", {})]
    ids = list(NetworkGraph().new_ids(kind for kind, _ in whole))
    nodes = [
        Node(node_id, kind, "", {**CATALOGUE[kind].defaults, **params})
        for node_id, (kind, params) in zip(ids, whole, strict=True)
    ]
    wires = [Edge(*pair) for pair in itertools.pairwise(ids)]
    return prepare(NetworkGraph(nodes, wires, DIGITS, {"batch_size": 128, **training}), None)


def _outputs(model: GraphModule, inputs: Tensor) -> dict[str, Tensor]:
    """What leaves every layer, in training mode, the random state and buffers as calibration finds them."""
    found: dict[str, Tensor] = {}
    handles = [
        module.register_forward_hook(
            lambda _m, _i, output, name=name: found.__setitem__(name, output.detach())
        )
        for name, module in model.named_layers().items()
    ]
    model(inputs)
    for handle in handles:
        handle.remove()
    return found


def _random_batch() -> Tensor:
    generator = torch.Generator().manual_seed(2)
    return 3.0 * torch.randn(128, 1, 8, 8, generator=generator) + 1.0


@pytest.mark.parametrize("chain", CHAINS)
def test_every_layer_reaches_unit_variance(chain: str) -> None:
    prepared, inputs = _prepared(CHAINS[chain]), _random_batch()
    model = GraphModule(prepared.graph, prepared.inference, 3)
    torch.manual_seed(9)
    calibrate(model, prepared.graph, inputs)
    torch.manual_seed(9)
    for name, output in _outputs(model, inputs).items():
        if "initializer" in prepared.graph.nodes[name].params:
            assert output.var(correction=0).item() == pytest.approx(1.0, abs=2e-3), name


@pytest.mark.parametrize("chain", CHAINS)
def test_only_the_size_of_weights_changes(chain: str) -> None:
    prepared = _prepared(CHAINS[chain])
    model, before = (GraphModule(prepared.graph, prepared.inference, 3) for _ in range(2))
    random = torch.get_rng_state()
    calibrate(model, prepared.graph, _random_batch())
    assert torch.equal(torch.get_rng_state(), random)
    assert all(parameter.grad is None for parameter in model.parameters())
    assert model.training
    kept = dict(before.named_buffers())
    assert all(torch.equal(buffer, kept[name]) for name, buffer in model.named_buffers())
    layers = zip(model.named_layers().values(), before.named_layers().values(), strict=True)
    for ours, theirs in layers:
        if isinstance(ours, nn.Linear | nn.Conv2d | nn.ConvTranspose2d):
            weights = [module.weight.detach() for module in (ours, theirs)]
            assert not torch.equal(*weights)
            torch.testing.assert_close(*[weight / weight.norm() for weight in weights])
        biases = [getattr(module, "bias", None) for module in (ours, theirs)]
        if isinstance(biases[0], Tensor):
            assert torch.equal(*biases)


def test_layers_with_other_initialisers_keep_their_weights() -> None:
    prepared = _prepared(
        [("Flatten", {}), ("Linear", {"out_features": 9}), ("Linear", {"out_features": 10, **LSUV})]
    )
    model, before = (GraphModule(prepared.graph, prepared.inference, 3) for _ in range(2))
    calibrate(model, prepared.graph, _random_batch())
    pairs = zip(model.parameters(), before.parameters(), strict=True)
    assert [torch.equal(*pair) for pair in pairs] == [True, True, False, True]


@pytest.mark.parametrize("value", [0.0, float("nan")])
def test_layer_whose_output_does_not_vary_keeps_its_weight(value: float) -> None:
    prepared = _prepared([("Flatten", {}), ("Linear", {"out_features": 10, **LSUV})])
    model, before = (GraphModule(prepared.graph, prepared.inference, 3) for _ in range(2))
    calibrate(model, prepared.graph, torch.full((4, 1, 8, 8), value))
    assert all(
        torch.equal(*pair) for pair in zip(model.parameters(), before.parameters(), strict=True)
    )


def test_a_run_is_calibrated_on_its_first_batch_and_rewinds_to_it() -> None:
    trainer = Trainer(_prepared(CHAINS["sigmoids"], seed=5, learning_rate=0.1))
    before = [parameter.clone() for parameter in trainer.model.parameters()]
    split = trainer.prepared.split
    order = torch.randperm(len(split.train_inputs), generator=torch.Generator().manual_seed(5))
    first = torch.from_numpy(split.train_inputs)[order[:128]]
    for name, output in _outputs(trainer.model, first).items():
        if name.startswith("linear"):
            assert output.var(correction=0).item() == pytest.approx(1.0, abs=2e-3)
    trainer.step()
    assert trainer._epoch is not None
    assert torch.equal(trainer._epoch.inputs[0], first)
    trainer.rewind()
    assert all(torch.equal(*p) for p in zip(trainer.model.parameters(), before, strict=True))


def test_dropout_before_a_calibrated_layer_draws_the_same_every_time() -> None:
    chain = CHAINS["batch norm and dropout"]
    torch.manual_seed(1)
    first = Trainer(_prepared(chain, seed=5)).model.state_dict()
    torch.manual_seed(2)
    again = Trainer(_prepared(chain, seed=5)).model.state_dict()
    assert all(torch.equal(first[name], again[name]) for name in first)
