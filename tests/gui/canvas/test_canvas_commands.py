"""The canvas's clipboard, selection, keys and view, on small networks and on one of a thousand layers."""

from collections.abc import Callable

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QLineEdit
from pytestqt.qtbot import QtBot

from engine.graph import AddNodes, MoveNodes, Node, SetParam, decode, encode
from gui.canvas import CanvasView
from gui.canvas.node_item import NodeItem
from gui.canvas.wire_item import WireItem
from gui.document import Document

Chain = Callable[..., AddNodes]
StepBack = Callable[[bytes], None]
WIRES = {("input_1", "flatten_1"), ("flatten_1", "linear_1"), ("linear_1", "output_1")}
CONTROL = Qt.KeyboardModifier.ControlModifier


def _wires(document: Document) -> set[tuple[str, str]]:
    return {(edge.source, edge.target) for edge in document.graph.edges}


def _cards(view: CanvasView) -> dict[str, NodeItem]:
    return {item.node.id: item for item in view.scene().items() if isinstance(item, NodeItem)}


def _pixel(view: CanvasView, node_id: str) -> QPoint:
    return view.mapFromScene(_cards(view)[node_id].sceneBoundingRect().center())


def _click(view: CanvasView, place: QPoint, qtbot: QtBot) -> None:
    qtbot.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, pos=place)


@pytest.mark.parametrize("way", ["copy and paste", "duplicate"])
def test_copies_have_new_ids_the_same_settings_and_the_wires_among_them(
    net: CanvasView, document: Document, step_back: StepBack, way: str
) -> None:
    document.do(SetParam("linear_1", "out_features", 7))
    document.undo_stack.clear()
    before = encode(document.graph)
    document.selection.choose(["flatten_1", "linear_1"])
    if way == "duplicate":
        net.chosen.duplicate()
    else:
        net.chosen.copy()
        net.chosen.paste()
    assert document.selection.nodes == {"flatten_2", "linear_2"}
    assert _wires(document) == WIRES | {("flatten_2", "linear_2")}
    old, new = (document.graph.nodes[i] for i in ("linear_1", "linear_2"))
    assert new.params == old.params
    assert (new.x, new.y) != (old.x, old.y)
    assert _cards(net).keys() == document.graph.nodes.keys()
    step_back(before)


def test_pasting_again_covers_no_copy(net: CanvasView, document: Document) -> None:
    net.chosen.select_all()
    net.chosen.copy()
    for _ in range(3):
        net.chosen.paste()
    assert len(document.graph.nodes) == 16
    assert len({(node.x, node.y) for node in document.graph.nodes.values()}) == 16


def test_the_clipboard_holds_the_copied_part_as_a_network_file(net: CanvasView) -> None:
    net.chosen.select_all()
    net.chosen.copy()
    copied = decode(QGuiApplication.clipboard().text().encode())
    assert {(edge.source, edge.target) for edge in copied.edges} == WIRES


def test_a_duplicate_leaves_the_clipboard_alone(net: CanvasView, document: Document) -> None:
    QGuiApplication.clipboard().setText("a note")
    document.selection.choose(["linear_1"])
    net.chosen.duplicate()
    assert QGuiApplication.clipboard().text() == "a note"


def test_what_was_cut_can_be_pasted(
    net: CanvasView, document: Document, step_back: StepBack
) -> None:
    before = encode(document.graph)
    document.selection.choose(["linear_1"])
    net.chosen.cut()
    assert _wires(document) == {("input_1", "flatten_1")}
    step_back(before)
    net.chosen.paste()
    assert document.graph.nodes["linear_1"].kind == "Linear"


@pytest.mark.parametrize("text", ["", "a note", "{}", '{"format": "gradient-lab/network"'])
def test_a_clipboard_without_layers_is_refused_in_a_sentence(
    net: CanvasView, document: Document, qtbot: QtBot, text: str
) -> None:
    QGuiApplication.clipboard().setText(text)
    with qtbot.waitSignal(document.refused) as refused:
        net.chosen.paste()
    assert "no layers on the clipboard" in refused.args[0]
    assert document.undo_stack.count() == 0


def test_with_nothing_chosen_nothing_is_deleted_or_copied(
    net: CanvasView, document: Document
) -> None:
    QGuiApplication.clipboard().setText("a note")
    for command in (net.chosen.delete, net.chosen.cut, net.chosen.duplicate, net.rename):
        command()
    assert document.undo_stack.count() == 0
    assert QGuiApplication.clipboard().text() == "a note"


def test_select_all_chooses_every_layer_and_wire(net: CanvasView, document: Document) -> None:
    net.chosen.select_all()
    assert document.selection.nodes == document.graph.nodes.keys()
    assert document.selection.edges == document.graph.edges
    assert all(card.isSelected() for card in _cards(net).values())
    assert len(net.scene().selectedItems()) == len(_cards(net)) + len(WIRES)


@pytest.mark.qt_log_ignore(
    "not accepted by receiving widget"
)  # what a test's click leaves to others
def test_a_click_chooses_a_card_and_a_click_beside_it_none(
    net: CanvasView, document: Document, qtbot: QtBot
) -> None:
    _click(net, _pixel(net, "flatten_1"), qtbot)
    assert document.selection.only == "flatten_1"
    _click(net, QPoint(5, 5), qtbot)
    assert document.selection.nodes == frozenset()


def test_escape_chooses_nothing(net: CanvasView, document: Document, qtbot: QtBot) -> None:
    net.chosen.select_all()
    qtbot.keyClick(net, Qt.Key.Key_Escape)
    assert (document.selection.nodes, document.selection.edges) == (frozenset(), frozenset())
    assert len(document.graph.nodes) == 4


@pytest.mark.parametrize(
    ("start", "key", "end"),
    [
        ("flatten_1", Qt.Key.Key_Right, "linear_1"),
        ("flatten_1", Qt.Key.Key_Left, "input_1"),
        ("output_1", Qt.Key.Key_Right, "output_1"),
        ("linear_1", Qt.Key.Key_Down, "relu_1"),
        ("relu_1", Qt.Key.Key_Up, "linear_1"),
        (None, Qt.Key.Key_Right, "input_1"),
    ],
)
def test_arrows_choose_the_neighbour(
    net: CanvasView, document: Document, qtbot: QtBot, start: str | None, key: Qt.Key, end: str
) -> None:
    below = document.graph.nodes["linear_1"].x
    document.do(AddNodes((Node("relu_1", "ReLU", x=below, y=136.0),)))
    document.selection.choose([start] if start else [])
    qtbot.keyClick(net, key)
    assert document.selection.only == end


def test_arrows_with_control_move_by_the_grid_in_one_step(
    net: CanvasView, document: Document, qtbot: QtBot, step_back: StepBack
) -> None:
    before, node = encode(document.graph), document.graph.nodes["linear_1"]
    document.selection.choose(["linear_1"])
    for key in (Qt.Key.Key_Right, Qt.Key.Key_Right, Qt.Key.Key_Down):
        qtbot.keyClick(net, key, CONTROL)
    moved = document.graph.nodes["linear_1"]
    assert (moved.x - node.x, moved.y - node.y) == (16.0, 8.0)
    assert _cards(net)["linear_1"].pos() == QPointF(moved.x, moved.y)
    step_back(before)


@pytest.mark.parametrize("first", ["linear_1", "relu_1"])
def test_control_l_wires_two_chosen_layers_or_says_why_not(
    canvas: CanvasView, document: Document, chain: Chain, qtbot: QtBot, first: str
) -> None:
    document.do(AddNodes(chain("Linear", "ReLU", "Output").nodes))
    document.selection.choose([first, "output_1"])
    qtbot.keyClick(canvas, Qt.Key.Key_L, CONTROL)
    assert _wires(document) == {(first, "output_1")}
    document.selection.choose([first])
    with qtbot.waitSignal(document.refused):
        qtbot.keyClick(canvas, Qt.Key.Key_L, CONTROL)


@pytest.mark.parametrize(("key", "name"), [(Qt.Key.Key_Return, "pixels"), (Qt.Key.Key_Escape, "")])
def test_a_name_is_written_on_the_card_and_kept_or_given_up(
    net: CanvasView, document: Document, qtbot: QtBot, key: Qt.Key, name: str
) -> None:
    document.selection.choose(["input_1"])
    qtbot.keyClick(net, Qt.Key.Key_F2)
    editor = net.findChildren(QLineEdit)[0]
    assert editor.isVisible()
    qtbot.keyClicks(editor, "pixels")
    qtbot.keyClick(editor, key)
    assert not editor.isVisible()
    assert document.graph.nodes["input_1"].name == name
    assert document.undo_stack.count() == bool(name)


@pytest.mark.parametrize("far", [0.0, 500.0, 8_000.0])
def test_fit_shows_every_card_and_enlarges_little(
    net: CanvasView, document: Document, far: float
) -> None:
    document.do(MoveNodes({"output_1": (far + 700.0, -far)}))
    net.zoom_in()
    net.fit()
    room = net.viewport().rect()
    for card in _cards(net).values():
        assert room.contains(net.mapFromScene(card.sceneBoundingRect()).boundingRect())
    assert net.transform().m11() <= 1.1 + 1e-9


def test_keys_zoom_around_the_middle_wherever_the_pointer_is(net: CanvasView, qtbot: QtBot) -> None:
    qtbot.mouseMove(net.viewport(), QPoint(20, 20))
    net.zoom_reset()
    before = net.mapToScene(net.viewport().rect().center())
    net.zoom_in()
    after = net.mapToScene(net.viewport().rect().center())
    assert (after - before).manhattanLength() < 4.0


def test_zooming_has_two_ends_and_a_way_back(net: CanvasView) -> None:
    for zoom, limit in ((net.zoom_in, 4.0), (net.zoom_out, 0.05)):
        for _ in range(60):
            zoom()
        assert net.transform().m11() == pytest.approx(limit)
    net.zoom_reset()
    assert net.transform().m11() == pytest.approx(1.0)


def test_tidying_up_is_one_step_and_leaves_no_card_covered(
    net: CanvasView, document: Document, step_back: StepBack
) -> None:
    document.do(MoveNodes({"linear_1": (3.0, 4.0), "output_1": (5.0, 6.0)}))
    document.undo_stack.clear()
    before = encode(document.graph)
    net.tidy()
    places = {(node.x, node.y) for node in document.graph.nodes.values()}
    assert len(places) == 4
    rects = [card.sceneBoundingRect().adjusted(8, 8, -8, -8) for card in _cards(net).values()]
    assert sum(one.intersects(other) for one in rects for other in rects) == 4
    step_back(before)


def test_a_shown_layer_is_chosen_and_in_the_middle_of_the_view(
    net: CanvasView, document: Document
) -> None:
    document.do(MoveNodes({"output_1": (9_000.0, 5_000.0)}))
    net.show_node("output_1")
    assert document.selection.only == "output_1"
    assert net.viewport().rect().contains(_pixel(net, "output_1"))


def test_a_thousand_layers_are_drawn_chosen_copied_removed_and_brought_back(
    canvas: CanvasView, document: Document, chain: Chain, qtbot: QtBot
) -> None:
    document.do(chain("Input", *["Linear"] * 998, "Output"))
    canvas.fit()
    assert not canvas.grab().isNull()
    canvas.chosen.select_all()
    canvas.chosen.duplicate()
    assert len(_cards(canvas)) == len(document.graph.nodes) == 2_000
    canvas.chosen.delete()
    assert len(_cards(canvas)) == len(document.graph.nodes) == 1_000
    document.undo_stack.undo()
    assert len(_cards(canvas)) == 2_000
    with qtbot.waitSignal(document.inferred):
        document.undo_stack.undo()
    wires = [item for item in canvas.scene().items() if isinstance(item, WireItem)]
    assert (len(_cards(canvas)), len(wires)) == (1_000, 999)  # as many wires as gaps
