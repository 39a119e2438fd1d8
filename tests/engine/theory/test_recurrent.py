"""Recurrent layers through time against torch's own."""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from engine.layers import LayerSpec
from engine.theory import RULES, Layer, Moments
from engine.theory.recurrent import chain, recurrent_problem

STEPS, INPUTS, UNITS, BATCH = 12, 20, 256, 16


def _layer(output: str, gates: int = 1, **values: Any) -> Layer:
    settings = {
        "hidden_size": UNITS,
        "nonlinearity": "tanh",
        "bidirectional": False,
        "output": output,
        "bias": True,
        "initializer": "torch_default",
        "recurrent_initializer": "torch_default",
        **values,
    }
    tensors: Mapping[str, tuple[int, ...]] = {
        "weight_ih_l0": (gates * UNITS, INPUTS),
        "weight_hh_l0": (gates * UNITS, UNITS),
        "bias_ih_l0": (gates * UNITS,),
        "bias_hh_l0": (gates * UNITS,),
    }
    spec = LayerSpec(
        kind="RNN", title="RNN", category="Weights", summary="", formula="", mean_field="recurrent"
    )
    shape = (UNITS,) if output == "last" else (STEPS, UNITS)
    return Layer(
        "rnn", "RNN 1", spec, settings, ((STEPS, INPUTS),), shape, tensors, ("input",), BATCH
    )


def _torch(output: str) -> tuple[float, float]:
    """Mean square of the output, and of the gradient at the input for a gradient of size 1 at the output."""
    squares, gradients = [], []
    for seed in range(6):
        torch.manual_seed(seed)
        rnn = nn.RNN(INPUTS, UNITS, batch_first=True)
        x = torch.randn(BATCH, STEPS, INPUTS, requires_grad=True)
        states, _ = rnn(x)
        states = states[:, -1] if output == "last" else states
        states.backward(torch.randn_like(states))
        assert x.grad is not None
        squares.append(states.square().mean().item())
        gradients.append(x.grad.double().square().mean().item())
    return float(np.mean(squares)), float(np.mean(gradients))


@pytest.mark.parametrize("output", ["last", "sequence"])
def test_default_tanh_network_is_the_one_of_torch(output: str) -> None:
    torch.set_num_threads(1)
    layer, rule, arriving = _layer(output), RULES["recurrent"], [Moments.of(1.0)]
    square, gradient = _torch(output)
    assert float(rule.forward(layer, arriving).square) == pytest.approx(square, rel=0.05)
    found = float(rule.backward(layer, arriving, np.ones(())))
    assert found == pytest.approx(gradient, rel=0.1)


def test_default_tanh_network_loses_577_thousandths_a_step() -> None:
    point = chain(_layer("last"), [Moments.of(0.0)])
    assert math.sqrt(point.chi_1) == pytest.approx(1 / math.sqrt(3), rel=0.01)


def test_two_directions_bring_the_gradient_twice() -> None:
    arriving, one = [Moments.of(1.0)], np.ones(())
    single, double = (_layer("last", bidirectional=both) for both in (False, True))
    backward = RULES["recurrent"].backward
    assert backward(double, arriving, one) == pytest.approx(2 * backward(single, arriving, one))


@pytest.mark.parametrize(
    ("layer", "sentence", "wholly"),
    [
        (_layer("last", gates=4), "its gates multiply one another", True),
        (_layer("last", recurrent_initializer="zeros"), "its weights are not random", True),
        (_layer("last", recurrent_initializer="orthogonal"), "its weights are orthogonal", False),
    ],
)
def test_what_the_theory_cannot_follow_is_named(layer: Layer, sentence: str, wholly: bool) -> None:
    found = recurrent_problem(layer)
    assert found is not None
    assert found[0].startswith(sentence)
    assert found[1] is wholly


def test_plain_recurrent_layer_is_without_problem() -> None:
    assert recurrent_problem(_layer("last")) is None
