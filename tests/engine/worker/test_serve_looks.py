"""Looks on request and by schedule, as the window asks a real process for them."""

import numpy as np
import pytest

from engine.training import Examine, Examined, Look, Progress, Resume, RunFinished
from tests.engine.worker.wire import CHAIN, DOCUMENT, Worker

pytestmark = pytest.mark.timeout(180)


def test_a_waiting_run_looks_inside_without_a_step(worker: Worker, small: bytes) -> None:
    run_id = worker.start(small, "hold")
    worker.until(Progress)
    tables = []
    for _ in range(2):
        worker.send(Look(run_id))
        (answer,) = worker.until(Progress)
        assert isinstance(answer, Progress)
        assert (answer.epoch, answer.step, answer.paused) == (1, 0, True)
        assert answer.layers is not None
        tables.append(answer.layers)
    np.testing.assert_array_equal(tables[0].activations.counts, tables[1].activations.counts)


def test_a_thorough_look_says_where_it_was_made(worker: Worker, small: bytes) -> None:
    run_id = worker.start(small, "hold")
    worker.until(Progress)
    worker.send(Resume(run_id, "epoch"))
    while not (answer := worker.until(Progress)[-1]).paused:  # type: ignore[union-attr]
        pass
    worker.send(Resume(run_id, "batch"))
    worker.until(Progress)
    worker.send(Examine(run_id))
    found = worker.until(Examined)[-1]
    assert isinstance(found, Examined)
    assert (found.run_id, found.epoch, found.step) == (run_id, 1, 1)
    assert found.examination.samples > found.examination.batch == 16
    assert (found.examination.effective_rank >= 1).all()
    assert answer.run_id == run_id


def test_looks_come_every_so_many_steps(worker: Worker, document: DOCUMENT) -> None:
    run_id = worker.start(document(*CHAIN, batch_size=16, epochs=2, look_every=3), "run")
    messages = worker.until(RunFinished)
    looks = [
        (message.epoch, message.step)
        for message in messages
        if isinstance(message, Progress) and message.layers is not None
    ]
    steps = [message for message in messages if isinstance(message, Progress)]
    assert all(message.run_id == run_id for message in steps)
    assert looks
    per_epoch = max(step for _, step in looks)
    assert all(((epoch - 1) * _steps(messages) + step) % 3 == 0 for epoch, step in looks), per_epoch


def _steps(messages: list[object]) -> int:
    (started,) = (m for m in messages if type(m).__name__ == "RunStarted")
    return int(started.steps_per_epoch)  # type: ignore[attr-defined]
