"""A person pauses, inserts a layer and goes on: session, control and document with the real training process."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from engine.data import DataSpec
from engine.graph import (
    AddNodes,
    Connect,
    Disconnect,
    Edge,
    NetworkGraph,
    Node,
    SetParam,
    SetTraining,
    encode,
)
from engine.layers import CATALOGUE
from engine.training import TRAINING_DEFAULTS
from gui.document import Document
from gui.training import RunControl, Session, State, WorkerClient
from gui.training.epoch_bar import EpochBar
from gui.training.player import Player
from gui.training.playhead import Playhead
from gui.training.status import RunStatus

ROOT = Path(__file__).parents[3]
KINDS = {"in": "Input", "a": "Linear", "t": "Tanh", "b": "Linear", "out": "Output"}


@pytest.fixture
def document(tmp_path: Path, qtbot: QtBot) -> Document:
    """Moons through two Linear layers."""
    params = {"a": {"out_features": 8}, "b": {"out_features": 2}}
    nodes = [
        Node(i, kind, "", {**CATALOGUE[kind].defaults, **params.get(i, {})})
        for i, kind in KINDS.items()
    ]
    edges = [Edge(*pair) for pair in zip(list(KINDS)[:-1], list(KINDS)[1:], strict=True)]
    training = {**TRAINING_DEFAULTS, "batch_size": 16, "epochs": 1_000_000}
    graph = NetworkGraph(nodes, edges, DataSpec("moons", {"samples": 80}), training)
    path = tmp_path / "network.json"
    path.write_bytes(encode(graph))
    document = Document()
    document.open(path)
    return document


@pytest.fixture
def session(qtbot: QtBot) -> Iterator[Session]:
    """A session with the real worker."""
    session = Session(WorkerClient([sys.executable, str(ROOT / "main.py"), "worker"]))
    with qtbot.waitSignal(session.worker_ready, timeout=60_000):
        session.warm_up()
    yield session
    session.close()


def _rest(session: Session, qtbot: QtBot) -> None:
    qtbot.waitUntil(lambda: session.state is State.PAUSED, timeout=30_000)


def _recorded(session: Session) -> int:
    return len(session.history.epochs) if session.history else 0


def _insert_norm(document: Document) -> None:
    norm = Node("n", "BatchNorm1d", "", CATALOGUE["BatchNorm1d"].defaults)
    document.do(AddNodes((norm,), ()))
    document.do(Disconnect((Edge("a", "t"),)))
    document.do(Connect((Edge("a", "n"), Edge("n", "t"))))


def test_going_on_with_an_inserted_batch_norm(
    session: Session, document: Document, qtbot: QtBot
) -> None:
    control = RunControl(session, document)
    playhead = Playhead(session)
    status, bar = RunStatus(session), EpochBar(playhead, Player(playhead))
    qtbot.addWidget(status)
    qtbot.addWidget(bar)
    for epochs in (2, 3):
        control.advance("epoch")
        qtbot.waitUntil(lambda n=epochs: _recorded(session) == n, timeout=30_000)
        _rest(session, qtbot)
    assert session.history is not None
    before = session.history.epochs[-1]
    assert before.epoch == 2
    _insert_norm(document)
    assert control.outdated
    with qtbot.waitSignal(session.adopted, timeout=30_000) as adopted:
        control.advance("epoch")
    assert adopted.args[0].fresh == ("n",)
    qtbot.waitUntil(
        lambda: session.history.epochs[-1:] != [] and session.history.epochs[-1].epoch == 3,
        timeout=30_000,
    )
    _rest(session, qtbot)
    assert not control.outdated
    assert [layer.id for layer in session.history.layers] == ["a", "n", "t", "b"]
    assert [stats.epoch for stats in session.history.epochs] == [2, 3]
    assert "continued from epoch 2" in session.history.started.notes
    assert "epoch 3 of" in status.text
    assert bar.label.text() == "Epoch 3 of 3"
    session.resume("run")
    qtbot.waitUntil(lambda: session.history.epochs[-1].epoch > 4, timeout=30_000)


def test_a_refused_network_leaves_the_run_waiting(
    session: Session, document: Document, qtbot: QtBot
) -> None:
    session.start(document.encoded(), "", "hold")
    _rest(session, qtbot)
    history = session.history
    with qtbot.waitSignal(session.adoption_refused, timeout=30_000) as refused:
        session.adopt(b"nonsense", "", "run")
    assert refused.args[0].startswith("The network cannot be read")
    assert session.state is State.PAUSED
    assert session.history is history
    session.resume("epoch")
    qtbot.waitUntil(lambda: len(history.epochs) == 2, timeout=30_000)


def test_other_settings_begin_a_new_run(session: Session, document: Document, qtbot: QtBot) -> None:
    control = RunControl(session, document)
    control.advance("epoch")
    qtbot.waitUntil(lambda: session.state is State.RUNNING, timeout=30_000)
    _rest(session, qtbot)
    document.do(SetTraining({"batch_size": 8}))
    document.do(SetParam("a", "out_features", 5))
    with qtbot.waitSignal(session.run_started, timeout=30_000):
        control.advance("hold")
    assert session.history is not None
    assert session.history.started.first_epoch == 0
    assert session.history.started.steps_per_epoch == 8
