"""A history that begins in the middle of a training."""

import numpy as np
import pytest

from engine.stats import EpochStats, LayerTable, StepStats
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
