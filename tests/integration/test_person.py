"""A person builds a network by mouse and keyboard, trains it, takes everything back, saves and reopens."""

import json
from itertools import pairwise
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, QPointF
from PySide6.QtWidgets import QToolBar
from pytestqt.qtbot import QtBot

from gui.app import Lab
from gui.canvas.node_item import Port
from gui.training import State

from .conftest import Person, keep_picture, middle_of

pytestmark = pytest.mark.xvfb

KINDS = ("Input", "Flatten", "Linear", "ReLU", "Linear", "Output")
IDS = ("input_1", "flatten_1", "linear_1", "relu_1", "linear_2", "output_1")
PLACES = ((110, 90), (400, 90), (690, 90), (110, 300), (400, 300), (690, 300))


def on_canvas(lab: Lab, place: QPointF) -> QPoint:
    """Where a point of the scene is on the screen."""
    return lab.canvas.viewport().mapToGlobal(lab.canvas.mapFromScene(place))


def drag_layer(lab: Lab, person: Person, kind: str, place: tuple[int, int]) -> None:
    """Search a kind in the palette and drag it onto the canvas."""
    person.click(middle_of(lab.palette.search))
    person.write(kind.lower())
    entry = lab.palette.list.visualItemRect(lab.palette.entry(kind))
    target = lab.canvas.viewport().mapToGlobal(QPoint(*place))
    person.drag(middle_of(lab.palette.list.viewport(), entry), target)


def draw_wire(lab: Lab, person: Person, source: str, target: str) -> None:
    """Drag from an output to an input."""
    cards = lab.canvas.scene().cards
    start = cards[source].port_position(Port(source, True))
    end = cards[target].port_position(Port(target, False))
    person.drag(on_canvas(lab, start), on_canvas(lab, end))


def set_units(lab: Lab, person: Person, node_id: str, units: int) -> None:
    """Click a card and type the number of units into the form."""
    person.click(on_canvas(lab, lab.canvas.scene().cards[node_id].sceneBoundingRect().center()))
    form = lab.inspector.layer_page.form
    assert form is not None
    person.click(middle_of(form.editors["out_features"].field))
    person.write(str(units))
    person.press("Tab")


def press_button(lab: Lab, person: Person, action: str) -> None:
    """Click a button of the tool bar."""
    bar = lab.window.findChild(QToolBar)
    assert isinstance(bar, QToolBar)
    person.click(middle_of(bar.widgetForAction(lab.actions[action])))


def build(lab: Lab, person: Person) -> None:
    """The whole network, by hand."""
    for kind, place in zip(KINDS, PLACES, strict=True):
        drag_layer(lab, person, kind, place)
    assert set(lab.document.graph.nodes) == set(IDS)
    for source, target in pairwise(IDS):
        draw_wire(lab, person, source, target)
    set_units(lab, person, "linear_1", 48)
    set_units(lab, person, "linear_2", 10)


def train(lab: Lab, person: Person, qtbot: QtBot) -> float:
    """Press Run, see epochs arrive, and return the validation accuracy at the end."""
    press_button(lab, person, "run")
    qtbot.waitUntil(lambda: lab.session.history is not None, timeout=20_000)
    qtbot.waitUntil(lambda: len(lab.session.history.epochs) > 3, timeout=20_000)
    qtbot.waitUntil(lambda: "epoch" in next(iter(lab.panes)).headline.text())
    qtbot.waitUntil(lambda: lab.session.state is State.IDLE, timeout=60_000)
    accuracy = lab.session.history.epochs[-1].validation_accuracy
    assert accuracy is not None
    return accuracy


def take_back_and_make_again(lab: Lab, person: Person) -> None:
    """Undo everything, redo everything."""
    stack, whole = lab.document.undo_stack, lab.document.encoded()
    steps = stack.count()
    person.click(on_canvas(lab, QPointF(lab.canvas.mapToScene(QPoint(30, 400)))))
    person.press(*["ctrl+z"] * steps)
    assert not lab.document.graph.nodes
    assert not stack.canUndo()
    person.press(*["ctrl+shift+z"] * steps)
    assert lab.document.encoded() == whole


def test_a_person_builds_trains_undoes_redoes_saves_and_reopens(
    lab: Lab, person: Person, qtbot: QtBot, tmp_path: Path
) -> None:
    build(lab, person)
    assert lab.document.errors == ()
    assert train(lab, person, qtbot) >= 0.95
    assert lab.document.graph.nodes["linear_2"].params["out_features"] == 10
    qtbot.wait(200)
    keep_picture("person")
    take_back_and_make_again(lab, person)
    path, whole = tmp_path / "by_hand.json", lab.document.encoded()
    person.answer_file_dialogue(lab.window, "ctrl+s", path)
    qtbot.waitUntil(path.exists, timeout=5_000)
    assert sorted(node["kind"] for node in json.loads(path.read_bytes())["nodes"]) == sorted(KINDS)
    lab.document.new()
    person.answer_file_dialogue(lab.window, "ctrl+o", path)
    qtbot.waitUntil(lambda: lab.document.path == path, timeout=5_000)
    assert lab.document.encoded() == whole
