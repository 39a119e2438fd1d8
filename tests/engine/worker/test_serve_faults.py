"""The training process when something is wrong: a sentence, and it goes on or ends in order."""

import math
import struct
from typing import Any

import pytest

from engine.training import (
    EpochEnded,
    FrameReader,
    Progress,
    RunFailed,
    RunFinished,
    Shutdown,
    decode_message,
)
from tests.engine.worker.wire import CHAIN, DOCUMENT, NORMALISED, START, Worker

pytestmark = pytest.mark.timeout(180)

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
    worker: Worker,
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
def test_unreadable_network_fails_with_a_sentence(worker: Worker, content: bytes) -> None:
    run_id = worker.start(content)
    failed = worker.receive()
    assert isinstance(failed, RunFailed)
    assert (failed.run_id, failed.node_id) == (run_id, None)
    assert failed.sentence.startswith("The network cannot be read: ")


def test_divergence_is_an_outcome_with_layer_and_step(worker: Worker, document: DOCUMENT) -> None:
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


def _busy(worker: Worker, document: bytes) -> Worker:
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
