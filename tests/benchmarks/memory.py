"""The window's memory during a run of 12,000 epochs of 50 layers, with all panes open.

Another process sends the epochs as the worker would, as fast as the window takes them. The limit is on the
resident memory after 10,000 epochs, and on what the last 2,000 add to it.
"""

import sys

from rich.console import Console
from rich.table import Table

from gui.application import make_application
from tests.benchmarks._long_run import LAYERS, lab_with_run, memory, show_all_panes
from tests.benchmarks.screen import rerun_on_screen

MARKS = (0, 1_000, 2_000, 5_000, 10_000, 12_000)
LIMIT_MB = 400.0
GROWTH_LIMIT_MB = 10.0


def measure() -> tuple[dict[int, float], int]:
    """Resident memory when the run has so many epochs, and how many epochs there are in the end."""
    application, found = make_application(), dict[int, float]()
    with lab_with_run(application, MARKS[-1]) as (lab, begin):
        show_all_panes(application, lab)

        def take() -> None:
            done = lab.playhead.last
            if done in MARKS and done not in found:
                found[done] = memory()

        lab.session.epoch_ended.connect(take)
        lab.session.finished.connect(application.quit)
        lab.session.failed.connect(application.quit)
        begin()
        application.exec()
        recorded = lab.playhead.last
    return found, recorded


def main(_arguments: list[str]) -> int:
    """Print the table; 1 when the window takes more than it may, or goes on growing."""
    done = rerun_on_screen("memory")
    if done is not None:
        return done
    found, recorded = measure()
    if recorded != MARKS[-1]:
        sys.stderr.write(f"Only {recorded} of {MARKS[-1]} epochs arrived\n")
        return 1
    table = Table(title=f"memory: the window, {LAYERS} layers, all panes")
    for column in ("epochs", "resident, MB", "limit"):
        table.add_column(column, justify="right")
    for epochs, size in found.items():
        table.add_row(f"{epochs:,}", f"{size:.0f}", f"{LIMIT_MB:.0f}" if epochs == 10_000 else "")
    growth = found[12_000] - found[10_000]
    table.add_row("10,000 to 12,000", f"{growth:+.1f}", f"{GROWTH_LIMIT_MB:.0f}")
    Console().print(table)
    return int(found[10_000] > LIMIT_MB or growth > GROWTH_LIMIT_MB)
