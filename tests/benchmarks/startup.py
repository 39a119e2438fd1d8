"""From process start to the first painted, usable window: the lab against a bare PySide6 + pyqtgraph window.

Both are started in turn, pair by pair, on the same screen; the limit is on the median ratio.
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tests.benchmarks.screen import rerun_on_screen

LIMIT = 1.3
PAIRS = 9
ROOT = Path(__file__).parent.parent.parent

BARE = """
import sys, time
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication, QMainWindow
import pyqtgraph

class Plot(pyqtgraph.PlotWidget):
    done = False
    def paintEvent(self, event):
        super().paintEvent(event)
        if not self.done:
            self.done = True
            QTimer.singleShot(0, finish)

def finish():
    print(time.monotonic_ns(), flush=True)
    application.quit()

application = QApplication(sys.argv)
application.setStyle("Fusion")
window = QMainWindow()
plot = Plot()
plot.plot([0, 1, 2], [1, 3, 2])
window.setCentralWidget(plot)
window.resize(1440, 900)
window.show()
application.exec()
"""

OURS = """
import sys, time
from pathlib import Path
from gui import app
from gui.application import make_application

def finish():
    assert "torch" not in sys.modules
    print(time.monotonic_ns(), flush=True)
    lab.window.close()

application = make_application()
usual = app.Folders.of_person()
folders = app.Folders(Path(sys.argv[1]), Path(sys.argv[1]), usual.examples)
lab = app.Lab(application, folders, app.worker_program())
lab.show(run_at_once=lab.open_first(None))
lab.window.painted.connect(finish)
application.exec()
"""


def _seconds(code: str) -> float:
    # compiled modules are kept, as on a person's machine; the first start of each writes them
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    with tempfile.TemporaryDirectory() as folder:
        begin = time.monotonic_ns()
        done = subprocess.run(
            [sys.executable, "-c", code, folder],
            cwd=ROOT,
            env=environment,
            capture_output=True,
            text=True,
            timeout=120,
            check=True,
        )
        return (int(done.stdout.split()[-1]) - begin) / 1e9


def main(_arguments: list[str]) -> int:
    """Print the table; 1 when the median ratio is above the limit."""
    done = rerun_on_screen("startup")
    if done is not None:
        return done
    for code in (BARE, OURS):
        _seconds(code)
    pairs = [(_seconds(BARE), _seconds(OURS)) for _ in range(PAIRS)]
    ratios = [ours / bare for bare, ours in pairs]
    table = Table(title=f"startup: process start to first painted window, {PAIRS} pairs")
    for column in ("what", "minimum", "median", "maximum"):
        table.add_column(column, justify="left" if column == "what" else "right")
    rows = {
        "bare PySide6 + pyqtgraph, s": [bare for bare, _ in pairs],
        "Gradient Lab, s": [ours for _, ours in pairs],
        f"ratio (limit {LIMIT})": ratios,
    }
    for name, values in rows.items():
        table.add_row(name, *(f"{f(values):.3f}" for f in (min, statistics.median, max)))
    Console().print(table)
    return int(statistics.median(ratios) > LIMIT)
