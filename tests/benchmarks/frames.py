"""Repainting with all panes visible, and the way of an epoch from the worker to the screen.

A process sends a made-up run as the worker would, an epoch every `PAUSE` seconds; a training process of the lab
trains a network at full speed meanwhile (two for the way to the screen, so that both cores are busy). A repaint is a
frame: all that is drawn and painted before the window listens to mouse and keyboard again. The way to the screen
begins as the epoch leaves the worker and ends when everything that shows it has been painted: the window as it first
opens, with three panes in front and the canvas. Limits are on the 95th percentile, and on the longest frame.
"""

import gc
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

import numpy as np
from PySide6.QtWidgets import QApplication
from rich.console import Console
from rich.table import Table

from engine.graph import NetworkGraph, encode, load
from engine.training import TRAINING_DEFAULTS, Start, frame
from gui.app import Folders, Lab, worker_program
from gui.application import make_application
from tests.benchmarks._long_run import lab_with_run, settle, show_all_panes
from tests.benchmarks.screen import rerun_on_screen

EPOCHS = 120
PAUSE = 0.06
_FOR_EVER = {**TRAINING_DEFAULTS, "epochs": 1_000_000, "threads": 1}


class Case(NamedTuple):
    """What is shown, and how long it may take."""

    title: str
    layers: int
    all_panes: bool
    busy: int
    """Processes that train beside."""
    to_screen: bool
    """Whether the way of an epoch is timed, instead of frames."""
    limit: float
    longest: float


CASES = (
    Case("a frame, all panes, 100 layers", 100, True, 1, False, 16.7, 50.0),
    Case("a frame, all panes, 300 layers", 300, True, 1, False, 33.0, np.inf),
    Case("EpochEnded to pixels, 50 layers", 50, False, 2, True, 50.0, np.inf),
)


@contextmanager
def training(processes: int) -> Iterator[None]:
    """The lab's own training processes at full speed meanwhile; nobody looks at what they send."""
    graph = load(Folders.of_person().examples / "digits_mlp.json")
    network = encode(NetworkGraph(graph.nodes.values(), graph.edges, graph.data, _FOR_EVER))
    running = [
        subprocess.Popen(worker_program(), stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
        for _ in range(processes)
    ]
    try:
        for process in running:
            assert process.stdin is not None
            process.stdin.write(frame(Start(1, network, "")))
            process.stdin.flush()
        time.sleep(5.0)  # until they train
        yield
    finally:
        for process in running:
            process.kill()
            process.communicate()


def watched(lab: Lab, case: Case) -> list[float]:
    """Is filled while a run arrives: milliseconds of frames, or of the ways of epochs."""
    times: list[float] = []
    waiting: list[float] = []

    def take_epoch() -> None:
        history = lab.playhead.history
        assert history is not None
        waiting.append(history.epochs[-1].seconds)

    def take_frame(milliseconds: float) -> None:
        if not case.to_screen:
            times.append(milliseconds)
        elif lab.clock.is_idle:
            now = time.monotonic()
            times.extend((now - sent) * 1e3 for sent in waiting)
            waiting.clear()

    lab.playhead.grown.connect(take_epoch)
    lab.clock.drawn.connect(take_frame)
    return times


def measure(application: QApplication, case: Case) -> list[float]:
    """Milliseconds, without those of the first epochs."""
    gc.collect()  # the case before is not this one's burden
    with (
        lab_with_run(application, EPOCHS, case.layers, PAUSE) as (lab, begin),
        training(case.busy),
    ):
        lab.session.finished.connect(application.quit)
        lab.session.failed.connect(application.quit)
        if case.all_panes:
            show_all_panes(application, lab)
        settle(application, 2.0)  # theory has been computed
        times = watched(lab, case)
        begin()
        application.exec()
        return times[len(times) // 10 :]


def main(arguments: list[str]) -> int:
    """Print the table; 1 when a limit is not kept. Words of the titles choose cases."""
    done = rerun_on_screen("frames", arguments)
    if done is not None:
        return done
    application = make_application()
    table = Table(title=f"frames: {EPOCHS} epochs, training beside; ms")
    for column in ("what", "median", "95 %", "longest", "limits"):
        table.add_column(column, justify="left" if column == "what" else "right")
    kept = True
    for case in CASES:
        if arguments and not any(word in case.title for word in arguments):
            continue
        times = measure(application, case)
        high, longest = float(np.percentile(times, 95)), max(times)
        kept &= high <= case.limit and longest <= case.longest
        limits = f"{case.limit}" + (f" / {case.longest:g}" if case.longest < np.inf else "")
        figures = (float(np.median(times)), high, longest)
        table.add_row(case.title, *(f"{figure:.1f}" for figure in figures), limits)
    Console(width=100).print(table)
    return int(not kept)
