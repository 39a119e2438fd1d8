"""Jumping to random epochs of a run of 10,000 epochs of 50 layers: all panes and the canvas draw and paint.

The playhead goes to an epoch that was not looked at before, so that it is read from the disk. A jump begins with the
playhead's move and ends when the window's own clock has drawn and painted all that follows it, frame by frame. The
limit is on the 95th percentile. Another row goes through epochs one after the other, as a drag of the scrubber does.
"""

import sys
import time
from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
from PySide6.QtCore import QEventLoop
from PySide6.QtWidgets import QApplication
from rich.console import Console
from rich.table import Table

from gui.app import Lab
from gui.application import make_application
from tests.benchmarks._long_run import LAYERS, lab_with_run, settle, show_all_panes
from tests.benchmarks.screen import rerun_on_screen

EPOCHS = 10_000
JUMPS = 300
LIMIT_MS = 33.0


class Jump(NamedTuple):
    """What a jump took, in milliseconds."""

    wall: float
    """From the playhead's move to the last paint."""
    processor: float
    """Of that, what this process did: on a busy machine the rest was waiting for others."""


def jumps(application: QApplication, lab: Lab, epochs: Iterable[int]) -> list[Jump]:
    """Go to each epoch, and draw and paint everything that follows."""
    times = []
    for epoch in epochs:
        begun, worked = time.perf_counter(), time.thread_time()
        lab.playhead.go(epoch)
        while not lab.clock.is_idle:
            application.processEvents(QEventLoop.ProcessEventsFlag.WaitForMoreEvents)
        wall, processor = time.perf_counter() - begun, time.thread_time() - worked
        times.append(Jump(wall * 1e3, processor * 1e3))
        settle(application, 0.02)
    return times[5:]


def measure() -> dict[str, list[Jump]]:
    """The times of both ways of going through the run."""
    application = make_application()
    with lab_with_run(application, EPOCHS) as (lab, begin):
        lab.session.finished.connect(application.quit)
        lab.session.failed.connect(application.quit)
        lab.window.hide()  # what is not seen is not drawn: the run arrives sooner
        begin()
        application.exec()
        show_all_panes(application, lab)
        if lab.playhead.last != EPOCHS:
            return {}
        random = np.random.default_rng(0).permutation(EPOCHS - 1)[:JUMPS] + 1
        return {
            "random epochs": jumps(application, lab, random.tolist()),
            "one after the other": jumps(application, lab, range(3_000, 3_000 + JUMPS)),
        }


def main(_arguments: list[str]) -> int:
    """Print the table; 1 when the 95th percentile is above the limit."""
    done = rerun_on_screen("scrub")
    if done is not None:
        return done
    found = measure()
    if not found:
        sys.stderr.write("The run did not arrive\n")
        return 1
    table = Table(title=f"scrub: all panes, {LAYERS} layers, {EPOCHS:,} epochs; ms")
    for column in ("what", "median", "95 %", "maximum", "limit", "processor, 95 %"):
        table.add_column(column, justify="left" if column == "what" else "right")
    worst = 0.0
    for name, times in found.items():
        wall, processor = np.array(times).T
        high = float(np.percentile(wall, 95))
        worst = max(worst, high)
        figures = (np.median(wall), high, wall.max(), LIMIT_MS, np.percentile(processor, 95))
        table.add_row(name, *(f"{figure:.1f}" for figure in figures))
    Console().print(table)
    return int(worst > LIMIT_MS)
