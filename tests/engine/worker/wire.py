"""A worker process that is spoken to over pipes, and what it is given to train."""

import contextlib
import os
import select
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

from engine.training import (
    Advance,
    Command,
    FrameReader,
    Message,
    RunFailed,
    Start,
    decode_message,
    frame,
)

PATIENCE = 60.0
ROOT = Path(__file__).parents[3]
CHAIN = (("Linear", {"out_features": 8}), ("Tanh", {}), ("Linear", {"out_features": 2}))
NORMALISED = (CHAIN[0], ("BatchNorm1d", {}), *CHAIN[1:])
STEPS = 4
"""Batches of an epoch: 64 samples by 16."""
ENDLESS = 1_000_000


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

    def until(self, *kinds: type[Message]) -> list[Any]:
        """All messages up to the first of one of the kinds, which is the last of the list."""
        messages: list[Any] = [self.receive()]
        while not isinstance(messages[-1], kinds):
            messages.append(self.receive())
        return messages

    def rest(self) -> list[Any]:
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


DOCUMENT = Callable[..., bytes]
START = Callable[..., Worker]
