"""Documents as a file holds them, trainers made from them, and worker processes that are ended for sure."""

import contextlib
import json
import tempfile
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest

from engine.graph import decode
from engine.training import (
    WorkerReady,
)
from engine.worker.prepare import prepare
from engine.worker.trainer import Trainer
from tests.engine.worker.wire import CHAIN, DOCUMENT, ENDLESS, Worker

MOONS = {"kind": "moons", "params": {"samples": 80}}


@pytest.fixture
def start_worker() -> Iterator[Callable[..., Worker]]:
    """Starts processes of Python with the given words; all of them are killed in the end."""
    with contextlib.ExitStack() as processes:

        def start(*words: str) -> Worker:
            log = processes.enter_context(tempfile.TemporaryFile())
            worker = Worker(log, *words)
            processes.callback(worker.kill)
            return worker

        yield start


@pytest.fixture(scope="module")
def shared_worker() -> Iterator[Worker]:
    """A worker for many runs, because each process loads torch anew."""
    with tempfile.TemporaryFile() as log:
        worker = Worker(log, "main.py", "worker")
        try:
            worker.until(WorkerReady)
            yield worker
        finally:
            worker.kill()


@pytest.fixture
def worker(shared_worker: Worker) -> Iterator[Worker]:
    """The shared worker, without a run."""
    yield shared_worker
    shared_worker.rest()


@pytest.fixture
def document() -> Callable[..., bytes]:
    """Writes a chain of layers as a network file."""
    return _document


@pytest.fixture
def trainer() -> Callable[..., Trainer]:
    """Makes the trainer of a network file."""

    def make(*layers: Any, probes: bool = True, **settings: Any) -> Trainer:
        return Trainer(prepare(decode(_document(*layers, **settings)), None), probes=probes)

    return make


def _document(
    *layers: tuple[str, Mapping[str, Any]],
    data: Mapping[str, Any] = MOONS,
    loss: str = "cross_entropy",
    **training: Any,
) -> bytes:
    """The layers get ids like `linear_1` and `tanh_2`, by their place in the chain; Input has place 0."""
    kinds = [("Input", {}), *layers, ("Output", {"loss": loss})]
    ids = [f"{kind.lower()}_{place}" for place, (kind, _) in enumerate(kinds)]
    file = {
        "format": "gradient-lab/network",
        "version": 2,
        "nodes": [
            {"id": node_id, "kind": kind, "params": params}
            for node_id, (kind, params) in zip(ids, kinds, strict=True)
        ],
        "edges": [
            {"source": ids[place], "target": ids[place + 1]} for place in range(len(ids) - 1)
        ],
        "data": data,
        "training": training,
    }
    return json.dumps(file).encode()


@pytest.fixture
def small(document: DOCUMENT) -> bytes:
    """A network that is trained for three short epochs."""
    return document(*CHAIN, batch_size=16, epochs=3)


@pytest.fixture
def endless(document: DOCUMENT) -> bytes:
    """A network whose training takes hours."""
    return document(*CHAIN, batch_size=16, epochs=ENDLESS)
