"""Predictions for whole networks against plain torch, averaged over seeds."""

import math
import time
from collections.abc import Callable, Sequence

import numpy as np
import pytest
import torch
from torch import nn

from engine.theory import Prediction
from tests.engine.theory.networks import (
    Measured,
    blobs,
    chain,
    decades,
    document,
    measured,
    theory,
)

WIDTH = 200
BLOBS = blobs(600, (64,))
IMAGES = blobs(300, (3, 9, 9))
Modules = Callable[[], Sequence[nn.Module]]


@pytest.fixture(autouse=True)
def _one_thread() -> None:
    torch.set_num_threads(1)


def drawn(module: nn.Module, variance: float) -> nn.Module:
    """The module with normal weights of this variance and no bias."""
    nn.init.normal_(module.weight, std=math.sqrt(variance))  # type: ignore[arg-type]
    nn.init.zeros_(module.bias)  # type: ignore[arg-type]
    return module


def linear(inputs: int, outputs: int, gain: float) -> nn.Module:
    """Var(w) = gain / fan_in."""
    return drawn(nn.Linear(inputs, outputs), gain / inputs)


def both(
    kind: str,
    torch_kind: type[nn.Module],
    initializer: str,
    gain: float,
    depth: int,
    between: str = "",
) -> tuple[Prediction, Measured]:
    """A chain of Linear, a layer `between`, and an activation, predicted and measured."""
    kinds = {"BatchNorm1d": {}, "LayerNorm": {}, "Dropout": {"p": 0.3}}
    layers = []
    for _ in range(depth):
        layers.append(("Linear", {"out_features": WIDTH, "initializer": initializer}))
        here = [(between, kinds[between])] if between else []
        layers += [(kind, {}), *here] if between == "Dropout" else [*here, (kind, {})]
    layers.append(("Linear", {"out_features": 10, "initializer": "lecun_normal"}))

    def make() -> list[nn.Module]:
        found: list[nn.Module] = []
        for place in range(depth):
            found.append(linear(WIDTH if place else 64, WIDTH, gain))
            if between and between != "Dropout":
                found.append(getattr(nn, between)(WIDTH))
            found.append(torch_kind())
            if between == "Dropout":
                found.append(nn.Dropout(0.3))
        return [*found, linear(WIDTH, 10, 1.0)]

    return theory(chain(layers), BLOBS, 32), measured(make, BLOBS, 32, 16)


@pytest.mark.parametrize(
    ("kind", "torch_kind", "initializer", "gain"),
    [
        ("ReLU", nn.ReLU, "he_normal", 2.0),
        ("Tanh", nn.Tanh, "lecun_normal", 1.0),
        ("SELU", nn.SELU, "lecun_uniform", 1.0),
        ("GELU", nn.GELU, "he_uniform", 2.0),
        ("Sigmoid", nn.Sigmoid, "lecun_normal", 1.0),
    ],
)
def test_chain(kind: str, torch_kind: type[nn.Module], initializer: str, gain: float) -> None:
    prediction, seen = both(kind, torch_kind, initializer, gain, 8)
    assert prediction.method == "scalar"
    assert decades(prediction.std, seen.std) < 0.04
    assert decades(prediction.gradient_rms, seen.gradient) < 0.05


def test_biases_of_torchs_default_are_counted() -> None:
    layers = [("Linear", {"out_features": WIDTH, "initializer": "torch_default"}), ("Tanh", {})] * 6
    layers.append(("Linear", {"out_features": 10, "initializer": "torch_default"}))

    def make() -> list[nn.Module]:
        hidden = [m for i in range(6) for m in (nn.Linear(WIDTH if i else 64, WIDTH), nn.Tanh())]
        return [*hidden, nn.Linear(WIDTH, 10)]

    prediction, seen = theory(chain(layers), BLOBS, 32), measured(make, BLOBS, 32, 16)
    assert decades(prediction.std, seen.std) < 0.04
    assert decades(prediction.gradient_rms, seen.gradient) < 0.05
    # 1/3 of the mean square that arrives, and 1 / (3 fan_in)
    expected = float((BLOBS.train_inputs.astype(np.float64) ** 2).mean()) / 3 + 1 / (3 * 64)
    assert prediction.square[0] == pytest.approx(expected, rel=1e-9)


def test_dropout() -> None:
    prediction, seen = both("ReLU", nn.ReLU, "he_normal", 2.0, 6, "Dropout")
    assert decades(prediction.std, seen.std) < 0.04
    assert decades(prediction.gradient_rms, seen.gradient) < 0.05


def test_layer_norm_is_carried_sample_by_sample() -> None:
    prediction, seen = both("ReLU", nn.ReLU, "he_normal", 2.0, 6, "LayerNorm")
    assert prediction.method == "kernel"
    assert decades(prediction.std, seen.std) < 0.03
    assert decades(prediction.gradient_rms, seen.gradient) < 0.04


@pytest.mark.parametrize(("kind", "torch_kind"), [("ReLU", nn.ReLU), ("Tanh", nn.Tanh)])
def test_batch_norm_on_real_samples(kind: str, torch_kind: type[nn.Module]) -> None:
    prediction, seen = both(kind, torch_kind, "he_normal", 2.0, 12, "BatchNorm1d")
    assert prediction.method == "kernel"
    assert seen.gradient[0] > 1.5 * seen.gradient[-3]
    assert decades(prediction.std, seen.std) < 0.03
    assert decades(prediction.gradient_rms, seen.gradient) < 0.05


def test_batch_norm_without_data_grows_by_the_law_of_large_batches() -> None:
    layers = [("Linear", {"out_features": 64}), ("BatchNorm1d", {}), ("ReLU", {})] * 10
    graph = chain([*layers, ("Linear", {"out_features": 10})])
    prediction = theory(graph, BLOBS, 4096, data=False)
    assert prediction.method == "scalar"
    a_block = (prediction.gradient_rms[3] / prediction.gradient_rms[24]) ** (2 / 7)
    assert a_block == pytest.approx(math.pi / (math.pi - 1), rel=0.025)


def test_convolutions_with_zero_padding_and_stride() -> None:
    filters = 96
    convolution = {"out_channels": filters, "initializer": "he_normal"}
    strided = {**convolution, "stride": 2, "kernel_size": 5, "padding": 2}
    layers = [
        *[("Conv2d", convolution), ("ReLU", {})] * 3,
        ("Conv2d", strided),
        ("ReLU", {}),
        ("AvgPool2d", {"kernel_size": 2, "stride": 2}),
        ("Flatten", {}),
        ("Linear", {"out_features": 10, "initializer": "lecun_normal"}),
    ]

    def make() -> list[nn.Module]:
        found: list[nn.Module] = []
        for place in range(3):
            arriving = filters if place else 3
            found += [
                drawn(nn.Conv2d(arriving, filters, 3, padding=1), 2 / (9 * arriving)),
                nn.ReLU(),
            ]
        wide = nn.Conv2d(filters, filters, 5, stride=2, padding=2)
        last = [nn.ReLU(), nn.AvgPool2d(2), nn.Flatten(), linear(4 * filters, 10, 1.0)]
        return [*found, drawn(wide, 2 / (25 * filters)), *last]

    prediction, seen = theory(chain(layers), IMAGES, 16), measured(make, IMAGES, 16, 12)
    assert decades(prediction.std, seen.std) < 0.05
    assert decades(prediction.gradient_rms, seen.gradient) < 0.05
    assert prediction.applies.all()


class _Residual(nn.Module):
    """x + W₂ tanh(W₁ x)."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.second = linear(WIDTH, WIDTH, 1.0), linear(WIDTH, WIDTH, 1.0)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        result: torch.Tensor = x + self.second(torch.tanh(self.first(x)))
        return result


def test_residual_sums() -> None:
    lecun = {"out_features": WIDTH, "initializer": "lecun_normal"}
    nodes = {"start": {"kind": "Linear", "params": lecun}}
    wires, before = [("input", "start")], "start"
    for block in range(5):
        a, act, b, add = (f"{name}_{block}" for name in ("a", "act", "b", "add"))
        nodes |= {a: {"kind": "Linear", "params": lecun}, act: {"kind": "Tanh"}}
        nodes |= {b: {"kind": "Linear", "params": lecun}, add: {"kind": "Add"}}
        wires += [(before, a), (a, act), (act, b), (before, add), (b, add)]
        before = add
    nodes["head"] = {"kind": "Linear", "params": {**lecun, "out_features": 10}}
    graph = document(nodes, [*wires, (before, "head"), ("head", "output")])
    prediction = theory(graph, BLOBS, 32)

    def make() -> list[nn.Module]:
        return [linear(64, WIDTH, 1.0), *(_Residual() for _ in range(5)), linear(WIDTH, 10, 1.0)]

    seen = measured(make, BLOBS, 32, 16)
    rows = [prediction.nodes.index(x) for x in ("start", *(f"add_{i}" for i in range(5)), "head")]
    assert decades(prediction.std[rows], seen.std) < 0.04
    assert decades(prediction.gradient_rms[rows], seen.gradient) < 0.05


def test_joined_branches_are_averaged_by_their_size() -> None:
    nodes = {
        "wide": {"kind": "Linear", "params": {"out_features": 150, "initializer": "he_normal"}},
        "narrow": {"kind": "Linear", "params": {"out_features": 50, "initializer": "lecun_normal"}},
        "both": {"kind": "Concat"},
        "head": {"kind": "Linear", "params": {"out_features": 10}},
    }
    wires = [("input", "wide"), ("input", "narrow"), ("wide", "both"), ("narrow", "both")]
    graph = document(nodes, [*wires, ("both", "head"), ("head", "output")])
    row = theory(graph, BLOBS, 32, data=False).row("both")
    assert row["square"] == pytest.approx((150 * 2 + 50 * 1) / 200)


def test_a_branch_added_to_itself_doubles() -> None:
    nodes = {
        "first": {"kind": "Linear", "params": {"out_features": 64, "initializer": "lecun_normal"}},
        "twice": {"kind": "Add"},
        "head": {"kind": "Linear", "params": {"out_features": 10, "initializer": "lecun_normal"}},
    }
    wires = [("input", "first"), ("first", "twice"), ("first", "twice"), ("twice", "head")]
    prediction = theory(document(nodes, [*wires, ("head", "output")]), BLOBS, 32, data=False)
    assert prediction.row("twice")["square"] == pytest.approx(4.0)
    ratio = prediction.row("first")["gradient_rms"] / prediction.row("twice")["gradient_rms"]
    assert ratio == pytest.approx(2.0)


def test_norm_and_rms_differ_where_the_number_of_units_changes() -> None:
    layers = [("Linear", {"out_features": 400, "initializer": "lecun_normal"})]
    layers += [("Linear", {"out_features": 10, "initializer": "lecun_normal"})]
    prediction = theory(chain(layers), BLOBS, 32, data=False)
    # fan_in · Var = 1 for the norm, fan_out · Var = 10/400 for each unit
    assert prediction.gradient_norm[0] == pytest.approx(1.0)
    assert prediction.gradient_rms[0] == pytest.approx(math.sqrt(10 / 400))
    assert prediction.chi[1] == pytest.approx(1.0)


def test_one_network_in_twenty_at_most_leaves_the_band() -> None:
    layers = [("Linear", {"out_features": 64, "initializer": "he_normal"}), ("ReLU", {})] * 8
    layers.append(("Linear", {"out_features": 10, "initializer": "lecun_normal"}))
    prediction = theory(chain(layers), BLOBS, 64)

    def make() -> list[nn.Module]:
        found = [m for i in range(8) for m in (linear(64, 64, 2.0), nn.ReLU())]
        return [*found, linear(64, 10, 1.0)]

    outside = 0
    for seed in range(30):
        torch.manual_seed(1_000 + seed)
        modules = make()
        seen = measured(lambda modules=modules: modules, BLOBS, 64, 1).gradient[0]  # type: ignore[misc]
        outside += not prediction.band_low[0] <= seen <= prediction.band_high[0]
    assert outside <= 3


def test_correlation_of_two_inputs_through_relu() -> None:
    layers = [("Linear", {"out_features": 64, "initializer": "he_normal"}), ("ReLU", {})]
    prediction = theory(chain([*layers, ("Linear", {"out_features": 10})]), BLOBS, 32, data=False)
    # orthogonal inputs: C(q, 0) / V(q) = (q / 2π) / (q / 2)
    assert prediction.row("relu_2")["correlation"] == pytest.approx(1 / math.pi, abs=1e-6)


def test_moments_of_the_data_are_the_start() -> None:
    graph = chain([("Linear", {"out_features": 10, "initializer": "lecun_normal"})])
    prediction = theory(graph, BLOBS, 32)
    x = BLOBS.train_inputs.astype(np.float64)
    products = x @ x.T / x.shape[1]
    pairs = (products.sum() - np.trace(products)) / (len(x) * (len(x) - 1))
    assert prediction.square[0] == pytest.approx((x**2).mean(), rel=1e-9)
    assert prediction.correlation[0] == pytest.approx(pairs / (x**2).mean(), rel=1e-6)


@pytest.mark.parametrize(
    ("initializer", "ratios"),
    [
        ("torch_default", [0.222, 0.295, 0.320, 0.329]),
        ("glorot_uniform", [0.464, 0.637, 0.727, 0.782]),
    ],
)
def test_gradients_of_the_network_that_glorot_and_bengio_studied(
    initializer: str, ratios: list[float]
) -> None:
    layers = [("Linear", {"out_features": 1000, "initializer": initializer}), ("Tanh", {})] * 5
    graph = chain([*layers, ("Linear", {"out_features": 10, "initializer": initializer})])
    prediction = theory(graph, blobs(4, (1000,)), 32, data=False)
    squares = prediction.gradient_norm[[0, 2, 4, 6, 8]] ** 2
    assert squares[:-1] / squares[1:] == pytest.approx(ratios, rel=0.01)


def test_a_deep_network_is_predicted_at_once() -> None:
    layers = [("Linear", {"out_features": 64}), ("Tanh", {})] * 50
    graph = chain([*layers, ("Linear", {"out_features": 10})])
    fastest = math.inf
    for _ in range(3):
        begun = time.process_time()
        theory(graph, BLOBS, 32)
        fastest = min(fastest, time.process_time() - begun)
    assert fastest < 0.5
