"""Repainting the three panes with 50 layers, and the way of an epoch from the worker to the screen.

`repaint`: all panes draw an epoch that has not been drawn before and paint it. `to pixels`: a frame with
`EpochEnded`, encoded as the worker does, is stamped as it is written to a pipe by another process; the
time ends when the last pane has painted it. Limits are on the 95th percentile.
"""

import os
import sys
import time
from functools import partial
from pathlib import Path

import numpy as np
from PySide6.QtCore import QProcess
from PySide6.QtWidgets import QApplication, QHBoxLayout, QWidget
from rich.console import Console
from rich.table import Table

from engine.stats import EpochStats, LayerTable, StepStats, bin_values
from engine.training import EpochEnded, FrameReader, LayerInfo, RunHistory, RunStarted
from engine.training.framing import decode_message, frame
from gui.app import make_application
from gui.common.theme import ThemeSource
from gui.panes import PANES, Pane
from tests.benchmarks.screen import rerun_on_screen

LAYERS = 50
EPOCHS = 120
STEPS = 45
REPAINT_LIMIT_MS = 16.7
PIXELS_LIMIT_MS = 50.0
_PAUSE = 0.06
ROOT = Path(__file__).parent.parent.parent


def started() -> RunStarted:
    """A run of 50 layers, every second one with a weight."""
    kinds = ("Linear", "ReLU")
    infos = (
        LayerInfo(f"layer_{row}", kinds[row % 2], f"{kinds[row % 2]} {row // 2 + 1}", row % 2 == 0)
        for row in range(LAYERS)
    )
    return RunStarted(1, tuple(infos), EPOCHS, STEPS, 32, 100_000, 1_437, 360, "Digits")


def epoch(number: int, random: np.random.Generator) -> EpochStats:
    """Figures such as a run gives, other ones at every epoch."""
    table = LayerTable.empty(LAYERS, 32)
    for name in ("activation_gradient_rms", "weight_rms", "weight_gradient_rms", "update_ratio"):
        getattr(table, name)[:] = 10.0 ** random.normal(-3.0, 1.0, LAYERS)
    for row in range(LAYERS):
        values = random.normal(0.0, random.uniform(0.1, 5.0), 2_048)
        table.activation_mean[row], table.activation_std[row] = values.mean(), values.std()
        table.activations.set_histogram(row, bin_values(values))
    steps = StepStats.of(*(random.random(STEPS).tolist() for _ in range(4)))
    return EpochStats(
        number, 2.0 / (number + 1), 0.9, 2.1 / (number + 1), 0.89, 0.1, 0.01, 30.0, table, steps
    )


def window(application: QApplication) -> tuple[QWidget, list[Pane]]:
    """The three panes side by side, as large as in the lab's window."""
    themes = ThemeSource(application, "light")
    panes = [spec.factory(themes) for spec in PANES]
    shown = QWidget()
    row = QHBoxLayout(shown)
    for pane in panes:
        row.addWidget(pane)
    shown.resize(1_440, 320)
    shown.show()
    return shown, panes


def settle(application: QApplication, seconds: float) -> None:
    """Let the event loop run for a while."""
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        application.processEvents()
        time.sleep(0.001)


def repaints(application: QApplication) -> list[float]:
    """Milliseconds of drawing and painting each new epoch, all panes together."""
    shown, panes = window(application)
    history, random = RunHistory(started()), np.random.default_rng(0)
    for pane in panes:
        pane.show_history(history)
    times = []
    for number in range(EPOCHS):
        history.add_epoch(epoch(number, random))
        begun = time.perf_counter()
        for pane in panes:
            pane.data_changed()
            pane.draw()
            pane.plot.viewport().repaint()
        times.append((time.perf_counter() - begun) * 1e3)
        settle(application, 0.02)
    shown.close()
    return times[10:]


def send_epochs() -> None:
    """The other process: write epochs to the pipe, each stamped with the time of its writing."""
    random = np.random.default_rng(0)
    for number in range(EPOCHS):
        stats = epoch(number, random)
        time.sleep(_PAUSE)
        os.write(2, f"{time.monotonic_ns()}\n".encode())
        content = memoryview(frame(EpochEnded(1, stats)))
        while content:
            content = content[os.write(1, content) :]


def ways_to_pixels(application: QApplication) -> list[float]:
    """Milliseconds from the frame's encoding in another process to the last pane's paint."""
    shown, panes = window(application)
    history, reader, painted = RunHistory(started()), FrameReader(), []
    for pane in panes:
        pane.show_history(history)
    process = QProcess()

    unfinished: list[int] = []
    pending: set[Pane] = set()

    def take() -> None:
        for body in reader.feed(bytes(process.readAllStandardOutput().data())):
            message = decode_message(body)
            assert isinstance(message, EpochEnded)
            history.add_epoch(message.stats)
            unfinished.append(message.stats.epoch)
            pending.update(panes)
            for pane in panes:
                pane.data_changed()

    def follow(pane: Pane) -> None:
        pane.plot.viewport().repaint()
        pending.discard(pane)
        if not pending:
            painted.extend(time.monotonic_ns() for _ in unfinished)
            unfinished.clear()

    for pane in panes:
        pane.drawn.connect(partial(follow, pane))
    process.readyReadStandardOutput.connect(take)
    process.setWorkingDirectory(str(ROOT))
    process.start(sys.executable, ["-m", "tests.benchmarks", "frames", "send"])
    while process.state() != QProcess.ProcessState.NotRunning or unfinished:
        application.processEvents()
        time.sleep(0.0005)
    sent = [int(word) for word in bytes(process.readAllStandardError().data()).split()]
    shown.close()
    assert len(sent) == len(painted) == EPOCHS
    return [(end - begin) / 1e6 for begin, end in zip(sent, painted, strict=True)][10:]


def main(arguments: list[str]) -> int:
    """Print the table; 1 when a 95th percentile is above its limit."""
    if arguments == ["send"]:
        send_epochs()
        return 0
    done = rerun_on_screen("frames")
    if done is not None:
        return done
    application = make_application()
    table = Table(title=f"frames: three panes, {LAYERS} layers, {EPOCHS} epochs")
    for column in ("what", "median", "95 %", "maximum", "limit"):
        table.add_column(column, justify="left" if column == "what" else "right")
    worst = 0.0
    for name, times, limit in (
        ("repaint, ms", repaints(application), REPAINT_LIMIT_MS),
        ("EpochEnded to pixels, ms", ways_to_pixels(application), PIXELS_LIMIT_MS),
    ):
        high = float(np.percentile(times, 95))
        worst = max(worst, high / limit)
        table.add_row(name, *(f"{v:.1f}" for v in (np.median(times), high, max(times), limit)))
    Console().print(table)
    return int(worst > 1.0)
