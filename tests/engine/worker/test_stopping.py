"""Early stopping: which epoch is the last, and what is said."""

import math

import pytest

from engine.training import training_config
from engine.worker.stopping import EarlyStopping


def _last(losses: list[float], patience: int, gain: float, *, on: bool = True) -> tuple[int, str]:
    settings = {"early_stopping": on, "patience": patience, "minimum_gain": gain}
    stopping = EarlyStopping(training_config(settings))
    for epoch, loss in enumerate(losses, 1):
        stopping.take(epoch, loss)
        if stopping.sentence:
            return epoch, stopping.sentence
    return 0, ""


@pytest.mark.parametrize(
    ("losses", "patience", "gain", "last"),
    [
        ([3, 2, 1, 0.5], 1, 0.0, 0),
        ([3, 2, 2, 1], 1, 0.0, 3),
        ([3, 2, 2, 1.9, 2, 2], 2, 0.0, 6),
        ([3, 2, 2, 2, 1], 3, 0.0, 0),
        ([3, 2.5, 2.0, 1.5], 2, 0.6, 0),
        ([3, 2.5, 2.5, 2.3], 2, 0.5, 3),
        ([3, 2.8, 2.6, 1.0], 2, 0.6, 3),
        ([math.nan, math.nan, 1.0], 2, 0.0, 2),
        ([1.0, math.nan, math.nan], 2, 0.0, 3),
    ],
)
def test_patience_runs_out(losses: list[float], patience: int, gain: float, last: int) -> None:
    assert _last(losses, patience, gain)[0] == last
    assert _last(losses, patience, gain, on=False)[0] == 0


def test_the_sentence_says_when_it_was_lowest() -> None:
    _, sentence = _last([3, 2, 2.5, 2.25], 2, 0.01)
    assert sentence == (
        "Stopped early after epoch 4: the validation loss did not fall by more than 0.01 for 2 epochs. "
        "It was lowest in epoch 2, 2"
    )
    assert "did not fall for 1 epoch." in _last([1, 2], 1, 0.0)[1]
