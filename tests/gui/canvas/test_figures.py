"""What wires and cards say: the same verdicts as the panes, numbers that can be read back, and states that differ."""

import math
import re

import numpy as np
import pytest

from engine.stats import EpochStats, LayerTable, StepStats, bin_values
from engine.training import LayerInfo, RunHistory, RunStarted
from gui.canvas.figures import (
    WireFigure,
    card_remarks,
    outcome_lines,
    ratio_text,
    wire_figures,
)
from gui.training.reading import COLORS, read_flow

NAN, INF = float("nan"), float("inf")
KINDS = ("Flatten", "Linear", "Sigmoid", "Linear", "Sigmoid", "Linear")
LAYERS = tuple(
    LayerInfo(f"layer_{row}", kind, f"{kind} {row}", kind == "Linear")
    for row, kind in enumerate(KINDS)
)
_DIGITS = str.maketrans("⁻·⁰¹²³⁴⁵⁶⁷⁸⁹", "-.0123456789")


def _table(*rms: float) -> LayerTable:
    table = LayerTable.empty(len(KINDS), 32)
    table.activation_gradient_rms[:] = rms
    return table


def _figures(*rms: float) -> list[WireFigure]:
    return wire_figures(LAYERS, _table(*rms))


def _value(number: str) -> float:
    """The number that a person reads."""
    if number.endswith("×"):
        return float(number[:-1])
    base, exponent = number[:2], number[2:].translate(_DIGITS)
    assert base == "10"
    return 10.0 ** float(exponent)


@pytest.mark.parametrize("decades", [-9, -3, -1.71, -1.68, -1.31, -1.29, 0, 1.29, 1.31, 2.1, 6])
def test_the_first_weight_layers_wire_has_the_panes_verdict(decades: float) -> None:
    table = _table(NAN, 0.2 * 10**decades, 3.0, 1e-5, 0.1, 0.2)
    figure = wire_figures(LAYERS, table)[1]
    flow = read_flow(LAYERS, table)
    assert figure.verdict == flow.verdict
    assert figure.ratio == flow.ratio
    assert figure.rms == table.activation_gradient_rms[1]
    assert _value(figure.number) == pytest.approx(10**decades, rel=0.13)


@pytest.mark.parametrize("values", [(1.0, 1.0, 1.0), (1.0, 1.0, INF), (1.0, 1.0, 0.0)])
def test_the_last_weight_layers_wire_is_what_the_others_are_compared_with(
    values: tuple[float, float, float],
) -> None:
    first, middle, last = values
    figures = _figures(NAN, first, 0.5, middle, 0.5, last)
    if last == 1.0:
        assert (figures[5].ratio, figures[5].number, figures[5].verdict) == (1.0, "1×", "healthy")
    else:
        assert [math.isnan(figure.ratio) for figure in figures[1:5]] == [True] * 4
        assert {figure.verdict for figure in figures[1:5]} == {"unknown"}
        assert figures[1].number == "1e+00"


def test_no_gradient_zero_nonfinite_and_small_ones_look_different() -> None:
    figures = _figures(NAN, 0.0, 1e-30, INF, 1e-3, 1.0)
    assert [figure.state for figure in figures] == [
        "none",
        "zero",
        "finite",
        "nonfinite",
        "finite",
        "finite",
    ]
    signs = [(figure.glyph, figure.number) for figure in figures[:4]]
    assert signs == [("○", ""), ("▼", "0"), ("▼", "10⁻³⁰·⁰"), ("✕", "NaN")]
    colors = [COLORS[figure.verdict] for figure in figures[:4]]
    assert colors == ["muted", "vanishing", "vanishing", "nonfinite"]
    assert figures[0].width == 0.0
    assert len({figure.sentence for figure in figures}) == 6


def test_a_gradient_of_nan_is_not_one_that_was_never_computed() -> None:
    table = _table(NAN, NAN, 1.0, 1.0, 1.0, 1.0)
    table.activation_gradients.set_histogram(1, bin_values(np.array([1.0, NAN])))
    never, broken = wire_figures(LAYERS, table)[:2]
    assert (never.state, broken.state) == ("none", "nonfinite")


def test_the_width_grows_with_the_logarithm_within_limits() -> None:
    ratios = [10.0**decades for decades in range(-12, 12)]
    widths = [_figures(NAN, ratio, 1, 1, 1, 1)[1].width for ratio in ratios]
    assert widths == sorted(widths)
    assert (min(widths), max(widths)) == (3.0, 14.0)
    assert [widths[12 + decades] for decades in (-2, -1, 0, 1, 2)] == [4.0, 6.0, 8.0, 10.0, 12.0]


@pytest.mark.parametrize(
    ("ratio", "text"),
    [
        (1.0, "1×"),
        (0.2634, "0.26×"),
        (14.3, "14×"),
        (0.01, "0.01×"),
        (99.4, "99×"),
        (99.6, "10²·⁰"),
        (0.0099, "10⁻²·⁰"),
        (6.31e-4, "10⁻³·²"),
        (4.7e-6, "10⁻⁵·³"),
    ],
)
def test_a_ratio_is_written_in_few_signs(ratio: float, text: str) -> None:
    assert ratio_text(ratio) == text


def test_the_sentence_has_the_absolute_and_the_relative_value_and_the_decades() -> None:
    sentence = _figures(NAN, 2.5e-6, 1, 1, 1, 0.02)[1].sentence
    assert "into Linear 1: RMS ∂L/∂a 2.5e-06" in sentence
    assert "0.00013 × that of Linear 5" in sentence
    assert "-3.9 decades" in sentence
    assert "vanishing" in sentence
    assert math.log10(2.5e-6 / 0.02) == pytest.approx(-3.9, abs=0.05)


def test_remarks_name_the_shares_and_warn_of_large_ones() -> None:
    table = _table(*[1.0] * 6)
    for row in range(6):
        table.activations.set_histogram(row, bin_values(np.array([0.0, 0.0, 1.0, 2.0])))
    table.activations.set_histogram(5, bin_values(np.array([NAN, 0.0, 1.0, 2.0])))
    table.dead[1], table.dead[2] = 0.25, 0.5
    table.saturation[3], table.saturation[4] = 0.1, 0.75
    texts = [(remark.text, remark.color) for remark in card_remarks(table)]
    assert texts == [
        ("50% zero", "muted"),
        ("25% dead · 50% zero", "muted"),
        ("◆ 50% dead · 50% zero", "warning"),
        ("10% saturated", "muted"),
        ("◆ 75% saturated", "warning"),
        ("✕ 25% not finite", "nonfinite"),
    ]


@pytest.mark.parametrize(
    ("accuracy", "validation", "lines"),
    [
        (0.5, 0.25, ["loss 1.5 | 2.25", "accuracy 50.0% | 25.0%", "training | validation"]),
        (None, None, ["loss 1.5 | 2.25", "training | validation"]),
    ],
)
def test_the_output_tells_loss_and_accuracy_of_the_shown_epoch(
    accuracy: float | None, validation: float | None, lines: list[str]
) -> None:
    history = RunHistory(RunStarted(1, LAYERS, 9, 1, 8, 100, 80, 20, "Digits"))
    for epoch, loss in enumerate((3.0, 1.5, 0.5)):
        one = np.ones(1 if epoch else 0)
        steps = StepStats(one, one, one, one)
        stats = (loss, accuracy, loss * 1.5, validation, 1.0, 0.1, 9.0)
        history.add_epoch(EpochStats(epoch, *stats, _table(*[1.0] * 6), steps))
    assert list(outcome_lines(history, 1)) == lines
    for newest in (None, 2, 7):
        (found,) = re.findall(r"loss ([\d.]+) \|", outcome_lines(history, newest)[0])
        assert float(found) == 0.5
