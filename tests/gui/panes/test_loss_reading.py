"""What the loss pane says, and how it thins what it draws."""

import itertools
import math
from collections.abc import Sequence
from dataclasses import replace

import msgspec
import numpy as np
import pytest

from engine.stats import EpochStats, LayerTable, StepStats
from engine.training import LayerInfo, RunHistory, RunStarted
from gui.panes import loss_reading
from gui.panes.loss_reading import envelope, loss_caption

NAN, INF = float("nan"), float("inf")
STARTED = RunStarted(
    1, (LayerInfo("a", "Linear", "Linear 1", True),), 9, 10, 8, 100, 80, 20, "Digits"
)


def _run(
    *losses: float, accuracies: Sequence[float | None] = (), clipped: int = 0, first: int = 0
) -> RunHistory:
    """A run of ten steps an epoch; `clipped` of them are clipped. Validation loss is twice the training loss."""
    history = RunHistory(msgspec.structs.replace(STARTED, first_epoch=first))
    for epoch, (loss, accuracy) in enumerate(itertools.zip_longest(losses, accuracies)):
        norms = np.ones(10 if epoch else 0)
        after = np.where(np.arange(norms.size) < clipped, 0.5, norms)
        steps = StepStats(norms * loss, norms, after, np.ones_like(norms))
        figures = (loss, accuracy, loss * 2, accuracy, 1.5, 0.1, 9.0)
        history.add_epoch(EpochStats(first + epoch, *figures, LayerTable.empty(1, 8), steps))
    return history


@pytest.mark.parametrize(
    ("history", "caption"),
    [
        (_run(2.345), "Before training: training loss 2.35, validation loss 4.69"),
        (
            _run(3, 2, accuracies=[0.72, 0.7]),
            "Epoch 1: training loss 2, validation loss 4; validation accuracy 70.0%, best 72.0% at epoch 0",
        ),
        (_run(2.0, NAN), "Epoch 1: the loss is no longer a finite number"),
        (_run(2.0, INF), "Epoch 1: the loss is no longer a finite number"),
        (
            _run(2, 1, clipped=3),
            "Epoch 1: training loss 1, validation loss 2; 30% of the steps were clipped",
        ),
    ],
)
def test_the_caption_says_the_last_figures(history: RunHistory, caption: str) -> None:
    assert loss_caption(history) == caption


def test_the_caption_is_silent_about_what_was_not_validated() -> None:
    history, whole = RunHistory(STARTED), _run(1.5).epochs[0]
    history.add_epoch(replace(whole, validation_loss=None))
    assert loss_caption(history) == "Before training: training loss 1.5"


@pytest.mark.parametrize(
    ("epoch", "pinned", "words"),
    [
        (None, 1, "; since epoch 6: training loss 3 → 1, validation loss 6 → 2, validation accuracy +25.0 points"),
        (0, 2, "; until epoch 7: training loss 4 → 2, validation loss 8 → 4, validation accuracy +20.0 points"),
        (2, 2, "Epoch 7: training loss 2, validation loss 4; validation accuracy 60.0%, best 75.0% at epoch 8"),
        (2, 99, "best 75.0% at epoch 8"),
        (99, None, "Epoch 8: "),
    ],
)  # fmt: skip
def test_the_caption_follows_the_playhead_and_compares_with_the_pin(
    epoch: int | None, pinned: int | None, words: str
) -> None:
    history = _run(4, 3, 2, 1, accuracies=[0.4, 0.5, 0.6, 0.75], first=5)
    caption = loss_caption(history, epoch, pinned)
    assert words in caption
    assert caption.startswith(words) or caption.endswith(words)
    assert ("since" in caption or "until" in caption) == ("since" in words or "until" in words)


def test_steps_that_were_not_finite_are_counted() -> None:
    history = _run(2.0)
    broken = _run(2.0, 1.0).epochs[1]
    broken.steps.loss[3] = NAN
    history.add_epoch(broken)
    assert loss_caption(history).endswith("; 1 step was not finite")
    again = _run(2.0, 1.0, 1.0).epochs[2]
    again.steps.gradient_norm[[3, 5]] = NAN, INF
    history.add_epoch(again)
    assert loss_caption(history).endswith("; 3 steps were not finite")


@pytest.mark.parametrize("size", [0, 1, 899, 900, 1_000, 12_345])
def test_an_envelope_keeps_the_lowest_and_the_highest_of_neighbours(size: int) -> None:
    values = np.random.default_rng(size).normal(size=size)
    places, heights = envelope(np.arange(size, dtype=np.float64), values)
    assert (np.diff(places) >= 0).all()
    assert places.size == heights.size <= max(900, size // 10)
    for start, end in itertools.pairwise([*np.unique(places).astype(int), size]):
        shown = heights[places == start]
        assert (shown.min(), shown.max()) == (values[start:end].min(), values[start:end].max())


def test_step_losses_of_a_long_run_are_the_span_of_neighbours() -> None:
    history, random = _run(1.0, first=2), np.random.default_rng(3)
    losses = random.normal(size=(250, 10))
    for number, part in enumerate(losses, 3):
        steps = StepStats(part, part, part, part)
        table = LayerTable.empty(1, 8)
        history.add_epoch(EpochStats(number, 1, None, 1, None, 1, 1, NAN, table, steps))
    places, heights = loss_reading.step_losses(history)
    groups = losses.reshape(-1, 4)  # 2,500 steps in at most 1,024 groups
    np.testing.assert_array_equal(heights[::2], groups.min(axis=1))
    np.testing.assert_array_equal(heights[1::2], groups.max(axis=1))
    np.testing.assert_allclose(places[::2], 2 + (np.arange(625) * 4 + 2.5) / 10)
    np.testing.assert_allclose(places[::2], places[1::2])


@pytest.mark.parametrize("count", [1, 50, 100, 101, 5_000])
def test_sparse_marks_leave_out_only_close_ones(count: int) -> None:
    places = np.sort(np.random.default_rng(count).uniform(0, 7, count))
    kept = loss_reading.sparse(places, 100)
    assert kept.size <= 102
    assert kept[0] == places[0]
    gaps = np.abs(places[:, None] - kept).min(axis=1)
    assert gaps.max() <= (0 if count <= 100 else 7 / 100)


def test_the_share_of_clipped_steps_is_read_where_the_pointer_is() -> None:
    history = _run(3, 2, 1, clipped=4)
    assert loss_reading.clipped_near(history, 0.25) == 1.0
    assert loss_reading.clipped_near(history, 0.75) == 0.0
    assert loss_reading.clipped_near(history, 1.35) == 1.0
    for outside in (-0.5, 2.2):
        assert math.isnan(loss_reading.clipped_near(history, outside))


def test_figures_of_an_epoch_are_read_in_numbers() -> None:
    history = _run(3, 2, accuracies=[0.1, 0.2], first=4)
    assert loss_reading.read_epoch(history, 1) == (
        "epoch 5: training loss 2, validation loss 4, accuracy 20.0%, learning rate 0.1, 1.5 s"
    )
    assert loss_reading.read_epoch(history, 0).endswith("accuracy 10.0%")


def test_the_table_has_every_epoch_and_nothing_where_there_is_nothing() -> None:
    header, rows = loss_reading.loss_table(_run(3, NAN, first=4))
    assert header[0] == "epoch"
    assert [row[0] for row in rows] == [4, 5]
    found = [dict(zip(header, row, strict=True)) for row in rows]
    assert [row["train_accuracy"] for row in found] == ["", ""]
    assert found[0]["train_loss"] == 3
    assert math.isnan(found[1]["train_loss"])
    assert found[1]["seconds"] == 1.5
