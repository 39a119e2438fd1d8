"""The training process as the window meets it: a real process, frames on real pipes."""

import math
import platform
import struct
from collections.abc import Callable, Iterable
from typing import Any, Protocol

import msgspec
import numpy as np
import pytest
import torch

from engine.stats import SCALAR_COLUMNS
from engine.training import (
    Advance,
    Command,
    EpochEnded,
    FrameReader,
    Message,
    Pause,
    Progress,
    Resume,
    Rewind,
    RunFailed,
    RunFinished,
    RunStarted,
    SetHyperparameters,
    Shutdown,
    Stop,
    WorkerReady,
    decode_message,
)

pytestmark = pytest.mark.timeout(180)

CHAIN = (("Linear", {"out_features": 8}), ("Tanh", {}), ("Linear", {"out_features": 2}))
NORMALISED = (CHAIN[0], ("BatchNorm1d", {}), *CHAIN[1:])
STEPS = 4
"""Batches of an epoch: 64 samples by 16."""
ENDLESS = 1_000_000

STRAY = """
import os, subprocess, sys, warnings
from torch import nn

def forward(layer, inputs):
    print("a stray print", flush=True)
    os.write(1, b"bytes on descriptor one")
    subprocess.run(["echo", "a child's echo"], check=True)
    warnings.warn("a stray warning")
    return inputs.tanh()

nn.Tanh.forward = forward
from engine.worker.serve import main
sys.exit(main())
"""
"""A worker with a layer that talks."""

FAULTY = """
import sys
from torch import nn
calls = []

def forward(layer, inputs):
    calls.append(layer)
    if len(calls) == 7:
        raise ValueError("the seventh call is one too many")
    return inputs.tanh()

nn.Tanh.forward = forward
from engine.worker.serve import main
sys.exit(main())
"""
"""A worker with a layer that fails once, in the midst of training."""


class Client(Protocol):
    """What the fixtures of a worker give."""

    process_id: int
    log: str

    def new_run_id(self) -> int: ...
    def write(self, content: bytes) -> None: ...
    def send(self, *commands: Command) -> None: ...
    def start(self, document: bytes, advance: Advance = "run") -> int: ...
    def receive(self) -> Message: ...
    def until(self, *kinds: type[Message]) -> list[Any]: ...
    def rest(self) -> list[Any]: ...
    def remaining_output(self) -> bytes: ...
    def close_input(self) -> None: ...
    def close_output(self) -> None: ...
    def exit_code(self, patience: float = ...) -> int: ...


DOCUMENT = Callable[..., bytes]
START = Callable[..., Client]


@pytest.fixture
def small(document: DOCUMENT) -> bytes:
    """A network that is trained for three short epochs."""
    return document(*CHAIN, batch_size=16, epochs=3)


@pytest.fixture
def endless(document: DOCUMENT) -> bytes:
    """A network whose training takes hours."""
    return document(*CHAIN, batch_size=16, epochs=ENDLESS)


def _kinds(messages: Iterable[Message]) -> list[type[Message]]:
    """What kinds of messages came; how often a moving run reports depends on the clock."""
    return [type(m) for m in messages if not (isinstance(m, Progress) and not m.paused)]


def _place(message: Message) -> tuple[int, int, bool]:
    assert isinstance(message, Progress)
    return message.epoch, message.step, message.paused


def _held(worker: Client, document: bytes) -> int:
    """Start a run that waits at epoch 0, and take in what it says until then."""
    run_id = worker.start(document, "hold")
    messages = worker.until(Progress)
    assert _kinds(messages) == [RunStarted, EpochEnded, Progress]
    assert _place(messages[-1]) == (1, 0, True)
    return run_id


def _advance(worker: Client, run_id: int, advance: Advance) -> list[Any]:
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
    worker: Client, small: bytes
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


def test_start_of_a_run_says_what_will_be_trained(worker: Client, document: DOCUMENT) -> None:
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


def test_every_step_is_reported_once(worker: Client, document: DOCUMENT) -> None:
    run_id = _held(worker, document(*CHAIN, batch_size=2, epochs=1))
    reported: list[float] = []
    for message in _advance(worker, run_id, "run"):
        if isinstance(message, Progress):
            reported.extend(message.steps.loss.tolist())
        elif isinstance(message, EpochEnded):
            losses = message.stats.steps.loss.tolist()
    assert len(losses) == 32
    assert reported == losses[: len(reported)]


def test_stepping_by_batches_looks_into_each(worker: Client, small: bytes) -> None:
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


def test_stepping_by_epochs_rests_after_each(worker: Client, small: bytes) -> None:
    run_id = _held(worker, small)
    for epoch in (1, 2):
        messages = _advance(worker, run_id, "epoch")
        assert _kinds(messages) == [EpochEnded, Progress]
        assert _place(messages[-1]) == (epoch + 1, 0, True)
    assert _kinds(_advance(worker, run_id, "epoch")) == [EpochEnded, RunFinished]


def test_epoch_that_was_begun_by_batches_is_ended_by_an_epoch(worker: Client, small: bytes) -> None:
    run_id = _held(worker, small)
    _advance(worker, run_id, "batch")
    messages = _advance(worker, run_id, "epoch")
    assert _kinds(messages) == [EpochEnded, Progress]
    assert len(messages[-2].stats.steps.loss) == STEPS


def test_stepping_and_running_make_the_same_weights(worker: Client, small: bytes) -> None:
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


def test_pause_waits_until_the_run_is_resumed(worker: Client, endless: bytes) -> None:
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
def test_stop_ends_the_run_for_good(worker: Client, endless: bytes, advance: Advance) -> None:
    run_id = worker.start(endless, advance)
    worker.until(EpochEnded)
    worker.send(Stop(run_id))
    finished = worker.until(RunFinished)[-1]
    assert (finished.run_id, finished.outcome) == (run_id, "stopped")
    worker.send(Resume(run_id), Stop(run_id), Rewind(run_id, worker.new_run_id()))
    assert worker.rest() == []


def test_new_run_stops_the_one_under_way(worker: Client, endless: bytes, small: bytes) -> None:
    first = worker.start(endless)
    worker.until(EpochEnded)
    second = worker.start(small)
    stopped = worker.until(RunFinished)[-1]
    assert (stopped.run_id, stopped.outcome) == (first, "stopped")
    messages = worker.until(RunFinished)
    assert {message.run_id for message in messages} == {second}
    assert messages[-1].outcome == "completed"


def test_rewinding_repeats_the_run_under_a_new_id(worker: Client, small: bytes) -> None:
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


def test_commands_for_other_runs_are_ignored(worker: Client, small: bytes) -> None:
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


def test_hyperparameters_act_from_the_next_batch(worker: Client, small: bytes) -> None:
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


def test_wrong_hyperparameters_are_logged_and_the_run_goes_on(worker: Client, small: bytes) -> None:
    run_id = _held(worker, small)
    worker.send(SetHyperparameters(run_id, {"learning_rate": -1.0}))
    (rested,) = _advance(worker, run_id, "batch")
    assert rested.layers.update_ratio[0] > 0.0
    assert "Ignored: Learning rate" in worker.log


BAD_NETWORKS = [
    pytest.param({"layers": CHAIN[:2]}, "output_3", "Output 3: softmax wants", id="shape"),
    pytest.param({"layers": (("Telepathy", {}),)}, "telepathy_1", "does not know", id="kind"),
    pytest.param(
        {"layers": (("Linear", {"out_features": 0}), *CHAIN)},
        "linear_1",
        "Units must be",
        id="units",
    ),
    pytest.param(
        {"layers": NORMALISED, "batch_size": 1}, "batchnorm1d_2", "batch of one sample", id="batch"
    ),
    pytest.param({"layers": CHAIN, "data": {"kind": "tea"}}, None, "data set 'tea'", id="data"),
    pytest.param(
        {"layers": CHAIN, "data": {"kind": "csv", "params": {"path": "missing.csv"}}},
        None,
        "missing.csv",
        id="file",
    ),
    pytest.param({"layers": CHAIN, "momentum": 2.0}, None, "Momentum must be", id="training"),
]


@pytest.mark.parametrize(("network", "node_id", "said"), BAD_NETWORKS)
def test_bad_network_fails_with_a_sentence_and_the_worker_goes_on(
    worker: Client,
    document: DOCUMENT,
    small: bytes,
    network: dict[str, Any],
    node_id: str | None,
    said: str,
) -> None:
    bad = dict(network)
    run_id = worker.start(document(*bad.pop("layers"), **bad))
    failed = worker.receive()
    assert isinstance(failed, RunFailed)
    assert (failed.run_id, failed.node_id, failed.traceback) == (run_id, node_id, "")
    assert said in failed.sentence
    worker.start(small)
    assert worker.until(RunFinished)[-1].outcome == "completed"


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"format": "other"}', b"\xff\xfe"])
def test_unreadable_network_fails_with_a_sentence(worker: Client, content: bytes) -> None:
    run_id = worker.start(content)
    failed = worker.receive()
    assert isinstance(failed, RunFailed)
    assert (failed.run_id, failed.node_id) == (run_id, None)
    assert failed.sentence.startswith("The network cannot be read: ")


def test_divergence_is_an_outcome_with_layer_and_step(worker: Client, document: DOCUMENT) -> None:
    deep = [("Linear", {"out_features": 8}), ("ReLU", {})] * 8
    runaway = document(*deep, CHAIN[-1], batch_size=16, learning_rate=1_000.0)
    run_id = worker.start(runaway)
    *messages, finished = worker.until(RunFinished)
    assert (finished.run_id, finished.outcome) == (run_id, "diverged")
    assert finished.node_id in {layer.id for layer in messages[0].layers}
    assert f"batch {finished.step} of epoch {finished.epoch + 1} " in finished.sentence
    last = messages[-1]
    assert isinstance(last, Progress)
    assert not math.isfinite(last.steps.loss[-1] + last.steps.gradient_norm[-1])
    assert worker.rest() == []


def test_fault_in_a_layer_fails_the_run_and_not_the_worker(
    start_worker: START, small: bytes
) -> None:
    worker = start_worker("-c", FAULTY)
    run_id = worker.start(small)
    failed = worker.until(RunFailed)[-1]
    assert (failed.run_id, failed.node_id) == (run_id, "tanh_2")
    assert "the seventh call is one too many" in failed.sentence
    assert "ValueError" in failed.traceback
    second = worker.start(small)
    messages = worker.until(RunFinished)
    assert {message.run_id for message in messages} == {second}
    assert messages[-1].outcome == "completed"


def test_stray_output_does_not_get_between_the_frames(start_worker: START, small: bytes) -> None:
    worker = start_worker("-c", STRAY)
    worker.receive()
    worker.start(small)
    assert worker.until(RunFinished)[-1].outcome == "completed"
    worker.send(Shutdown())
    assert (worker.exit_code(), worker.remaining_output()) == (0, b"")
    for said in ("a stray print", "bytes on descriptor one", "a child's echo", "a stray warning"):
        assert said in worker.log


def _busy(worker: Client, document: bytes) -> Client:
    """Let the worker train something that will not end by itself."""
    worker.start(document)
    worker.until(EpochEnded)
    worker.until(EpochEnded)
    return worker


def test_end_of_input_ends_a_busy_worker_within_seconds(
    start_worker: START, endless: bytes
) -> None:
    worker = _busy(start_worker("main.py", "worker"), endless)
    worker.close_input()
    assert worker.exit_code(patience=5.0) == 0


def test_worker_that_nobody_listens_to_ends(start_worker: START, endless: bytes) -> None:
    worker = _busy(start_worker("main.py", "worker"), endless)
    worker.close_output()
    assert worker.exit_code() == 0


def test_shutdown_ends_a_busy_worker(start_worker: START, endless: bytes) -> None:
    worker = _busy(start_worker("main.py", "worker"), endless)
    worker.send(Shutdown())
    messages = list(map(decode_message, FrameReader().feed(worker.remaining_output())))
    assert worker.exit_code() == 0
    assert not any(isinstance(message, RunFailed) for message in messages)


GARBAGE = {
    "a frame claims": b"this is not a frame",
    "a frame could not be read": struct.pack(">I", 3) + b"abc",
    "a frame could not be read: Invalid value": struct.pack(">I", 12) + b"\x81\xa4type\xa5Fetch",
}


def test_garbage_on_the_input_ends_the_worker_with_a_sentence(start_worker: START) -> None:
    workers = {said: start_worker("main.py", "worker") for said in GARBAGE}
    for said, worker in workers.items():
        worker.write(GARBAGE[said])
        assert worker.exit_code() == 2
        assert worker.log.startswith(f"The training process ends: {said}")
        assert len(worker.log.splitlines()) == 1
