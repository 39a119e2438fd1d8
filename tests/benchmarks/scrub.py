"""Jumping to random epochs of a run of 10,000 epochs of 50 layers: all panes and the canvas draw and paint.

The playhead goes to an epoch that was not looked at before, so that it is read from the disk. The limit is on the
95th percentile. Another row goes through epochs one after the other, as a drag of the scrubber does.
"""

import sys
import time
from collections.abc import Iterable

import numpy as np
from PySide6.QtWidgets import QApplication
from rich.console import Console
from rich.table import Table

from gui.app import Lab, make_application
from tests.benchmarks._long_run import LAYERS, lab_with_run, settle, show_all_panes
from tests.benchmarks.screen import rerun_on_screen

EPOCHS = 10_000
JUMPS = 300
LIMIT_MS = 33.0


def jumps(application: QApplication, lab: Lab, epochs: Iterable[int]) -> list[float]:
    """Milliseconds from the playhead's move to the paint of the last pane."""
    times = []
    for epoch in epochs:
        begun = time.perf_counter()
        lab.playhead.go(epoch)
        for pane in lab.panes:
            pane.draw()
            pane.plot.viewport().repaint()
        lab.canvas.viewport().repaint()
        times.append((time.perf_counter() - begun) * 1e3)
        settle(application, 0.02)
    return times[5:]


def measure() -> dict[str, list[float]]:
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
    for column in ("what", "median", "95 %", "maximum", "limit"):
        table.add_column(column, justify="left" if column == "what" else "right")
    for name, times in found.items():
        figures = (np.median(times), np.percentile(times, 95), max(times), LIMIT_MS)
        table.add_row(name, *(f"{figure:.1f}" for figure in figures))
    Console().print(table)
    return int(max(np.percentile(times, 95) for times in found.values()) > LIMIT_MS)
