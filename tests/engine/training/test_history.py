"""A run's record: one that begins in the middle of a training, and one that is long."""

import dataclasses
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from msgspec.structs import replace

from engine.stats import (
    SCALAR_COLUMNS,
    Backdrop,
    CurvePicture,
    EpochStats,
    LayerTable,
    Picture,
    StepStats,
)
from engine.training import LayerInfo, Progress, RunHistory, RunStarted

from .long_runs import assert_same, epoch, started

LAYER = LayerInfo("linear_1", "Linear", "Linear 1", True)


def _history(first_epoch: int) -> RunHistory:
    return RunHistory(
        RunStarted(1, (LAYER,), 9, 2, 16, 10, 32, 8, "Made up", first_epoch=first_epoch)
    )


def _epoch(number: int, losses: list[float]) -> EpochStats:
    steps = StepStats.of(losses, losses, losses, losses)
    return EpochStats(
        number, 1.0, None, 1.0, None, 0.1, 0.1, np.nan, LayerTable.empty(1, 16), steps
    )


@pytest.mark.parametrize("first", [0, 5])
def test_epochs_are_counted_from_the_first(first: int) -> None:
    history = _history(first)
    for number in (first, first + 1):
        assert history.next_epoch == number
        history.add_epoch(_epoch(number, []))
    for wrong in (first, first + 3):
        with pytest.raises(ValueError, match=f"epoch {wrong} arrived, {first + 2} was expected"):
            history.add_epoch(_epoch(wrong, []))


@pytest.mark.parametrize("first", [0, 5])
def test_steps_of_the_epoch_under_way_are_those_of_its_number(first: int) -> None:
    history = _history(first)
    history.add_epoch(_epoch(first, []))
    steps = StepStats.of([2.0], [2.0], [2.0], [1.0])
    history.add_progress(Progress(1, first + 1, 1, steps, False))
    history.add_progress(Progress(1, first, 1, steps, False))
    assert history.steps("loss").tolist() == [2.0]
    history.add_epoch(_epoch(first + 1, [2.0, 3.0]))
    assert history.steps("loss").tolist() == [2.0, 3.0]


def test_pictures_are_kept_apart_from_the_epochs() -> None:
    empty = np.empty(0)
    backdrop = Backdrop(
        "line",
        "",
        np.empty((0, 1), np.float32),
        empty,
        np.empty(0, np.uint8),
        np.array([[0.0, 1.0]]),
        np.zeros(1),
        np.ones(1),
    )
    started = replace(_history(0).started, backdrop=backdrop)
    history = RunHistory(started)
    pictures = [
        Picture(epoch, 0, 0.001, curve=CurvePicture(np.zeros(256, np.float32)))
        for epoch in range(3)
    ]
    for number in (0, 1, 2):
        shown = pictures[number] if number != 1 else None
        history.add_epoch(dataclasses.replace(_epoch(number, []), picture=shown))
    assert all(epoch.picture is None for epoch in history.epochs)
    assert [history.pictures.at(epoch) for epoch in (0, 1, 2)] == [pictures[i] for i in (0, 0, 2)]
    steps = StepStats.of([2.0], [2.0], [2.0], [1.0])
    by_hand = dataclasses.replace(pictures[2], step=1)
    history.add_progress(Progress(1, 3, 1, steps, paused=True, picture=by_hand))
    assert history.pictures.at(None) is by_hand
    assert history.pictures.at(2) is pictures[2]
    with pytest.raises(ValueError, match="not of the run's data"):
        history.add_epoch(dataclasses.replace(_epoch(3, []), picture=Picture(3, 0, 0.1)))


LONG = 2_300


@pytest.fixture(scope="module")
def long_run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunHistory]:
    """Longer than what can be drawn, and far more than what stays in memory."""
    history = RunHistory(started(9, first_epoch=3), folder=tmp_path_factory.mktemp("aside"))
    for number in range(3, LONG + 3):
        history.add_epoch(epoch(number, 9))
    yield history
    history.close()


def test_columns_and_steps_of_a_long_run_are_complete(long_run: RunHistory) -> None:
    for name in ("activation_mean", "weight_rms", "dead", SCALAR_COLUMNS[-1]):
        whole = long_run.column(name)
        assert whole.shape == (LONG, 9)
        for place in (0, 1, 777, LONG - 1):
            expected = getattr(epoch(place + 3, 9).layers, name)
            np.testing.assert_array_equal(whole[place], expected)
    for name in ("loss", "clip_cosine"):
        whole = long_run.steps(name)
        assert whole.size == 3 * LONG
        for place in (0, 1, 777, LONG - 1):
            expected = getattr(epoch(place + 3, 9).steps, name)
            np.testing.assert_array_equal(whole[3 * place : 3 * place + 3], expected)


def test_what_is_drawn_of_a_long_run_is_bounded_and_true(long_run: RunHistory) -> None:
    over, track = long_run.over_epochs("weight_rms"), long_run.activation_track(2)
    assert 500 < over.epochs.size <= 1_025
    assert 256 <= track.epochs.size <= 513
    np.testing.assert_array_equal(over.values, long_run.column("weight_rms")[over.epochs])
    for place in (0, 17, -1):
        counts = long_run.epochs[int(track.epochs[place])].layers.activations.counts[2]
        np.testing.assert_array_equal(track.values[place], counts)
    for drawn in (over, track):
        assert drawn.epochs[0] == 0
        assert drawn.epochs[-1] == LONG - 1


def test_the_span_of_a_long_runs_steps_is_that_of_all_of_them(long_run: RunHistory) -> None:
    places, low, high = long_run.step_envelope("gradient_norm")
    whole = long_run.steps("gradient_norm")
    assert 512 <= places.size <= 1_024
    starts = places.astype(int)
    np.testing.assert_array_equal(low, np.minimum.reduceat(whole, starts))
    np.testing.assert_array_equal(high, np.maximum.reduceat(whole, starts))
    events = long_run.step_events()
    clipped = (long_run.steps("clipped_norm") < whole).astype(int)
    np.testing.assert_array_equal(events.clipped, np.add.reduceat(clipped, starts))
    assert events.steps.sum() == whole.size
    assert not events.nonfinite.any()


def test_steps_under_way_are_in_the_span_until_their_epoch_replaces_them() -> None:
    history = _history(0)
    history.add_epoch(_epoch(0, []))
    assert history.step_envelope("loss")[0].size == 0
    history.add_progress(Progress(1, 1, 1, StepStats.of([2.0], [2.0], [1.0], [1.0]), False))
    history.add_progress(Progress(1, 1, 2, StepStats.of([np.inf], [1.0], [1.0], [1.0]), False))
    assert [part.tolist() for part in history.step_envelope("loss")] == [
        [0.0, 1.0],
        [2.0, pytest.approx(np.nan, nan_ok=True)],
        [2.0, pytest.approx(np.nan, nan_ok=True)],
    ]
    events = history.step_events()
    assert (events.clipped.tolist(), events.nonfinite.tolist()) == ([1, 0], [0, 1])
    history.add_epoch(_epoch(1, [3.0, 4.0]))
    assert history.step_envelope("loss")[1].tolist() == [3.0, 4.0]
    assert history.step_events().clipped.tolist() == [0, 0]


def test_a_disk_that_refuses_is_told_and_loses_nothing(tmp_path: Path) -> None:
    history = RunHistory(started(400), folder=tmp_path / "missing")
    for number in range(12):
        assert history.problem == "" or number > 4
        history.add_epoch(epoch(number, 400))
    assert str(tmp_path / "missing") in history.problem
    assert_same(history.epochs[2], epoch(2, 400))


def test_a_closed_history_still_has_its_ends(tmp_path: Path) -> None:
    history = RunHistory(started(400), folder=tmp_path)
    for number in range(12):
        history.add_epoch(epoch(number, 400))
    history.close()
    assert (history.epochs[0].epoch, history.epochs[-1].epoch) == (0, 11)
    assert history.over_epochs("dead").epochs.size == 12
    with pytest.raises(ValueError, match="closed"):
        history.epochs[2]
