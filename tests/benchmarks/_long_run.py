"""The real window with a made-up run of many layers, sent by another process as the worker would.

`python -m tests.benchmarks._long_run EPOCHS LAYERS PAUSE` is that process.
"""

import math
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from PySide6.QtWidgets import QApplication, QDockWidget

from engine.data import DataSpec
from engine.graph import Edge, NetworkGraph, Node, encode
from engine.layers import CATALOGUE
from engine.stats import (
    DISTRIBUTIONS,
    MAGNITUDES,
    SCALAR_COLUMNS,
    VALUES,
    EpochStats,
    LayerTable,
    StepStats,
    bin_values,
)
from engine.training import (
    TRAINING_DEFAULTS,
    EpochEnded,
    FrameReader,
    LayerInfo,
    Message,
    RunFinished,
    RunStarted,
    Shutdown,
    Start,
    WorkerReady,
    decode_command,
    frame,
)
from gui.app import Folders, Lab
from gui.panes.pane import Pane

LAYERS = 50
"""Of a run whose number of layers does not matter."""
STEPS = 45
_DIFFERENT = 40
"""Epochs that differ; a longer run shows them again and again."""
_SAMPLES = 2_000
_KINDS = ("Linear", "Tanh")
_PER_ROW = 12
_NO_GRADIENT = ("inputs", "activations", "weights")


def started(epochs: int, layers: int) -> RunStarted:
    """A run of so many layers, every second one with a weight."""
    infos = (
        LayerInfo(
            f"layer_{row}", _KINDS[row % 2], f"{_KINDS[row % 2]} {row // 2 + 1}", row % 2 == 0
        )
        for row in range(layers)
    )
    return RunStarted(1, tuple(infos), epochs, STEPS, 32, 100_000, 1_437, 360, "Spirals")


def epoch(number: int, layers: int) -> EpochStats:
    """Figures such as a run gives, with every distribution filled."""
    random = np.random.default_rng(number)
    table = LayerTable.empty(layers, 32)
    for name in SCALAR_COLUMNS[2:]:
        getattr(table, name)[:] = 10.0 ** random.normal(-3.0, 1.0, layers)
    for name in DISTRIBUTIONS:
        found = getattr(table, name)
        scale = VALUES if name in _NO_GRADIENT else MAGNITUDES
        for row in range(len(found.mean)):
            values = random.normal(0.0, random.uniform(0.1, 5.0), _SAMPLES)
            found.mean[row], found.std[row] = values.mean(), values.std()
            found.set_histogram(row, bin_values(values, scale))
    steps = StepStats.of(*(random.random(STEPS).tolist() for _ in range(4)))
    losses = random.uniform(0.5, 2.0, 2).tolist()
    return EpochStats(number, losses[0], 0.9, losses[1], 0.89, 0.1, 0.01, 30.0, table, steps)


def _numbered(stats: EpochStats, number: int) -> EpochStats:
    """The same look inside at another epoch, with a loss that falls; the time of its sending as its seconds."""
    loss = 0.2 + 2.0 * math.exp(-number / 2_000) + 0.02 * stats.train_loss
    return replace(
        stats,
        epoch=number,
        train_loss=loss,
        validation_loss=1.1 * loss,
        seconds=time.monotonic(),
    )


def network(layers: int) -> bytes:
    """The document of such a run."""
    ids = ["input", *(f"layer_{row}" for row in range(layers)), "output"]
    kinds = ["Input", *(_KINDS[row % 2] for row in range(layers)), "Output"]
    nodes = [
        Node(
            node_id,
            kind,
            "",
            CATALOGUE[kind].defaults,
            208.0 * (place % _PER_ROW),
            136.0 * (place // _PER_ROW),
        )
        for place, (node_id, kind) in enumerate(zip(ids, kinds, strict=True))
    ]
    edges = [Edge(*pair) for pair in pairwise(ids)]
    return encode(NetworkGraph(nodes, edges, DataSpec("spirals", {}), {**TRAINING_DEFAULTS}))


def send_run(epochs: int, layers: int, pause: float) -> None:
    """Answer the window's commands: a `Start` with a whole run, as fast as the window takes it or with pauses."""

    def send(message: Message) -> None:
        content = memoryview(frame(message))
        while content:
            content = content[os.write(1, content) :]

    different = [epoch(number, layers) for number in range(_DIFFERENT)]
    send(WorkerReady(os.getpid(), "3", "none", ("cpu",)))
    reader = FrameReader()
    while piece := os.read(0, 65_536):
        for command in map(decode_command, reader.feed(piece)):
            if isinstance(command, Shutdown):
                return
            if isinstance(command, Start):
                send(started(epochs, layers))
                for number in range(epochs + 1):
                    time.sleep(pause)
                    send(EpochEnded(1, _numbered(different[number % _DIFFERENT], number)))
                send(RunFinished(1, "completed", epochs))


@contextmanager
def lab_with_run(
    application: QApplication, epochs: int, layers: int = LAYERS, pause: float = 0.0
) -> Iterator[tuple[Lab, Callable[[], None]]]:
    """The lab in its window, and what begins a run of so many epochs."""
    program = [sys.executable, "-m", "tests.benchmarks._long_run"]
    program += [str(epochs), str(layers), str(pause)]
    with TemporaryDirectory() as name:
        folder = Path(name)
        examples = Folders.of_person().examples
        lab = Lab(application, Folders(folder / "config", folder / "state", examples), program)
        document = folder / "long.json"
        document.write_bytes(network(layers))
        lab.document.open(document)
        lab.show(run_at_once=False)
        settle(application, 0.5)
        yield lab, lambda: lab.session.start(lab.document.encoded(), "", "run")
        lab.window.close()


def show_all_panes(application: QApplication, lab: Lab) -> None:
    """Every pane in a window of its own, so that none hides another."""
    lab.window.show()
    for dock in lab.window.findChildren(QDockWidget):
        if isinstance(dock.widget(), Pane):
            dock.setFloating(True)
            dock.resize(480, 320)
            dock.show()
    settle(application, 1.0)


def settle(application: QApplication, seconds: float) -> None:
    """Let the event loop run for a while."""
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        application.processEvents()
        time.sleep(0.001)


def memory() -> float:
    """This process's resident memory, in MB."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


if __name__ == "__main__":
    send_run(int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]))
