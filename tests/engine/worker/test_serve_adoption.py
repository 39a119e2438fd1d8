"""An edited network is adopted by a real training process."""

from typing import Any

import pytest

from engine.training import (
    Adopt,
    Adopted,
    AdoptionRefused,
    EpochEnded,
    Progress,
    Resume,
    Rewind,
    RunFinished,
    RunStarted,
)
from tests.engine.worker.wire import CHAIN, DOCUMENT, NORMALISED, STEPS, Worker

pytestmark = pytest.mark.timeout(180)
INSERTED = (*CHAIN[:2], ("Linear", {"out_features": 2}), ("BatchNorm1d", {}))
"""The chain with a layer behind its last; ids go by places, so the others keep theirs."""


def _held(worker: Worker, document: bytes, epochs: int) -> int:
    """A run that waits after so many epochs."""
    run_id = worker.start(document, "hold")
    worker.until(Progress)
    for _ in range(epochs):
        worker.send(Resume(run_id, "epoch"))
        worker.until(EpochEnded)
        worker.until(Progress)
    return run_id


def _adopt(worker: Worker, run_id: int, document: bytes) -> list[Any]:
    worker.send(Adopt(run_id, document, ""))
    return worker.until(Progress, AdoptionRefused)


def test_an_edited_network_goes_on_where_the_run_was(worker: Worker, document: DOCUMENT) -> None:
    settings = {"batch_size": 16, "epochs": 3}
    run_id = _held(worker, document(*CHAIN, **settings), 2)
    adopted, started, measured, rested = _adopt(worker, run_id, document(*INSERTED, **settings))
    assert isinstance(adopted, Adopted)
    assert (adopted.kept, adopted.fresh) == (("linear_1", "linear_3"), ("batchnorm1d_4",))
    assert [layer.id for layer in adopted.layers] == [layer.id for layer in started.layers]
    assert isinstance(started, RunStarted)
    assert (started.run_id, started.first_epoch) == (run_id, 2)
    assert "continued from epoch 2" in started.notes
    assert "kept: Linear 1, Linear 3; new: Batch norm 1d 4" in started.notes
    assert (measured.stats.epoch, len(measured.stats.layers.dead)) == (2, 4)
    assert (rested.epoch, rested.step, rested.paused) == (3, 0, True)
    worker.send(Resume(run_id, "run"))
    ended, finished = [m for m in worker.until(RunFinished) if not isinstance(m, Progress)]
    assert (ended.stats.epoch, len(ended.stats.layers.dead)) == (3, 4)
    assert finished == RunFinished(run_id, "completed", 3)


def test_adoption_in_the_middle_of_an_epoch(worker: Worker, document: DOCUMENT) -> None:
    settings = {"batch_size": 16, "epochs": 1}
    run_id = _held(worker, document(*CHAIN, **settings), 0)
    worker.send(Resume(run_id, "batch"))
    worker.until(Progress)
    rested = _adopt(worker, run_id, document(*INSERTED, **settings))[-1]
    assert (rested.epoch, rested.step) == (1, 1)
    worker.send(Resume(run_id, "run"))
    ended = worker.until(EpochEnded)[-1]
    assert (ended.stats.epoch, len(ended.stats.steps.loss)) == (1, STEPS)
    worker.until(RunFinished)


def test_a_running_training_waits_after_it_has_adopted(worker: Worker, document: DOCUMENT) -> None:
    settings = {"batch_size": 16, "epochs": 1_000_000}
    run_id = worker.start(document(*CHAIN, **settings))
    worker.until(EpochEnded)
    worker.send(Adopt(run_id, document(*INSERTED, **settings), ""))
    worker.until(Adopted)
    messages = worker.until(Progress)
    assert messages[-1].paused
    assert len(messages[-2].stats.layers.dead) == 4


@pytest.mark.parametrize(
    ("layers", "settings", "said"),
    [
        (CHAIN[:2], {}, "Set the units of the last Linear"),
        (INSERTED, {"batch_size": 8}, "“Batch size” cannot change within a run"),
        (INSERTED, {"learning_rate": -1.0}, "Learning rate"),
    ],
)
def test_a_refused_network_leaves_the_run_as_it_was(
    worker: Worker, document: DOCUMENT, layers: Any, settings: dict[str, Any], said: str
) -> None:
    same = {"batch_size": 16, "epochs": 2}
    plain = _held(worker, document(*CHAIN, **same), 1)
    worker.send(Resume(plain, "run"))
    expected = worker.until(EpochEnded)[-1]
    worker.until(RunFinished)
    run_id = _held(worker, document(*CHAIN, **same), 1)
    (refused,) = _adopt(worker, run_id, document(*layers, **{**same, **settings}))
    assert said in refused.sentence
    worker.send(Resume(run_id, "run"))
    ended = worker.until(EpochEnded)[-1]
    assert ended.stats.train_loss == expected.stats.train_loss
    worker.until(RunFinished)


def test_what_is_no_network_is_refused(worker: Worker, small: bytes) -> None:
    run_id = _held(worker, small, 0)
    (refused,) = _adopt(worker, run_id, b"nonsense")
    assert refused.sentence.startswith("The network cannot be read")
    worker.send(Resume(run_id, "run"))
    assert worker.until(RunFinished)[-1].outcome == "completed"


def test_an_adopted_network_rewinds_to_its_own_beginning(
    worker: Worker, document: DOCUMENT
) -> None:
    edited = document(*NORMALISED, batch_size=16, epochs=3)
    worker.start(edited, "epoch")
    worker.until(EpochEnded)
    first = worker.until(EpochEnded)[-1]
    run_id = _held(worker, document(*CHAIN, batch_size=16, epochs=3), 1)
    _adopt(worker, run_id, edited)
    second = worker.new_run_id()
    worker.send(Rewind(run_id, second), Resume(second, "epoch"))
    while (started := worker.until(RunStarted)[-1]).run_id != second:
        pass  # the adopted network's own beginning may still be on its way
    assert started.first_epoch == 0
    worker.until(EpochEnded)
    assert worker.until(EpochEnded)[-1].stats.train_loss == first.stats.train_loss


def test_an_early_stop_says_so_at_the_end(worker: Worker, document: DOCUMENT) -> None:
    worker.start(
        document(
            *CHAIN,
            batch_size=16,
            epochs=50,
            early_stopping=True,
            patience=2,
            minimum_gain=100.0,
        )
    )
    finished = worker.until(RunFinished)[-1]
    assert (finished.outcome, finished.epoch) == ("completed", 3)
    assert finished.sentence.startswith("Stopped early after epoch 3: the validation loss did not")
