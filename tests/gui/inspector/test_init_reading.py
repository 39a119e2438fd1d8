"""What the init bench says, held to closed forms: a chain of plain Linear layers multiplies variances."""

import math

import numpy as np
import pytest

from engine.data import describe, load
from engine.graph import NetworkGraph, infer
from engine.layers import INITIALIZERS, WeightDensity
from engine.stats import LayerTable
from engine.theory import Prediction
from engine.training import LayerInfo, Measured
from gui.document.theory import foretell
from gui.inspector import init_reading as reading
from tests.gui.inspector.instruments import UNITS, chain, linear_chain, network

DEPTH = 6


def _foretold(graph: NetworkGraph) -> Prediction:
    found = foretell(graph, describe(graph.data, None), load(graph.data, None))
    assert found is not None
    return found.prediction


def _measured(deviations: list[float], gradients: list[float]) -> Measured:
    rows = len(deviations)
    table = LayerTable.empty(rows, 8)
    table.activations.std[:] = deviations
    table.activation_gradient_rms[:] = gradients
    layers = tuple(LayerInfo(f"linear_{row + 2}", "Linear", "Linear", True) for row in range(rows))
    return Measured(1, layers, table)


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("normal", "init_std"),
        ("truncated_normal", "init_std"),
        ("uniform", "init_bound"),
        ("he_normal", "init_gain"),
        ("torch_default", "init_gain"),
        ("lsuv", ""),
        ("constant", ""),
        ("zeros", ""),
    ],
)
def test_every_initialiser_offers_the_number_that_it_has(kind: str, name: str) -> None:
    found = reading.tunable(kind)
    assert (found.name if found else "") == name
    assert kind in INITIALIZERS


def test_slider_is_logarithmic_and_keeps_what_it_shows() -> None:
    assert reading.from_slider(reading.to_slider("init_std", 0.01)) == 0.01
    places = [reading.to_slider("init_std", value) for value in (0.001, 0.01, 0.1)]
    assert np.diff(places).tolist() == [100, 100]
    low, high = reading.slider_range("init_gain")
    assert (reading.from_slider(low), reading.from_slider(high)) == (0.01, 10.0)
    assert reading.to_slider("init_gain", 0.0) == low
    assert reading.to_slider("init_gain", 500.0) == high
    for place in range(low, high):
        assert reading.to_slider("init_gain", reading.from_slider(place)) == place


@pytest.mark.parametrize("std", [0.05, 0.125, 0.3])
def test_theory_of_a_linear_chain_is_a_power_of_fan_in_times_variance(std: float) -> None:
    graph = network(linear_chain(DEPTH, initializer="normal", init_std=std))
    inference = infer(graph, describe(graph.data, None))
    nodes = reading.weight_layers(graph, inference)
    assert nodes == tuple(f"linear_{place + 2}" for place in range(DEPTH))
    prediction = _foretold(graph)
    forward, backward = reading.by_depth(nodes, prediction, None)
    inputs = load(graph.data, None).train_inputs.astype(np.float64)
    q0 = float((inputs**2).mean())
    growth = UNITS * std**2
    depths = np.arange(1, DEPTH + 1)
    np.testing.assert_allclose(forward.theory, np.sqrt(q0 * growth**depths), rtol=0.03)
    # the head has 10 units: what it hands back is 10 σ², every other layer 64 σ²
    expected = [
        math.sqrt((10 * std**2) * growth ** (DEPTH - 1 - depth)) if depth < DEPTH else 1.0
        for depth in depths
    ]
    np.testing.assert_allclose(backward.theory, expected, rtol=1e-6)
    assert (backward.low <= backward.theory).all()
    assert (backward.theory <= backward.high).all()
    assert np.isnan(forward.measured).all()


def test_measured_figures_are_those_of_the_rows_wherever_they_stand() -> None:
    answer = _measured([3.0, 2.0, 1.0], [0.5, 1.0, 2.0])
    forward, backward = reading.by_depth(("linear_4", "linear_2", "elsewhere"), None, answer)
    np.testing.assert_array_equal(forward.measured, [1.0, 3.0, np.nan])
    np.testing.assert_array_equal(backward.measured, [1.0, 0.25, np.nan])
    assert np.isnan(forward.theory).all()


def test_a_variance_below_what_theory_tells_from_zero_is_left_out() -> None:
    graph = network(linear_chain(12, initializer="normal", init_std=0.125 * 0.03))
    inference = infer(graph, describe(graph.data, None))
    found = _foretold(graph)
    forward, _ = reading.by_depth(reading.weight_layers(graph, inference), found, None)
    known = np.isfinite(forward.theory)
    expected = 0.03 ** np.arange(12)
    np.testing.assert_allclose(
        forward.theory[known] / forward.theory[0], expected[known], rtol=0.05
    )
    assert known.sum() == (expected * forward.theory[0] >= 1e-14).sum()


@pytest.mark.parametrize(
    ("first", "glyph", "word"),
    [
        (1e-5, "▼", "vanishing"),
        (1.0, "●", "healthy"),
        (0.03, "◆", "watched"),
        (1e4, "▲", "exploding"),
    ],
)
def test_backward_sentence_judges_by_the_measured_ratio(
    first: float, glyph: str, word: str
) -> None:
    nodes = ("linear_2", "linear_3")
    _, backward = reading.by_depth(nodes, None, _measured([1.0, 1.0], [first * 8.0, 8.0]))
    sentence = reading.backward_sentence(backward)
    assert sentence.startswith(glyph)
    assert word in sentence
    assert f"measured {first:.3g}" in sentence


def test_forward_sentence_says_both_ends() -> None:
    forward, _ = reading.by_depth(("linear_2", "linear_3"), None, _measured([0.25, 4.0], [1, 1]))
    assert reading.forward_sentence(forward) == (
        "Forward: σ of z over the weight layers: measured 0.25 at the first and 4 at the last."
    )


@pytest.mark.parametrize(
    ("density", "text"),
    [
        (WeightDensity("normal", 0.1), "68.27% of the weights lie within ±1σ, as of every normal"),
        (
            WeightDensity("uniform", 0.1),
            "57.74% of the weights lie within ±1σ; the well-known 68.27%",
        ),
        (WeightDensity("truncated_normal", 0.1), "65.05% of"),
        (WeightDensity("fixed", 0.0), "nothing is drawn"),
    ],
)
def test_share_is_said_for_what_it_is(density: WeightDensity, text: str) -> None:
    assert text in reading.share_sentence(density, {"initializer": "zeros"})


def test_notes_say_where_the_theory_does_not_hold_once() -> None:
    graph = network(
        chain(
            ("Linear", {"out_features": 2}),
            ("ReLU", {}),
            ("Linear", {"out_features": 2}),
            ("ReLU", {}),
            ("Linear", {"out_features": 10}),
        )
    )
    found = _foretold(graph)
    nodes = ("linear_2", "linear_4", "linear_6")
    labels = {node: node for node in nodes}
    notes = reading.theory_notes(nodes, labels, found)
    assert notes.count("? Theory is not to be trusted for") == 1
    assert "linear_2" in notes
    for note in found.notes:
        assert note in notes


def test_the_range_holds_all_that_is_known() -> None:
    assert reading.log_range(np.array([np.nan])) == (-1.0, 1.0)
    low, high = reading.log_range(np.array([-6.0, np.nan]), np.array([1.0]))
    assert low < -6.0
    assert high > 1.0
    low, high = reading.log_range(np.array([0.1, 0.2]))
    assert high - low >= 1.5
