"""The theory beside a run: brought to its rows, scaled to its output end, and put in words with its numbers."""

from collections.abc import Callable

import numpy as np
import pytest

from engine.training import LayerInfo, RunStarted
from gui.panes import theory as words
from gui.panes.gradient_marks import output_end, places_of, worst_first
from gui.panes.theory import ShownTheory, columns_of

Theory = Callable[..., ShownTheory]
Start = Callable[[int], RunStarted]
NAN, INF = float("nan"), float("inf")
CLOSE = {"rtol": 1e-12, "atol": 0.0}


def test_a_prediction_is_scaled_to_the_last_row_that_both_have(
    theory: Theory, started: Start
) -> None:
    measured = np.array([1e-4, 1e-3, 1e-2, 0.5, 0.0])
    found = columns_of(theory(5), started(5).layers, measured)
    assert (
        found.end == 3
    )  # the last row's measured gradient is zero, which nothing can be scaled to
    expected = 0.5 * 10.0 ** (0.2 * np.arange(-3, 2))
    np.testing.assert_allclose(found.gradient, expected, **CLOSE)
    np.testing.assert_allclose(found.low, expected / 2, **CLOSE)
    np.testing.assert_allclose(found.high, expected * 2, **CLOSE)
    np.testing.assert_allclose(found.std, 10.0 ** (-0.1 * np.arange(5)), **CLOSE)


def test_rows_are_matched_by_the_nodes_id_and_not_by_their_place(
    theory: Theory, started: Start
) -> None:
    found = columns_of(theory(5, missing=(1,)), started(5).layers, np.full(5, 3.0))
    np.testing.assert_allclose(found.gradient, [3 * 10**-0.6, NAN, 3 * 10**-0.4, 3 * 10**-0.2, 3])
    assert found.applies.tolist() == [True, False, True, True, True]


def test_without_a_measurement_the_prediction_stays_relative(
    theory: Theory, started: Start
) -> None:
    found = columns_of(theory(3), started(3).layers, None)
    assert found.end is None
    np.testing.assert_allclose(found.gradient, [10**-0.4, 10**-0.2, 1.0], **CLOSE)


def test_layers_before_the_first_weight_have_no_gradient_to_predict(theory: Theory) -> None:
    flatten = LayerInfo("layer_0", "Flatten", "Flatten", False)
    linear = LayerInfo("layer_1", "Linear", "Linear", True)
    found = columns_of(theory(2), (flatten, linear), np.array([NAN, 2.0]))
    np.testing.assert_array_equal(found.gradient, [NAN, 2.0])
    np.testing.assert_array_equal(found.low, [NAN, 1.0])


def test_captions_say_the_slope_by_weight_layers(theory: Theory) -> None:
    shown = theory(5)  # weight layers are two rows apart: 0.4 decades
    caption = words.theory_caption(shown)
    assert "∂L/∂z falls 0.40 decades a weight layer" in caption
    assert "press Run to measure" in caption
    assert words.theory_headline(shown) == "● theory: +0.40 decades a layer; press Run to measure"
    assert words.theory_clause(shown, trained=False) == "; theory: falls 0.40"
    assert words.theory_clause(shown, trained=True) == "; theory at initialisation: falls 0.40"
    growing = theory(3, gradient_rms=[100.0, 10.0, 1.0])
    assert words.theory_clause(growing, trained=False) == "; theory: grows 2.00"


@pytest.mark.parametrize(
    ("gradients", "verdict"),
    [([1.0, 1.0, 1.0], "healthy"), ([1e-3, 1.0, 1.0], "vanishing"), ([101.0, 1.0, 1.0], "exploding"),
     ([NAN, 1.0, 1.0], "unknown"), ([0.03, 1.0, 1.0], "watch")],
)  # fmt: skip
def test_the_prediction_is_judged_as_a_measurement_is(
    theory: Theory, gradients: list[float], verdict: str
) -> None:
    assert words.theory_verdict(theory(3, gradient_rms=gradients)) == verdict


def test_where_it_does_not_hold_is_said_with_the_reason(theory: Theory) -> None:
    reason = "Too narrow for its depth: the sum is 0.8."
    shown = theory(
        5, reasons={0: reason, 1: reason, 2: "The theory does not cover Linear 2: it is tied."}
    )
    clause = words.theory_clause(shown, trained=False)
    assert clause.endswith("falls 0.40, holds for 2 of 5 layers (too narrow for its depth)")
    paragraphs = words.theory_help(shown, None).split("\n\n")
    assert f"Drawn faint at Linear 0 … ReLU 1 (2 layers). {reason}" in paragraphs
    assert "Drawn faint at Linear 2. The theory does not cover Linear 2: it is tied." in paragraphs
    assert "It is about untrained networks." in paragraphs
    assert not any(
        "Drawn faint" in text for text in words.theory_help(theory(5), None).split("\n\n")
    )


def test_a_theory_without_figures_says_for_what_it_holds(theory: Theory) -> None:
    reasons = dict.fromkeys(range(3), "The theory does not cover LSTM 1: gates.")
    shown = theory(3, reasons=reasons, gradient_rms=[NAN, NAN, NAN])
    assert words.theory_headline(shown) == "○ theory; press Run to measure"
    assert words.theory_clause(shown, trained=False) == (
        "; theory holds for none of 3 layers (the theory does not cover LSTM 1)"
    )
    assert words.theory_clause(theory(3, gradient_rms=[NAN, NAN, NAN]), trained=False) == ""


def test_the_help_names_the_layer_at_which_both_are_made_equal(
    theory: Theory, started: Start
) -> None:
    shown, end = theory(3), started(3).layers[2]
    assert "at the output end, at Linear 2." in words.theory_help(shown, end)
    assert "relative to that of the last layer" in words.theory_help(shown, None)


def test_an_edited_networks_theory_is_called_so(theory: Theory) -> None:
    assert (
        words.theory_name(theory(3, outdated=True), trained=True) == "theory of the edited network"
    )


def test_the_worst_is_the_farthest_from_the_output_end_in_either_direction(started: Start) -> None:
    layers = started(6).layers  # weights at 0, 2, 4; the last weight layer is the output end
    gradients = np.array([1e-2, 10.0, 1e-4, 1.0, 0.1, 1e5])
    assert output_end(layers, gradients) == 4
    # distances in decades: 1, 2, 3, 1, 0, 6
    assert worst_first(layers, gradients).tolist() == [5, 2, 1, 0, 3, 4]


def test_zero_and_what_is_not_finite_is_the_worst_and_what_has_none_is_last(started: Start) -> None:
    first, *others = started(6).layers
    layers = (*others[:1], first, *others[1:])  # a ReLU before the first weight
    gradients = np.array([NAN, 1e-3, 0.0, INF, 1.0, 1.0])
    assert worst_first(layers, gradients).tolist() == [2, 3, 1, 4, 5, 0]


def test_without_any_gradient_the_order_is_the_networks(started: Start) -> None:
    assert worst_first(started(4).layers, np.zeros(4)).tolist() == [0, 1, 2, 3]
    assert output_end(started(4).layers, np.zeros(4)) is None


@pytest.mark.parametrize("seed", range(3))
def test_places_are_where_rows_stand(seed: int) -> None:
    order = np.random.default_rng(seed).permutation(20)
    assert order[places_of(order)].tolist() == list(range(20))
