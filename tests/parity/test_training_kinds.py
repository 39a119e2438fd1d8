"""Every kind of the catalogue in a network that is trained, bit for bit against the same one in plain torch."""

from collections.abc import Callable, Mapping
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn.utils import parametrizations

from engine.layers import CATALOGUE
from engine.worker.trainer import Trainer
from tests.parity.by_hand import (
    DIGITS,
    MOONS,
    PREPARE,
    SEED,
    ByHand,
    assert_same_training,
    dense,
    linear,
    train,
    weighted,
)

Layers = list[tuple[str, dict[str, Any]]]
ELSEWHERE = {
    *("Linear", "Conv2d", "Flatten", "Add", "Concat", "Dropout", "MaxPool2d", "AvgPool2d"),
    *("Tanh", "ReLU", "RReLU", "PReLU", "BatchNorm1d", "BatchNorm2d", "LayerNorm"),
}
"""The kinds of test_training.py."""


class _Selu(nn.Module):
    """SELU with trained constants, from the paper's."""

    def __init__(self) -> None:
        super().__init__()
        self.alpha = nn.Parameter(torch.tensor([1.6732632423543772]))
        self.scale = nn.Parameter(torch.tensor([1.0507009873554805]))

    def forward(self, z: Tensor) -> Tensor:
        return self.scale * torch.where(z > 0, z, self.alpha * torch.expm1(z.clamp(max=0)))


class _Factor(nn.Module):
    """A trained factor that starts at a half."""

    def __init__(self) -> None:
        super().__init__()
        self.factor = nn.Parameter(torch.tensor([0.5]))

    def forward(self, inputs: Tensor) -> Tensor:
        return inputs * self.factor


class _Call(nn.Module):
    """A function of a batch."""

    def __init__(self, function: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self._function = function

    def forward(self, inputs: Tensor) -> Tensor:
        return self._function(inputs)


BETWEEN: dict[str, tuple[Mapping[str, Any], Callable[[], nn.Module]]] = {
    "Sigmoid": ({}, nn.Sigmoid),
    "Softsign": ({}, nn.Softsign),
    "Hardtanh": ({"min_val": -0.5, "max_val": 2.0}, lambda: nn.Hardtanh(-0.5, 2.0)),
    "Hardsigmoid": ({}, nn.Hardsigmoid),
    "Softmax": ({}, lambda: nn.Softmax(dim=1)),
    "ReLU6": ({}, nn.ReLU6),
    "LeakyReLU": ({"negative_slope": 0.2}, lambda: nn.LeakyReLU(0.2)),
    "ELU": ({"alpha": 0.7}, lambda: nn.ELU(0.7)),
    "CELU": ({"alpha": 2.0}, lambda: nn.CELU(2.0)),
    "SELU": ({}, nn.SELU),
    "TrainableSELU": ({}, _Selu),
    "Softplus": ({"beta": 3.0}, lambda: nn.Softplus(3.0)),
    "SiLU": ({}, nn.SiLU),
    "Mish": ({}, nn.Mish),
    "Hardswish": ({}, nn.Hardswish),
    "GELU": ({}, nn.GELU),
    "GroupNorm": ({"num_groups": 3}, lambda: nn.GroupNorm(3, 12)),
    "RMSNorm": ({}, lambda: nn.RMSNorm(12, 1e-5)),
    "Scale": ({"factor": 0.5}, _Factor),
}
"""Layers that change no shape, between two Linear layers."""


def _signal() -> tuple[Layers, nn.Module]:
    """The 64 pixels of a digit as one length."""
    layers: Layers = [
        ("Reshape", {"shape": "1 × -1"}),
        ("Conv1d", {"out_channels": 4, "stride": 2}),
        ("MaxPool1d", {}),
        ("Permute", {"order": "2, 1"}),
        ("Flatten", {}),
        linear(10),
    ]
    by_hand = nn.Sequential(
        _Call(lambda inputs: inputs.flatten(1).unsqueeze(1)),
        weighted("conv1d_1", nn.Conv1d(1, 4, 3, stride=2, padding=1)),
        nn.MaxPool1d(2),
        _Call(lambda inputs: inputs.transpose(1, 2)),
        nn.Flatten(),
        dense(1, 64, 10),
    )
    return layers, by_hand


def _image() -> tuple[Layers, nn.Module]:
    """An image made larger and then smaller again."""
    layers: Layers = [
        ("ConvTranspose2d", {"out_channels": 5, "kernel_size": 3, "output_padding": 1}),
        ("InstanceNorm2d", {}),
        ("SiLU", {}),
        ("AdaptiveAvgPool2d", {"height": 5, "width": 4}),
        ("Conv2d", {"out_channels": 6}),
        ("GlobalAvgPool", {}),
        linear(10),
    ]
    by_hand = nn.Sequential(
        weighted("convtranspose2d_1", nn.ConvTranspose2d(1, 5, 3, stride=2, output_padding=1)),
        nn.InstanceNorm2d(5, affine=True),
        nn.SiLU(),
        nn.AdaptiveAvgPool2d((5, 4)),
        weighted("conv2d_1", nn.Conv2d(5, 6, 3, padding=1)),
        _Call(lambda inputs: inputs.mean(dim=(2, 3))),
        dense(1, 6, 10),
    )
    return layers, by_hand


IMAGES = {"signal": _signal, "image": _image}


class _Gated(nn.Module):
    """Two layers whose outputs are multiplied."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.second, self.last = dense(1, 2, 8), dense(2, 8, 8), dense(3, 8, 2)

    def forward(self, inputs: Tensor) -> Tensor:
        hidden = self.first(inputs).relu()
        return self.last((self.second(hidden) * hidden).tanh())


def test_no_kind_is_left_out() -> None:
    on_images = {kind for make in IMAGES.values() for kind, _ in make()[0]}
    tested = {"Input", "Output", "Multiply"} | ELSEWHERE | on_images | set(BETWEEN)
    ours = {kind for kind, spec in CATALOGUE.items() if spec.category != "Sequences"}
    assert ours == tested


@pytest.mark.parametrize("kind", BETWEEN)
def test_layer_between_others_trains_as_in_torch(prepared: PREPARE, kind: str) -> None:
    params, make = BETWEEN[kind]
    layers = [linear(12), (kind, params), linear(8), ("Tanh", {}), linear(2)]
    network = prepared(layers, MOONS, seed=SEED, batch_size=16, learning_rate=0.05)
    by_hand = nn.Sequential(dense(1, 2, 12), make(), dense(2, 12, 8), nn.Tanh(), dense(3, 8, 2))
    assert_same_training(network, by_hand, ByHand())


@pytest.mark.parametrize("name", IMAGES)
def test_layers_of_images_and_lengths_train_as_in_torch(prepared: PREPARE, name: str) -> None:
    layers, by_hand = IMAGES[name]()
    network = prepared(layers, DIGITS, seed=SEED, batch_size=32, learning_rate=0.05)
    assert_same_training(network, by_hand, ByHand(batch=32))


def test_gates_train_as_in_torch(prepared: PREPARE) -> None:
    layers = [linear(8), ("ReLU", {}), linear(8), ("Multiply", {}), ("Tanh", {}), linear(2)]
    network = prepared(
        layers,
        MOONS,
        shortcuts=[("relu_1", "multiply_1")],
        seed=SEED,
        batch_size=16,
        learning_rate=0.05,
    )
    assert_same_training(network, _Gated(), ByHand())


NORMALISATIONS: dict[str, Callable[[nn.Module, int], nn.Module]] = {
    "spectral": lambda module, axis: parametrizations.spectral_norm(module, dim=axis),
    "weight": lambda module, axis: parametrizations.weight_norm(module, dim=axis),
}


@pytest.mark.parametrize("normalisation", NORMALISATIONS)
def test_normalised_weights_train_as_in_torch(prepared: PREPARE, normalisation: str) -> None:
    normalise, chosen = NORMALISATIONS[normalisation], {"normalise_weight": normalisation}
    layers: Layers = [
        ("Conv2d", {"out_channels": 4, **chosen}),
        ("ConvTranspose2d", {"out_channels": 3, **chosen}),
        ("Flatten", {}),
        ("Linear", {"out_features": 12, **chosen}),
        ("Tanh", {}),
        linear(10),
    ]
    network = prepared(layers, DIGITS, seed=SEED, batch_size=32, learning_rate=0.05)
    by_hand = nn.Sequential(
        normalise(weighted("conv2d_1", nn.Conv2d(1, 4, 3, padding=1)), 0),
        normalise(weighted("convtranspose2d_1", nn.ConvTranspose2d(4, 3, 2, stride=2)), 1),
        nn.Flatten(),
        normalise(dense(1, 3 * 16 * 16, 12), 0),
        nn.Tanh(),
        dense(2, 12, 10),
    )
    assert_same_training(network, by_hand, ByHand(batch=32))


def test_fixed_factor_is_not_trained(prepared: PREPARE) -> None:
    layers = [linear(12), ("Scale", {"factor": 0.5, "trained": False}), linear(2)]
    network = prepared(layers, MOONS, seed=SEED, batch_size=16, learning_rate=0.05)
    by_hand = nn.Sequential(dense(1, 2, 12), _Call(lambda inputs: inputs * 0.5), dense(2, 12, 2))
    assert train(Trainer(network)) == ByHand().losses(by_hand, network.split)
