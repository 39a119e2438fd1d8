"""The canvas: what its commands make of the document, that undo takes it back, and that the scene shows it all."""

import itertools
from collections.abc import Callable

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from pytestqt.qtbot import QtBot

from engine.graph import (
    AddNodes,
    Connect,
    Disconnect,
    Edge,
    MoveNodes,
    RemoveNodes,
    SetParam,
    encode,
)
from gui.canvas import CanvasView
from gui.canvas.gestures.palette_drop import PaletteDrop
from gui.canvas.gestures.wiring import WireGesture
from gui.canvas.node_item import NodeItem, Port
from gui.canvas.scene import CanvasScene
from gui.canvas.wire_item import WireItem
from gui.common.theme import LIGHT
from gui.document import Document

Chain = Callable[..., AddNodes]
StepBack = Callable[[bytes], None]
WIDTH, HEIGHT, STEP, GRID = 160.0, 96.0, 208.0, 8.0
KINDS = ("Input", "Flatten", "Linear", "Output")
WIRES = {("input_1", "flatten_1"), ("flatten_1", "linear_1"), ("linear_1", "output_1")}


def _scene(view: CanvasView) -> CanvasScene:
    scene = view.scene()
    assert isinstance(scene, CanvasScene)
    return scene


def _wires(document: Document) -> set[tuple[str, str]]:
    return {(edge.source, edge.target) for edge in document.graph.edges}


def _pixel(view: CanvasView, node_id: str) -> QPoint:
    return view.mapFromScene(_scene(view).cards[node_id].sceneBoundingRect().center())


def _follows(view: CanvasView, document: Document) -> bool:
    """Whether there is a card where each node is, and a wire from port to port for each edge."""
    scene, graph = _scene(view), document.graph
    places = {i: (card.x(), card.y()) for i, card in scene.cards.items()}
    assert places == {i: (node.x, node.y) for i, node in graph.nodes.items()}
    assert scene.wires.keys() == graph.edges
    for edge, wire in scene.wires.items():
        start, end = wire.path().pointAtPercent(0), wire.path().pointAtPercent(1)
        x, y = places[edge.source]
        assert start == QPointF(x + WIDTH, y + HEIGHT / 2)
        x, y = places[edge.target]
        assert end.x() == x
        assert y < end.y() < y + HEIGHT
    items = scene.items()
    return all(item in items for item in (*scene.cards.values(), *scene.wires.values()))


def _overlapping(document: Document) -> list[tuple[str, str]]:
    pairs = itertools.combinations(document.graph.nodes.values(), 2)
    return [(a.id, b.id) for a, b in pairs if abs(a.x - b.x) < WIDTH and abs(a.y - b.y) < HEIGHT]


def test_the_scene_follows_every_edit_there_and_back(
    net: CanvasView, document: Document, chain: Chain
) -> None:
    for edit in (
        chain("Add"),
        MoveNodes({"linear_1": (1000.0, -50.5), "input_1": (0.0, 300.0)}),
        Disconnect((Edge("linear_1", "output_1"),)),
        Connect((Edge("linear_1", "add_1", 0), Edge("flatten_1", "add_1", 1))),
        SetParam("linear_1", "out_features", 3),
        Connect((Edge("add_1", "output_1"),)),
        RemoveNodes(("flatten_1", "add_1")),
    ):
        assert document.do(edit)
        assert _follows(net, document)
    for _ in range(document.undo_stack.count()):
        document.undo_stack.undo()
        assert _follows(net, document)
    document.new()
    left = _scene(net).items()
    assert not [item for item in left if isinstance(item, (NodeItem, WireItem))]


def test_a_first_layer_is_added_in_the_middle_on_the_grid(
    canvas: CanvasView, document: Document, step_back: StepBack
) -> None:
    before = encode(document.graph)
    canvas.insert_kind("Linear")
    (node,) = document.graph.nodes.values()
    assert (node.x % GRID, node.y % GRID) == (0.0, 0.0)
    off = _pixel(canvas, node.id) - canvas.viewport().rect().center()
    assert max(abs(off.x()), abs(off.y())) <= GRID
    assert document.selection.only == node.id
    step_back(before)


def test_layers_added_without_a_choice_do_not_cover_each_other(
    canvas: CanvasView, document: Document
) -> None:
    for kind in ("Linear", "ReLU", "Linear"):
        document.selection.choose()
        canvas.insert_kind(kind)
    assert len(document.graph.nodes) == 3
    assert _overlapping(document) == []


def test_a_layer_is_added_behind_the_chosen_one_and_wired(
    canvas: CanvasView, document: Document
) -> None:
    for kind in KINDS:
        canvas.insert_kind(kind)
    assert _wires(document) == WIRES
    assert [document.graph.nodes[i].x for i in document.graph.order()] == pytest.approx(
        [document.graph.nodes["input_1"].x + STEP * i for i in range(4)]
    )


def test_a_layer_behind_one_that_is_wired_goes_into_the_wire(
    net: CanvasView, document: Document, step_back: StepBack
) -> None:
    before = encode(document.graph)
    document.selection.choose(["flatten_1"])
    net.insert_kind("ReLU")
    assert _wires(document) == WIRES - {("flatten_1", "linear_1")} | {
        ("flatten_1", "relu_1"),
        ("relu_1", "linear_1"),
    }
    assert _overlapping(document) == []
    assert _follows(net, document)
    step_back(before)


def test_a_layer_dropped_on_a_wire_goes_into_it(
    net: CanvasView, document: Document, step_back: StepBack
) -> None:
    before, scene = encode(document.graph), _scene(net)
    wire = scene.wires[Edge("linear_1", "output_1")]
    PaletteDrop(scene).drop("Tanh", wire.path().pointAtPercent(0.5))
    assert {("linear_1", "tanh_1"), ("tanh_1", "output_1")} < _wires(document)
    assert ("linear_1", "output_1") not in _wires(document)
    assert document.selection.only == "tanh_1"
    assert _overlapping(document) == []
    step_back(before)


@pytest.mark.parametrize("kind", ["Input", "Output"])
def test_an_end_dropped_on_a_wire_leaves_it_whole(
    net: CanvasView, document: Document, kind: str
) -> None:
    scene = _scene(net)
    PaletteDrop(scene).drop(kind, next(iter(scene.wires.values())).path().pointAtPercent(0.5))
    assert _wires(document) == WIRES
    assert len(document.graph.nodes) == 5


def test_a_layer_dropped_on_the_empty_canvas_stands_there(
    net: CanvasView, document: Document
) -> None:
    PaletteDrop(_scene(net)).drop("ReLU", QPointF(300.0, 500.0))
    node = document.graph.nodes["relu_1"]
    assert abs(node.x + WIDTH / 2 - 300.0) <= GRID / 2
    assert abs(node.y + HEIGHT / 2 - 500.0) <= GRID / 2
    assert _wires(document) == WIRES


@pytest.mark.parametrize(
    ("start", "end", "wires"),
    [
        (Port("linear_2", True), "linear_1", {("linear_2", "linear_1")}),
        (Port("linear_2", False), "linear_1", {("linear_1", "linear_2")}),
        (Port("linear_1", True), "relu_1", {("linear_1", "relu_1")}),
        (Port("linear_1", True), "input_1", set()),
        (Port("linear_1", True), "linear_1", set()),
    ],
)
def test_a_wire_is_drawn_from_a_port_to_a_card(
    canvas: CanvasView,
    document: Document,
    chain: Chain,
    start: Port,
    end: str,
    wires: set[tuple[str, str]],
) -> None:
    loose = chain("Linear", "ReLU", "Linear", "Input")
    document.do(AddNodes(loose.nodes))
    scene = _scene(canvas)
    gesture, place = WireGesture(scene, start, LIGHT), scene.cards[end].sceneBoundingRect().center()
    gesture.move(place)
    gesture.finish(place)
    assert _wires(document) == wires
    assert _follows(canvas, document)


def test_a_wire_to_a_taken_input_replaces_the_one_there(
    net: CanvasView, document: Document, step_back: StepBack
) -> None:
    before, scene = encode(document.graph), _scene(net)
    port = Port("output_1", False)
    gesture = WireGesture(scene, Port("flatten_1", True), LIGHT)
    gesture.finish(scene.cards["output_1"].port_position(port))
    assert _wires(document) == WIRES - {("linear_1", "output_1")} | {("flatten_1", "output_1")}
    step_back(before)


def test_a_wire_that_is_given_up_changes_nothing(net: CanvasView, document: Document) -> None:
    gesture = WireGesture(_scene(net), Port("output_1", False), LIGHT)
    gesture.move(QPointF(300.0, 900.0))
    gesture.cancel()
    assert document.undo_stack.count() == 0
    assert all(wire.isVisible() for wire in _scene(net).wires.values())


@pytest.mark.parametrize(
    ("nodes", "edges", "left"),
    [
        (["linear_1"], [], {("input_1", "flatten_1")}),
        ([], [Edge("flatten_1", "linear_1")], WIRES - {("flatten_1", "linear_1")}),
        (["output_1"], [Edge("input_1", "flatten_1")], {("flatten_1", "linear_1")}),
        (["output_1"], [Edge("linear_1", "output_1")], WIRES - {("linear_1", "output_1")}),
    ],
)
@pytest.mark.parametrize("way", ["command", "key"])
def test_delete_takes_the_chosen_away_in_one_step(
    net: CanvasView,
    document: Document,
    step_back: StepBack,
    qtbot: QtBot,
    nodes: list[str],
    edges: list[Edge],
    left: set[tuple[str, str]],
    way: str,
) -> None:
    before = encode(document.graph)
    document.selection.choose(nodes, edges)
    if way == "command":
        net.chosen.delete()
    else:
        qtbot.keyClick(net, Qt.Key.Key_Backspace)
    assert _wires(document) == left
    assert not document.graph.nodes.keys() & set(nodes)
    assert _follows(net, document)
    step_back(before)


def test_the_shape_in_a_chosen_wire_is_written_over_the_cards_beside_it(
    net: CanvasView, document: Document
) -> None:
    wire = next(w for edge, w in _scene(net).wires.items() if edge.source == "input_1")
    net.zoom_reset()
    net.show_node("input_1")
    document.selection.choose((), ())
    gap, middle = (STEP - WIDTH) / 2, wire.path().pointAtPercent(0.5)
    before = net.grab().toImage()
    document.selection.choose((), (wire.edge,))
    after = net.grab().toImage()
    for side in (-1, 1):
        # above the ports, from the card's border inwards
        places = [middle + QPointF(side * (gap + inside), -2 * GRID) for inside in range(2, 9)]
        pixels = [net.mapFromScene(place) + net.viewport().pos() for place in places]
        assert any(before.pixel(pixel) != after.pixel(pixel) for pixel in pixels)
