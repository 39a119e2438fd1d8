"""What the panes say: verdicts at their thresholds, and captions with the right numbers and names."""

import numpy as np
import pytest

from engine.stats import EpochStats, LayerTable, StepStats
from engine.training import LayerInfo, Progress, RunHistory, RunStarted
from gui.panes import reading
from gui.panes.reading import flow_caption, flow_headline
from gui.training.reading import View, current_view, read_flow, share_text

NAN, INF = float("nan"), float("inf")


def _layers(*kinds: str) -> tuple[LayerInfo, ...]:
    """Layers that are labelled by kind and row: `Linear 0`, `ReLU 1`."""
    return tuple(
        LayerInfo(f"layer_{row}", kind, f"{kind} {row}", kind in {"Linear", "Conv2d"})
        for row, kind in enumerate(kinds)
    )


def _linears(count: int) -> tuple[LayerInfo, ...]:
    return _layers(*["Linear"] * count)


def _gradients(*values: float) -> LayerTable:
    table = LayerTable.empty(len(values), 32)
    table.activation_gradient_rms[:] = values
    return table


def _flow_caption(layers: tuple[LayerInfo, ...], table: LayerTable) -> str:
    return flow_caption(layers, View(table, 3, None), read_flow(layers, table))


def _caption(*values: float) -> str:
    return _flow_caption(_linears(len(values)), _gradients(*values))


def _run(*losses: float) -> RunHistory:
    history = RunHistory(RunStarted(1, _linears(2), 9, 10, 8, 100, 80, 20, "Digits"))
    for epoch, loss in enumerate(losses):
        steps, table = StepStats.of([], [], [], []), _gradients(1.0, 1.0)
        history.add_epoch(EpochStats(epoch, loss, None, loss, None, 1.0, 0.1, 9.0, table, steps))
    return history


@pytest.mark.parametrize(
    ("ratio", "verdict"),
    [
        (1e-9, "vanishing"),
        (0.0199, "vanishing"),
        (0.02, "watch"),
        (0.0499, "watch"),
        (0.05, "healthy"),
        (1.0, "healthy"),
        (20.0, "healthy"),
        (20.1, "watch"),
        (100.0, "watch"),
        (100.1, "exploding"),
        (1e30, "exploding"),
    ],
)
def test_the_verdict_follows_first_over_last(ratio: float, verdict: str) -> None:
    flow = read_flow(_linears(3), _gradients(ratio, 7.0, 1.0))
    assert (flow.verdict, flow.ratio) == (verdict, ratio)
    assert verdict in flow_headline(flow)


@pytest.mark.parametrize("values", [(NAN, 1.0), (1.0, INF), (1.0, NAN, 1.0)])
def test_a_gradient_that_is_not_finite_outranks_every_other_verdict(values: list[float]) -> None:
    flow = read_flow(_linears(len(values)), _gradients(*values))
    assert flow.verdict == "nonfinite"
    assert flow_headline(flow) == "✕ not finite"


def test_only_layers_that_draw_a_weight_are_judged() -> None:
    layers = _layers("ReLU", "Linear", "BatchNorm1d", "Conv2d", "Tanh")
    flow = read_flow(layers, _gradients(NAN, 3.0, 1e9, 1.0, INF))
    assert (flow.verdict, flow.ratio, flow.layers) == ("healthy", 3.0, 2)


@pytest.mark.parametrize("slope", [-1.5, -0.25, 0.0, 0.5, 3.0])
def test_decades_are_the_slope_of_the_logarithm(slope: float) -> None:
    flow = read_flow(_linears(6), _gradients(*(10.0 ** (slope * row) for row in range(6))))
    assert flow.decades == pytest.approx(slope, abs=1e-9)
    assert f"{slope:+.2f} decades a layer" in flow_headline(flow).replace("-0.00", "+0.00")


@pytest.mark.parametrize("values", [(0.0, 0.0, 1.0), (0.0, 1.0), (0.0, 1e-4, 1.0)])
def test_a_first_layer_without_gradient_is_vanishing_in_plain_numbers(values: list[float]) -> None:
    flow = read_flow(_linears(len(values)), _gradients(*values))
    assert flow.verdict == "vanishing"
    assert "nan" not in flow_headline(flow)


def test_one_weight_layer_cannot_be_judged() -> None:
    flow = read_flow(_layers("Linear", "ReLU"), _gradients(1.0, 1.0))
    assert flow.verdict == "unknown"
    assert "nothing to compare" in flow_headline(flow)


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ((1e-4, 1e-2, 1.0), "falls 2.00 decades a weight layer; Linear 0 and what lies before"),
        ((1e-6, 1e-4, 1e-3, 1.0), "; Linear 1 and what lies before it receive less than 1/1000"),
        ((0.25, 0.5, 1.0), "falls 0.30 decades a weight layer; the first layer receives 0.25 ×"),
        ((100.0, 10.0, 1.0), "grows 1.00 decades a weight layer; the first layer receives 1e+02 ×"),
        ((1.0, NAN, INF), "the gradient at Linear 1 is no longer a finite number"),
        ((1.0, 0.0), "no gradient leaves the output; nothing is learned"),
        ((0.0, 0.0), "no gradient leaves the output; nothing is learned"),
        ((0.0, 0.0, 1.0), "only one weight layer receives any gradient at all"),
        ((1.0,), "there are fewer than two weight layers"),
    ],
)
def test_the_flow_caption_says_what_happens(values: list[float], words: str) -> None:
    caption = _caption(*values)
    assert caption.startswith("Epoch 3: ")
    assert words in caption


def test_beside_a_recurrent_layer_the_flow_caption_points_to_the_flow_through_time() -> None:
    caption = _flow_caption(_layers("LSTM", "Linear"), _gradients(1.0, 1.0))
    assert "inside LSTM 0 the gradient flows through time" in caption


def test_the_flow_caption_blames_no_layer_that_gets_its_share() -> None:
    caption = _caption(1.0, 1e-5, 1.0)  # the middle one is a branch of its own, and it starves
    assert "Linear 1 and what lies before it" not in caption


@pytest.mark.parametrize(
    ("epoch", "step", "when"),
    [(0, None, "before training"), (4, None, "epoch 4"), (2, 7, "epoch 2, batch 7")],
)
def test_a_view_says_when_it_was(epoch: int, step: int | None, when: str) -> None:
    assert View(_gradients(1.0), epoch, step).when == when


def test_the_current_view_is_the_newest_look_or_the_chosen_epoch() -> None:
    history = _run(2.0, 1.0)
    assert current_view(None, None) is None
    assert current_view(_run(), 0) is None
    steps, table = StepStats.of([1.0], [1.0], [1.0], [1.0]), _gradients(5.0, 6.0)
    epochs = [stats.layers for stats in history.epochs]
    assert current_view(history, None) == View(epochs[1], 1, None)
    history.add_progress(Progress(1, 2, 3, steps, True, table))
    assert current_view(history, None) == View(table, 2, 3)
    assert current_view(history, 0) == View(epochs[0], 0, None)
    assert current_view(history, 99) == View(epochs[1], 1, None)


@pytest.mark.parametrize(
    ("share", "text"), [(0, "0%"), (1e-9, "<1%"), (0.01, "1%"), (0.5, "50%"), (0.999, ">99%")]
)
def test_a_share_is_never_rounded_to_all_or_none(share: float, text: str) -> None:
    assert share_text(share) == text


@pytest.mark.parametrize("seed", range(5))
def test_shown_labels_never_overlap_and_none_is_left_out_in_vain(seed: int) -> None:
    random = np.random.default_rng(seed)
    places, widths = np.sort(random.uniform(0, 500, 60)), random.uniform(1, 60, 60)
    left, right = places - widths / 2, places + widths / 2
    shown = reading.thinned(places.tolist(), widths.tolist(), 4.0)
    assert shown[0] == 0
    for index in range(60):
        before = max((i for i in shown if i < index), default=None)
        roomy = before is None or left[index] >= right[before] + 4.0
        assert (index in shown) == roomy


def test_no_labels_are_thinned_to_none() -> None:
    assert reading.thinned([], [], 1.0) == []
