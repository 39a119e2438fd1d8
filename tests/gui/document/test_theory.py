"""The theory of the open network: right for known chains, asked late, answered beside the window, never stale."""

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

import gui.document.theory as module
from engine.data import DataSpec, Split, describe
from engine.graph import AddNodes, MoveNodes, NetworkGraph, RemoveNodes, SetParam, SetTraining
from gui.document import Document
from gui.document.theory import TheorySource, foretell

Chain = Callable[..., AddNodes]
DEEP = ("Input", "Flatten", *("Linear", "ReLU") * 8, "Linear", "Output")
HEAD = "linear_9"
PATIENCE_MS = 30_000


@pytest.fixture
def source(document: Document) -> Iterator[TheorySource]:
    """The theory of an empty document."""
    found = TheorySource(document)
    found.begin()
    yield found
    found.close()


@pytest.fixture
def deep(document: Document, source: TheorySource, chain: Chain, qtbot: QtBot) -> TheorySource:
    """The theory of eight hidden layers of 64 with Glorot's initialiser on the digits, once it is there."""
    with qtbot.waitSignal(source.changed, timeout=PATIENCE_MS):
        document.do(chain(*DEEP))
        document.do(SetParam(HEAD, "out_features", 10))
        for number in range(1, 10):
            document.do(SetParam(f"linear_{number}", "initializer", "glorot_normal"))
    return source


def _hidden(source: TheorySource) -> np.ndarray:
    """Foretold RMS gradient at the pre-activations of the hidden layers, which are all of one width."""
    assert source.foretold is not None
    prediction = source.foretold.prediction
    return np.array([prediction.row(f"linear_{n}")["gradient_rms"] for n in range(1, 9)])


def test_glorot_loses_a_factor_of_root_two_a_relu_layer_and_he_none(
    document: Document, deep: TheorySource, qtbot: QtBot
) -> None:
    np.testing.assert_allclose(_hidden(deep)[1:] / _hidden(deep)[:-1], np.sqrt(2), rtol=1e-6)
    with qtbot.waitSignal(deep.changed, timeout=PATIENCE_MS):
        for number in range(1, 9):
            document.do(SetParam(f"linear_{number}", "initializer", "he_normal"))
    np.testing.assert_allclose(_hidden(deep)[1:] / _hidden(deep)[:-1], 1.0, rtol=1e-6)


def test_rows_are_the_trained_layers_in_their_order(deep: TheorySource) -> None:
    assert deep.foretold is not None
    layers, prediction = deep.foretold.layers, deep.foretold.prediction
    assert tuple(layer.id for layer in layers) == prediction.nodes
    assert [layer.kind for layer in layers] == list(DEEP[1:-1])
    assert [layer.label for layer in layers][:3] == ["Flatten 1", "Linear 1", "ReLU 1"]
    assert [layer.has_weight for layer in layers] == [kind == "Linear" for kind in DEEP[1:-1]]


def test_a_burst_of_edits_is_one_question(
    document: Document, deep: TheorySource, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []

    def count(graph: NetworkGraph, *rest: object) -> object:
        asked.append(int(graph.nodes["linear_1"].params["out_features"]))
        return foretell(graph, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(module, "foretell", count)
    with qtbot.waitSignal(deep.changed, timeout=PATIENCE_MS):
        for units in range(20, 40):
            document.do(SetParam("linear_1", "out_features", units))
    assert asked == [39]


def test_what_does_not_matter_asks_nothing(
    document: Document, deep: TheorySource, qtbot: QtBot
) -> None:
    with qtbot.assertNotEmitted(deep.changed, wait=400):
        document.do(MoveNodes({"linear_1": (500.0, 500.0)}))
        document.do(SetTraining({"learning_rate": 0.5}))
    before = deep.essence
    document.do(SetTraining({"batch_size": 17}))
    assert deep.essence != before
    document.undo_stack.undo()
    assert deep.essence == before


def test_a_network_with_an_error_has_no_theory(
    document: Document, deep: TheorySource, qtbot: QtBot
) -> None:
    with qtbot.waitSignal(deep.changed, timeout=PATIENCE_MS):
        document.do(RemoveNodes(("linear_3",)))
    assert deep.foretold is None
    with qtbot.waitSignal(deep.changed, timeout=PATIENCE_MS):
        document.undo_stack.undo()
    assert deep.foretold is not None


def test_it_is_computed_by_another_thread_and_a_stale_answer_is_dropped(
    document: Document, deep: TheorySource, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    started, go_on, threads = threading.Event(), threading.Event(), set[int]()

    def slow(graph: NetworkGraph, *rest: object) -> object:
        threads.add(threading.get_ident())
        started.set()
        assert go_on.wait(5)
        return foretell(graph, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(module, "foretell", slow)
    answers: list[object] = []
    deep.changed.connect(lambda: answers.append(deep.foretold))
    document.do(SetParam("linear_1", "initializer", "zeros"))
    qtbot.waitUntil(started.is_set)  # the window goes on meanwhile
    document.do(SetParam("linear_1", "initializer", "he_normal"))
    qtbot.wait(module.WAIT_MS + 100)
    with qtbot.waitSignal(deep.changed, timeout=PATIENCE_MS):
        go_on.set()
    qtbot.wait(50)
    assert len(answers) == 1
    ratio = _hidden(deep)[1] / _hidden(deep)[0]
    assert ratio == pytest.approx(np.sqrt(2), rel=1e-6)  # of the second layer, not of zeros
    assert threads.isdisjoint({threading.get_ident()})


def test_before_it_begins_nothing_is_asked(document: Document, chain: Chain, qtbot: QtBot) -> None:
    source = TheorySource(document)
    with qtbot.assertNotEmitted(source.changed, wait=300):
        document.do(chain("Input", "Flatten", "Linear", "Output"))
        document.do(SetParam("linear_1", "out_features", 10))
    with qtbot.waitSignal(source.changed, timeout=PATIENCE_MS):
        source.begin()
    assert source.foretold is not None
    source.close()


def test_after_close_nothing_is_answered(
    document: Document, deep: TheorySource, qtbot: QtBot
) -> None:
    document.do(SetParam("linear_1", "initializer", "he_normal"))
    qtbot.wait(10)
    with qtbot.assertNotEmitted(deep.changed, wait=400):
        deep.close()


def test_data_that_cannot_be_read_leave_the_theory_without_them(tmp_path: Path) -> None:
    shelf = module._Shelf()
    absent = DataSpec("table", {"path": "absent.csv"})
    assert shelf.split(absent, tmp_path) is None
    first = shelf.split(DataSpec("moons"), None)
    assert isinstance(first, Split)
    assert shelf.split(DataSpec("moons"), None) is first


def test_a_network_of_two_ends_has_no_theory(chain: Chain) -> None:
    graph = NetworkGraph(data=DataSpec("moons"))
    graph.apply(chain("Input", "Output"))
    assert foretell(graph, describe(graph.data, None), None) is None
