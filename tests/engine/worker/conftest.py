"""Documents as a file holds them, trainers made from them, and a worker process spoken to over pipes."""

import contextlib
import json
import os
import select
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO

import pytest

from engine.graph import decode
from engine.training import (
    Advance,
    Command,
    FrameReader,
    Message,
    RunFailed,
    Start,
    WorkerReady,
    decode_message,
    frame,
)
from engine.worker.prepare import prepare
from engine.worker.trainer import Trainer

PATIENCE = 60.0
MOONS = {"kind": "moons", "params": {"samples": 80}}
ROOT = Path(__file__).parents[3]


class Worker:
    """A worker process: commands in, messages out. Nothing is awaited for ever."""

    def __init__(self, log: BinaryIO, *words: str) -> None:
        self._log = log
        self._process = subprocess.Popen(
            [sys.executable, *words],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
        )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._input, self._output = self._process.stdin, self._process.stdout
        self._reader = FrameReader()
        self._arrived: list[Message] = []
        self._last_run = 0

    @property
    def process_id(self) -> int:
        """The number that the system gave the process."""
        return self._process.pid

    @property
    def log(self) -> str:
        """What the process wrote to its standard error up to now."""
        return os.pread(self._log.fileno(), 1 << 20, 0).decode()

    def new_run_id(self) -> int:
        """A run id that was not used before."""
        self._last_run += 1
        return self._last_run

    def write(self, content: bytes) -> None:
        """Write to the standard input."""
        self._input.write(content)
        self._input.flush()

    def send(self, *commands: Command) -> None:
        """Send commands one after the other."""
        self.write(b"".join(frame(command) for command in commands))

    def start(self, document: bytes, advance: Advance = "run") -> int:
        """Start a run and give its id."""
        run_id = self.new_run_id()
        self.send(Start(run_id, document, "", advance))
        return run_id

    def receive(self) -> Message:
        """The next message, of whatever run."""
        deadline = time.monotonic() + PATIENCE
        while not self._arrived:
            piece = self._read(deadline)
            assert piece, f"the worker has closed its output; it said {self.log!r}"
            self._arrived.extend(map(decode_message, self._reader.feed(piece)))
        return self._arrived.pop(0)

    def until(self, *kinds: type[Message]) -> list[Message]:
        """All messages up to the first of one of the kinds, which is the last of the list."""
        messages = [self.receive()]
        while not isinstance(messages[-1], kinds):
            messages.append(self.receive())
        return messages

    def rest(self) -> list[Message]:
        """All that is still to come of what was asked for: a nonsensical run is started to mark the end."""
        marker = self.start(b"nonsense")
        messages = self.until(RunFailed)
        while messages[-1].run_id != marker:
            messages.extend(self.until(RunFailed))
        return messages[:-1]

    def remaining_output(self) -> bytes:
        """What is written before the output is closed."""
        deadline = time.monotonic() + PATIENCE
        return b"".join(iter(lambda: self._read(deadline), b""))

    def close_input(self) -> None:
        """As when the window is gone."""
        self._input.close()

    def close_output(self) -> None:
        """As when nobody listens any more."""
        self._output.close()

    def exit_code(self, patience: float = PATIENCE) -> int:
        """Wait for the end of the process."""
        return self._process.wait(patience)

    def kill(self) -> None:
        """End the process whatever it does, and close every pipe to it."""
        self._process.kill()
        self._process.wait()
        with contextlib.suppress(BrokenPipeError):
            self._input.close()
        self._output.close()

    def _read(self, deadline: float) -> bytes:
        ready, _, _ = select.select([self._output], [], [], max(0.0, deadline - time.monotonic()))
        assert ready, f"the worker is silent; it said {self.log!r}"
        return os.read(self._output.fileno(), 1 << 16)


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
        "version": 1,
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
