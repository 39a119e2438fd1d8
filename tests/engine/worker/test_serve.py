"""The training process as the window meets it: a real process, frames on real pipes."""

import platform
import struct
from collections.abc import Iterable
from typing import Any

import msgspec
import numpy as np
import pytest
import torch

from engine.stats import SCALAR_COLUMNS
from engine.training import (
    Advance,
    EpochEnded,
    Message,
    Pause,
    Progress,
    Resume,
    Rewind,
    RunFinished,
    RunStarted,
    SetHyperparameters,
    Shutdown,
    Stop,
    WorkerReady,
)
from tests.engine.worker.wire import CHAIN, DOCUMENT, NORMALISED, START, STEPS, Worker

pytestmark = pytest.mark.timeout(180)


def _kinds(messages: Iterable[Message]) -> list[type[Message]]:
    """What kinds of messages came; how often a moving run reports depends on the clock."""
    return [type(m) for m in messages if not (isinstance(m, Progress) and not m.paused)]


def _place(message: Message) -> tuple[int, int, bool]:
    assert isinstance(message, Progress)
    return message.epoch, message.step, message.paused


def _held(worker: Worker, document: bytes) -> int:
    """Start a run that waits at epoch 0, and take in what it says until then."""
    run_id = worker.start(document, "hold")
    messages = worker.until(Progress)
    assert _kinds(messages) == [RunStarted, EpochEnded, Progress]
    assert _place(messages[-1]) == (1, 0, True)
    return run_id


def _advance(worker: Worker, run_id: int, advance: Advance) -> list[Any]:
    """Go on, and take in what comes until the run rests or ends."""
    worker.send(Resume(run_id, advance))
    messages = worker.until(Progress, RunFinished)
    while isinstance(messages[-1], Progress) and not messages[-1].paused:
        messages += worker.until(Progress, RunFinished)
    return messages


def _assert_same_epoch(first: EpochEnded, second: EpochEnded) -> None:
    assert first.stats.epoch == second.stats.epoch
    assert first.stats.train_loss == second.stats.train_loss
    assert first.stats.validation_loss == second.stats.validation_loss
    np.testing.assert_array_equal(first.stats.steps.loss, second.stats.steps.loss)
    for name in SCALAR_COLUMNS:
        columns = (getattr(message.stats.layers, name) for message in (first, second))
        np.testing.assert_array_equal(*columns)


@pytest.mark.parametrize("words", [("main.py", "worker"), ("-m", "engine.worker")])
def test_worker_says_that_it_is_ready_and_shuts_down(
    start_worker: START, words: tuple[str, ...]
) -> None:
    worker = start_worker(*words)
    ready = worker.receive()
    assert isinstance(ready, WorkerReady)
    assert ready.process_id == worker.process_id
    assert (ready.python, ready.torch) == (platform.python_version(), torch.__version__)
    assert ready.devices == ("cpu",)
    worker.send(Shutdown())
    assert worker.exit_code() == 0
    assert (worker.remaining_output(), worker.log) == (b"", "")


def test_frame_is_four_bytes_of_length_and_a_tagged_map(start_worker: START) -> None:
    worker = start_worker("main.py", "worker")
    body = msgspec.msgpack.encode({"type": "Shutdown"})
    worker.write(struct.pack(">I", len(body)) + body)
    content = worker.remaining_output()
    (length,) = struct.unpack(">I", content[:4])
    assert length == len(content) - 4
    assert msgspec.msgpack.decode(content[4:])["type"] == "WorkerReady"
    assert worker.exit_code() == 0


def test_run_goes_from_its_start_through_its_epochs_to_one_end(
    worker: Worker, small: bytes
) -> None:
    run_id = worker.start(small)
    messages = worker.until(RunFinished)
    assert _kinds(messages) == [RunStarted, *[EpochEnded] * 4, RunFinished]
    assert {message.run_id for message in messages} == {run_id}
    epochs = [message for message in messages if isinstance(message, EpochEnded)]
    assert [message.stats.epoch for message in epochs] == [0, 1, 2, 3]
    assert [len(message.stats.steps.loss) for message in epochs] == [0, *[STEPS] * 3]
    assert messages[-1] == RunFinished(run_id, "completed", 3)
    assert worker.rest() == []


def test_start_of_a_run_says_what_will_be_trained(worker: Worker, document: DOCUMENT) -> None:
    worker.start(document(*NORMALISED, batch_size=10, epochs=5), "hold")
    started = worker.receive()
    assert isinstance(started, RunStarted)
    assert [layer.id for layer in started.layers] == [
        "linear_1",
        "batchnorm1d_2",
        "tanh_3",
        "linear_4",
    ]
    assert [layer.has_weight for layer in started.layers] == [True, True, False, True]
    assert (started.epochs, started.batch_size, started.steps_per_epoch) == (5, 10, 7)
    assert started.parameters == (2 * 8 + 8) + 2 * 8 + (8 * 2 + 2)
    assert (started.train_samples, started.validation_samples) == (64, 16)
    assert started.data_title == "Two moons"


def test_every_step_is_reported_once(worker: Worker, document: DOCUMENT) -> None:
    run_id = _held(worker, document(*CHAIN, batch_size=2, epochs=1))
    reported: list[float] = []
    for message in _advance(worker, run_id, "run"):
        if isinstance(message, Progress):
            reported.extend(message.steps.loss.tolist())
        elif isinstance(message, EpochEnded):
            losses = message.stats.steps.loss.tolist()
    assert len(losses) == 32
    assert reported == losses[: len(reported)]


def test_stepping_by_batches_looks_into_each(worker: Worker, small: bytes) -> None:
    run_id = _held(worker, small)
    for step in range(1, STEPS + 1):
        (rested,) = _advance(worker, run_id, "batch")
        assert _place(rested) == (1, step, True)
        assert len(rested.steps.loss) == 1
        assert rested.layers.samples == 16
        assert rested.layers.update_ratio[0] > 0.0
    ended, rested = worker.until(Progress)
    assert isinstance(ended, EpochEnded)
    assert (ended.stats.epoch, _place(rested)) == (1, (2, 0, True))


def test_stepping_by_epochs_rests_after_each(worker: Worker, small: bytes) -> None:
    run_id = _held(worker, small)
    for epoch in (1, 2):
        messages = _advance(worker, run_id, "epoch")
        assert _kinds(messages) == [EpochEnded, Progress]
        assert _place(messages[-1]) == (epoch + 1, 0, True)
    assert _kinds(_advance(worker, run_id, "epoch")) == [EpochEnded, RunFinished]


def test_epoch_that_was_begun_by_batches_is_ended_by_an_epoch(worker: Worker, small: bytes) -> None:
    run_id = _held(worker, small)
    _advance(worker, run_id, "batch")
    messages = _advance(worker, run_id, "epoch")
    assert _kinds(messages) == [EpochEnded, Progress]
    assert len(messages[-2].stats.steps.loss) == STEPS


def test_stepping_and_running_make_the_same_weights(worker: Worker, small: bytes) -> None:
    worker.start(small)
    ran = [message for message in worker.until(RunFinished) if isinstance(message, EpochEnded)]
    run_id = _held(worker, small)
    stepped = []
    for _ in range(3):
        for _ in range(STEPS):
            _advance(worker, run_id, "batch")
        stepped.append(worker.until(Progress, RunFinished)[0])
    for one, other in zip(ran[1:], stepped, strict=True):
        _assert_same_epoch(one, other)


def test_pause_waits_until_the_run_is_resumed(worker: Worker, endless: bytes) -> None:
    run_id = worker.start(endless)
    worker.until(EpochEnded)
    worker.until(EpochEnded)
    worker.send(Pause(run_id))
    paused = worker.receive()
    while not (isinstance(paused, Progress) and paused.paused):
        paused = worker.receive()
    (after,) = _advance(worker, run_id, "batch")
    epoch, step, _ = _place(paused)
    assert _place(after) == (epoch, step + 1, True)
    worker.send(Resume(run_id, "run"))
    assert worker.until(EpochEnded)[-1].stats.epoch >= epoch


@pytest.mark.parametrize("advance", ["run", "hold"])
def test_stop_ends_the_run_for_good(worker: Worker, endless: bytes, advance: Advance) -> None:
    run_id = worker.start(endless, advance)
    worker.until(EpochEnded)
    worker.send(Stop(run_id))
    finished = worker.until(RunFinished)[-1]
    assert (finished.run_id, finished.outcome) == (run_id, "stopped")
    worker.send(Resume(run_id), Stop(run_id), Rewind(run_id, worker.new_run_id()))
    assert worker.rest() == []


def test_new_run_stops_the_one_under_way(worker: Worker, endless: bytes, small: bytes) -> None:
    first = worker.start(endless)
    worker.until(EpochEnded)
    second = worker.start(small)
    stopped = worker.until(RunFinished)[-1]
    assert (stopped.run_id, stopped.outcome) == (first, "stopped")
    messages = worker.until(RunFinished)
    assert {message.run_id for message in messages} == {second}
    assert messages[-1].outcome == "completed"


def test_rewinding_repeats_the_run_under_a_new_id(worker: Worker, small: bytes) -> None:
    first = worker.start(small, "epoch")
    before = [worker.until(EpochEnded)[-1], worker.until(EpochEnded)[-1]]
    worker.until(Progress)
    second = worker.new_run_id()
    worker.send(Rewind(first, second))
    finished, *messages = worker.until(Progress)
    assert finished == RunFinished(first, "stopped", 1)
    assert _kinds(messages) == [RunStarted, EpochEnded, Progress]
    assert {message.run_id for message in messages} == {second}
    assert _place(messages[-1]) == (1, 0, True)
    again = _advance(worker, second, "epoch")
    _assert_same_epoch(before[0], messages[1])
    _assert_same_epoch(before[1], again[-2])


def test_commands_for_other_runs_are_ignored(worker: Worker, small: bytes) -> None:
    stale = _held(worker, small)
    run_id = worker.start(small, "hold")
    worker.until(RunFinished)
    worker.until(Progress)
    for other in (stale, run_id + 1_000, -1):
        worker.send(Resume(other), Pause(other), Stop(other), Rewind(other, run_id + 2_000))
        worker.send(SetHyperparameters(other, {"learning_rate": 0.0}))
    (rested,) = _advance(worker, run_id, "batch")
    assert (rested.run_id, _place(rested)) == (run_id, (1, 1, True))
    assert rested.layers.update_ratio[0] > 0.0


def test_hyperparameters_act_from_the_next_batch(worker: Worker, small: bytes) -> None:
    run_id = _held(worker, small)
    seen = []
    for rate in (0.05, 0.0, 0.05):
        worker.send(SetHyperparameters(run_id, {"learning_rate": rate}))
        (rested,) = _advance(worker, run_id, "batch")
        seen.append(rested.layers.update_ratio[[0, 2]] > 0.0)
    assert [ratios.tolist() for ratios in seen] == [[True] * 2, [False] * 2, [True] * 2]
    worker.send(SetHyperparameters(run_id, {"clip_mode": "norm", "clip_threshold": 1e-4}))
    (rested,) = _advance(worker, run_id, "batch")
    assert rested.steps.clipped_norm[0] <= 1e-4 < rested.steps.gradient_norm[0]
    assert worker.until(EpochEnded)[-1].stats.learning_rate == 0.05


def test_wrong_hyperparameters_are_logged_and_the_run_goes_on(worker: Worker, small: bytes) -> None:
    run_id = _held(worker, small)
    worker.send(SetHyperparameters(run_id, {"learning_rate": -1.0}))
    (rested,) = _advance(worker, run_id, "batch")
    assert rested.layers.update_ratio[0] > 0.0
    assert "Ignored: Learning rate" in worker.log
