"""Schedules in a run that is steered by hand: live rates, rewinding, early stops, and settings that are refused."""

import math
from collections.abc import Callable
from typing import Any

import pytest

from engine.worker.prepare import RunError
from engine.worker.trainer import Trainer
from tests.engine.worker.wire import CHAIN

MAKE = Callable[..., Trainer]
EPOCHS = 4
NO_VALIDATION = {"kind": "moons", "params": {"samples": 64, "validation_share": 0.0}}
FROZEN = tuple(
    (kind, {**params, "frozen": True}) if params else (kind, params) for kind, params in CHAIN
)


def _rates(trainer: Trainer, epochs: int) -> list[float]:
    found = []
    for _ in range(epochs):
        while not trainer.epoch_is_over:
            trainer.step()
        found.append(trainer.end_epoch().learning_rate)
    return found


def _cosine(step: int) -> float:
    """Loshchilov & Hutter 2017, eq. 5, with a lowest rate of 0; steps are counted from 0."""
    return (1 + math.cos(math.pi * step / (4 * EPOCHS))) / 2


def _scheduled(trainer: MAKE, **settings: Any) -> Trainer:
    return trainer(*CHAIN, **{"batch_size": 16, "epochs": EPOCHS, "schedule": "cosine", **settings})


def test_an_epochs_rate_is_that_of_its_last_step(trainer: MAKE) -> None:
    trained = _scheduled(trainer, learning_rate=0.1)
    assert trained.measure().learning_rate == 0.1
    expected = [0.1 * _cosine(step) for step in (3, 7, 11, 15)]
    assert _rates(trained, EPOCHS) == pytest.approx(expected)


@pytest.mark.parametrize("base", [0.0, 0.1])
def test_the_live_rate_is_multiplied(trainer: MAKE, base: float) -> None:
    trained = _scheduled(trainer, learning_rate=base)
    first = _rates(trained, 1)
    trained.set_live({"learning_rate": 0.03})
    assert first == pytest.approx([base * _cosine(3)])
    assert _rates(trained, 3) == pytest.approx([0.03 * _cosine(step) for step in (7, 11, 15)])


@pytest.mark.parametrize(
    "settings",
    [
        {"schedule": "cosine", "warmup_epochs": 1},
        {"schedule": "one_cycle"},
        {"schedule": "step", "schedule_epochs": 1},
        {"schedule": "plateau", "schedule_patience": 0, "learning_rate": 2.0},
        {"accumulate": 2},
        {"optimizer": "LBFGS", "max_iter": 3},
        {"clip_mode": "adaptive", "clip_threshold": 0.01},
        {"precision": "bfloat16"},
        {"early_stopping": True, "patience": 1, "minimum_gain": 10.0},
    ],
)
def test_rewinding_repeats_every_feature(trainer: MAKE, settings: dict[str, Any]) -> None:
    trained = _scheduled(trainer, **settings)

    def run() -> list[Any]:
        seen: list[Any] = []
        while not trained.is_over:
            while not trained.epoch_is_over:
                seen.append(trained.step().loss)
            seen.append(trained.end_epoch().learning_rate)
        return [*seen, trained.stopped_early]

    first = run()
    trained.rewind()
    assert not trained.is_over
    assert run() == first


def test_a_run_may_be_trained_beyond_its_schedule(trainer: MAKE) -> None:
    rates = _rates(_scheduled(trainer, schedule="one_cycle"), EPOCHS + 2)
    assert rates[-1] == rates[-2]


def test_steps_of_accumulated_batches(trainer: MAKE) -> None:
    trained = trainer(*CHAIN, batch_size=8, accumulate=3)
    assert trained.steps_per_epoch == 3
    for _ in range(3):
        trained.step()
    stats = trained.end_epoch()
    assert stats.layers.samples == 24
    assert len(stats.steps.loss) == 3


@pytest.mark.parametrize(
    ("layers", "settings", "said"),
    [
        (CHAIN, {"early_stopping": True, "data": NO_VALIDATION}, "Early stopping goes by"),
        (CHAIN, {"schedule": "plateau", "data": NO_VALIDATION}, "schedule on plateau goes by"),
        (CHAIN, {"epochs": 3, "warmup_epochs": 3}, "warm-up of 3 epochs leaves none of the 3"),
        (CHAIN, {"optimizer": "LBFGS", "precision": "float16"}, "L-BFGS cannot be used with"),
        (CHAIN, {"loss": "mse", "label_smoothing": 0.1}, "Label smoothing is for the loss"),
        (FROZEN, {}, "Every layer is frozen"),
        (
            (("Linear", {"out_features": 8, "learning_rate_factor": 2.0}), *CHAIN[1:]),
            {"optimizer": "LBFGS"},
            "Set the factor of Linear 1 to 1",
        ),
    ],
)
def test_what_does_not_go_together_is_refused(
    trainer: MAKE, layers: Any, settings: dict[str, Any], said: str
) -> None:
    with pytest.raises(RunError, match=said):
        trainer(*layers, **settings)
