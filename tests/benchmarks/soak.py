"""10,000 epochs of a tiny network in the real window with the real training process, while the playhead moves.

No epoch may be missed, no warning be said, and neither process may grow. `python -m tests.benchmarks soak 2000`
trains fewer epochs.
"""

import os
import sys
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory

from PySide6.QtCore import QEventLoop, QtMsgType, qInstallMessageHandler
from rich.console import Console
from rich.table import Table

from engine.data import DataSpec
from engine.graph import Edge, NetworkGraph, Node, encode
from engine.layers import CATALOGUE
from engine.training import TRAINING_DEFAULTS
from gui.app import Folders, Lab, worker_program
from gui.application import make_application
from tests.benchmarks.screen import rerun_on_screen

EPOCHS = 10_000
GROWTH_LIMIT_MB = 20.0
_KINDS = {"input": "Input", "a": "Linear", "tanh": "Tanh", "b": "Linear", "output": "Output"}
_SIZES = {"a": {"out_features": 4}, "b": {"out_features": 2}}
_SETTLED = 0.4
"""Share of the epochs after which nothing may grow: what is drawn is as long as it ever gets, and caches are full."""


def network(epochs: int) -> bytes:
    """XOR through four hidden units."""
    nodes = [
        Node(i, kind, "", {**CATALOGUE[kind].defaults, **_SIZES.get(i, {})}, 208.0 * place, 0.0)
        for place, (i, kind) in enumerate(_KINDS.items())
    ]
    edges = [Edge(*pair) for pair in pairwise(_KINDS)]
    training = {**TRAINING_DEFAULTS, "batch_size": 16, "epochs": epochs, "learning_rate": 0.05}
    return encode(NetworkGraph(nodes, edges, DataSpec("xor", {"samples": 40}), training))


@dataclass(slots=True)
class Soak:
    """What was seen during a long training."""

    epochs: list[int] = field(default_factory=list)
    """The numbers of the epochs, in the order in which they came."""
    outcome: str = ""
    words: list[str] = field(default_factory=list)
    """What Qt, Python, the training process or the window complained of."""
    settled: dict[str, float] = field(default_factory=dict)
    end: dict[str, float] = field(default_factory=dict)

    @property
    def growth(self) -> dict[str, float]:
        """What became more between the time when all had settled and the end."""
        return {name: self.end[name] - self.settled[name] for name in self.end}


def soak(lab: Lab, epochs: int) -> Soak:
    """Train the open document to its end of so many epochs, and go back and forth in what is recorded."""
    seen, loop = Soak(), QEventLoop()

    def follow() -> None:
        assert lab.session.history is not None
        number = lab.session.history.epochs[-1].epoch
        seen.epochs.append(number)
        if number == int(_SETTLED * epochs):
            seen.settled = _figures(lab)
        if number % 50 == 0:
            lab.playhead.go(number // 2)
        if number % 50 == 10:
            lab.playhead.go(None)

    def finish(outcome: str) -> None:
        seen.outcome = outcome
        loop.quit()

    lab.session.epoch_ended.connect(follow)
    lab.session.finished.connect(lambda finished: finish(finished.outcome))
    lab.session.failed.connect(lambda sentence, *_: finish(sentence))
    lab.session.worried.connect(seen.words.append)
    with _complaints(seen.words):
        lab.control.advance("run")
        loop.exec()
    seen.end = _figures(lab)
    seen.words.extend(word for word in (lab.client.log, lab.notice.sentence) if word)
    return seen


@contextmanager
def _complaints(words: list[str]) -> Iterator[None]:
    """Collect what Qt and Python warn of."""

    def take(kind: QtMsgType, _context: object, message: str) -> None:
        words.append(f"{kind.name}: {message}")

    before = qInstallMessageHandler(take)
    try:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            yield
        words.extend(str(warning.message) for warning in caught)
    finally:
        qInstallMessageHandler(before)


def _figures(lab: Lab) -> dict[str, float]:
    return {
        "window, MB": _memory(os.getpid()),
        "training process, MB": _memory(lab.client.process_id),
        "open files": len(list(Path("/proc/self/fd").iterdir())),
        "threads": threading.active_count(),
    }


def _memory(process_id: int) -> float:
    """Resident memory in MB."""
    pages = int(Path(f"/proc/{process_id}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def _run(epochs: int) -> Soak:
    application = make_application()
    with TemporaryDirectory() as name:
        folder = Path(name)
        folders = Folders(folder / "config", folder / "state", Folders.of_person().examples)
        lab = Lab(application, folders, worker_program())
        (folder / "xor.json").write_bytes(network(epochs))
        lab.document.open(folder / "xor.json")
        lab.show(run_at_once=False)
        seen = soak(lab, epochs)
        lab.window.close()
    return seen


def faults(seen: Soak, epochs: int) -> list[str]:
    """What went wrong, a sentence each."""
    found = [f"It was said: {word}" for word in seen.words]
    if seen.outcome != "completed":
        found.append(f"The run ended: {seen.outcome}")
    if seen.epochs != list(range(epochs + 1)):
        found.append(f"{len(seen.epochs):,} epochs came, not 0 to {epochs:,} in their order")
    found.extend(
        f"{name}: {more:+.1f}"
        for name, more in seen.growth.items()
        if more > (GROWTH_LIMIT_MB if name.endswith("MB") else 1)
    )
    return found


def main(arguments: list[str]) -> int:
    """Print the table and what went wrong; 1 when something did."""
    epochs = int(arguments[0]) if arguments else EPOCHS
    done = rerun_on_screen("soak", *arguments)
    if done is not None:
        return done
    seen = _run(epochs)
    console = Console()
    table = Table(title=f"soak: {len(seen.epochs):,} epochs of XOR in the window")
    for column in ("what", f"at epoch {int(_SETTLED * epochs):,}", "at the end"):
        table.add_column(column, justify="left" if column == "what" else "right")
    for name, value in seen.end.items():
        table.add_row(name, f"{seen.settled[name]:.0f}", f"{value:.0f}")
    console.print(table)
    found = faults(seen, epochs)
    for sentence in found:
        sys.stderr.write(f"{sentence}\n")
    return int(bool(found))
