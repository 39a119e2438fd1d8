"""The open document: edits, undo, merging, selection, problems, files."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from engine.data import DataSpec
from engine.graph import (
    AddNodes,
    Connect,
    Edge,
    MoveNodes,
    RemoveNodes,
    SetData,
    SetParam,
    SetTraining,
    StorageError,
    encode,
)
from gui.document import Document

Chain = Callable[..., AddNodes]


def test_undo_and_redo_restore_the_very_bytes(document: Document, chain: Chain) -> None:
    states = [encode(document.graph)]
    for edit in (
        chain("Input", "Flatten", "Linear", "Output"),
        SetParam("linear_1", "out_features", 10),
        MoveNodes({"linear_1": (16.0, 24.0)}),
        SetTraining({"learning_rate": 0.5}),
        SetData(DataSpec("moons")),
        RemoveNodes(("flatten_1", "linear_1")),
    ):
        assert document.do(edit)
        states.append(encode(document.graph))
    for state in reversed(states[:-1]):
        document.undo_stack.undo()
        assert encode(document.graph) == state
    for state in states[1:]:
        document.undo_stack.redo()
        assert encode(document.graph) == state


def test_edits_with_one_key_become_one_step(document: Document, chain: Chain) -> None:
    document.do(chain("Linear"))
    for units in (7, 70, 700):
        document.do(
            SetParam("linear_1", "out_features", units), merge_key=("linear_1", "out_features")
        )
    assert document.undo_stack.count() == 2
    document.undo_stack.undo()
    assert document.graph.nodes["linear_1"].params["out_features"] == 64
    document.undo_stack.redo()
    assert document.graph.nodes["linear_1"].params["out_features"] == 700


def test_other_keys_stay_apart(document: Document, chain: Chain) -> None:
    document.do(chain("Linear"))
    document.do(SetParam("linear_1", "out_features", 8), merge_key="a")
    document.do(SetParam("linear_1", "out_features", 9), merge_key="b")
    document.do(SetParam("linear_1", "out_features", 10))
    assert document.undo_stack.count() == 4


def test_an_impossible_edit_is_refused_in_a_sentence(
    document: Document, chain: Chain, qtbot: QtBot
) -> None:
    document.do(chain("Input", "Linear"))
    before = encode(document.graph)
    with qtbot.waitSignal(document.refused) as refused:
        assert not document.do(Connect((Edge("linear_1", "input_1"),)))
    assert "no such input" in refused.args[0]
    assert encode(document.graph) == before
    assert document.undo_stack.count() == 1


def test_selection_forgets_what_is_removed(document: Document, chain: Chain) -> None:
    document.do(chain("Input", "Linear", "Output"))
    document.selection.choose(["linear_1", "input_1"], [Edge("input_1", "linear_1")])
    document.do(RemoveNodes(("linear_1",)))
    assert document.selection.nodes == {"input_1"}
    assert document.selection.edges == frozenset()


def test_inference_is_announced_once_for_a_burst(
    document: Document, chain: Chain, qtbot: QtBot
) -> None:
    qtbot.wait(20)
    announced: list[int] = []
    document.inferred.connect(lambda: announced.append(1))
    document.do(chain("Input", "Flatten", "Linear", "Output"))
    for units in range(1, 30):
        document.do(SetParam("linear_1", "out_features", units))
    qtbot.waitUntil(lambda: bool(announced))
    qtbot.wait(20)
    assert len(announced) == 1
    assert document.inference.shapes["linear_1"] == (29,)
    assert "Set the units of the last Linear to 10" in document.errors[0].sentence


def test_problems_name_training_and_data(document: Document, chain: Chain) -> None:
    document.do(chain("Input", "Flatten", "Linear", "Output"))
    document.do(SetParam("linear_1", "out_features", 10))
    assert document.errors == ()
    document.do(SetTraining({"learning_rate": -1.0}))
    document.do(SetData(DataSpec("nonsense")))
    sentences = " ".join(problem.sentence for problem in document.errors)
    assert "Learning rate" in sentences
    assert "nonsense" in sentences


def test_a_csv_file_is_described_in_the_background(
    document: Document, tmp_path: Path, qtbot: QtBot
) -> None:
    table = tmp_path / "flowers.csv"
    table.write_text("a,b,kind\n" + "".join(f"{i},{i % 7},{'xy'[i % 2]}\n" for i in range(40)))
    with qtbot.waitSignal(document.inferred):
        document.do(SetData(DataSpec("csv", {"path": str(table)})))
        assert document.data_info.input_shape == (1, 8, 8)
    qtbot.waitUntil(lambda: document.data_info.input_shape == (2,))
    assert document.data_info.classes == 2


def test_save_and_open(document: Document, chain: Chain, tmp_path: Path) -> None:
    document.do(chain("Input", "Flatten", "Linear", "Output"))
    assert document.modified
    path = tmp_path / "net.json"
    document.save(path)
    assert not document.modified
    assert [node["id"] for node in json.loads(path.read_text())["nodes"]] == [
        "input_1",
        "flatten_1",
        "linear_1",
        "output_1",
    ]
    other = Document()
    other.open(path)
    assert other.graph.same_as(document.graph)
    assert not other.modified
    assert other.undo_stack.count() == 0


def test_a_damaged_file_leaves_the_document_alone(
    document: Document, chain: Chain, tmp_path: Path
) -> None:
    document.do(chain("Input"))
    broken = tmp_path / "broken.json"
    broken.write_text('{"format": "gradient-lab/network", "ver')
    with pytest.raises(StorageError, match=r"broken\.json"):
        document.open(broken)
    assert list(document.graph.nodes) == ["input_1"]
    assert document.modified
