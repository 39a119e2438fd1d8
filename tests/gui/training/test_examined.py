"""The text of a thorough look: every figure is in it, and what is missing is said."""

import numpy as np
import pytest

from engine.stats import Examination
from engine.training import Examined, LayerInfo
from gui.training.examined import examined_text

LAYERS = (LayerInfo("a", "Linear", "First | one", True), LayerInfo("b", "ReLU", "ReLU 1", False))


def _message(noise: float = 12.0, epoch: int = 3, step: int = 0) -> Examined:
    jacobian = np.array([[4.0, 1.0], [6.0, 2.0], [5.0, 3.0]])
    dead, ranks = np.array([np.nan, 0.25]), np.array([7.5, np.nan])
    found = Examination(1_437, 512, dead, ranks, ranks / 3, noise, 32, jacobian)
    return Examined(1, epoch, step, found)


def test_every_figure_is_in_the_text() -> None:
    text = examined_text(LAYERS, _message())
    assert "after 3 epochs" in text
    for part in ("1,437 training samples", "scale 12 samples", "largest 5, smallest 2"):
        assert part in text
    assert "| First / one |  | 7.5 | 2.5 |" in text
    assert "| ReLU 1 | 25.0% |  |  |" in text


@pytest.mark.parametrize(
    ("noise", "words"),
    [(12.0, "smaller than the batch"), (90.0, "larger than the batch"), (np.nan, "cannot be told")],
)
def test_the_noise_is_set_against_the_batch(noise: float, words: str) -> None:
    assert words in examined_text(LAYERS, _message(noise))


def test_an_untrained_network_is_said_to_be_one() -> None:
    assert "before training" in examined_text(LAYERS, _message(epoch=0))
    assert "after 1 epoch and 4 steps" in examined_text(LAYERS, _message(epoch=1, step=4))
