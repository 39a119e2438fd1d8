"""A history that begins in the middle of a training."""

import dataclasses

import numpy as np
import pytest
from msgspec.structs import replace

from engine.stats import Backdrop, CurvePicture, EpochStats, LayerTable, Picture, StepStats
from engine.training import LayerInfo, Progress, RunHistory, RunStarted

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
