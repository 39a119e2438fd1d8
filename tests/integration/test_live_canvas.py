"""A real training of a twelve-layer sigmoid network, as the canvas shows it."""

from itertools import pairwise
from pathlib import Path

from msgspec.structs import replace
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from engine.graph import Edge, NetworkGraph, load
from gui.app import Folders, Lab, worker_program
from gui.canvas.figures import WireFigure
from gui.training.reading import read_flow

DEPTH = 12


def deep_sigmoid(example: Path) -> NetworkGraph:
    """The example's network with twelve hidden layers."""
    known = load(example)
    ends = [known.nodes[node_id] for node_id in known.order()]
    hidden = ends[2:4] * DEPTH
    chain = [*ends[:2], *hidden, *ends[-2:]]
    nodes = [replace(node, id=f"n{place}", x=208.0 * place) for place, node in enumerate(chain)]
    graph = NetworkGraph(nodes, [Edge(a.id, b.id) for a, b in pairwise(nodes)], known.data)
    graph.training = {**known.training, "epochs": 1}
    return graph


def wires(lab: Lab) -> dict[str, WireFigure | None]:
    """What each wire shows, by its source."""
    return {edge.source: wire.figure for edge, wire in lab.canvas.scene().wires.items()}


def test_pressing_run_on_a_deep_sigmoid_network_lets_the_first_wires_die(
    lab: Lab, qtbot: QtBot, root: Path
) -> None:
    example = root / "resources" / "examples" / "digits_vanishing_sigmoid.json"
    lab.document.restore(deep_sigmoid(example), None)
    lab.control.advance("run")
    qtbot.waitUntil(lambda: lab.session.history is not None, timeout=60_000)
    history = lab.session.history
    qtbot.waitUntil(lambda: history.finished is not None, timeout=60_000)
    weights = [layer.id for layer in history.layers if layer.has_weight]
    assert len(weights) == DEPTH + 1
    for epoch in (0, 1):
        table = history.epochs[epoch].layers
        rms = table.activation_gradient_rms
        lab.playhead.go(epoch)
        qtbot.waitUntil(lambda row=1, rms=rms: wires(lab)[history.layers[row].id].rms == rms[row])
        figures = wires(lab)
        for row, layer in enumerate(history.layers[1:], 1):
            assert figures[layer.id].ratio == rms[row] / rms[history.row(weights[-1])]
        assert [figures[node_id].glyph for node_id in weights[:6]] == ["▼"] * 6
        assert figures[weights[-1]].glyph == "●"
        flow = read_flow(history.layers, table)
        assert figures[weights[0]].verdict == flow.verdict == "vanishing"
        assert (figures["n0"].state, figures["n1"].state) == ("none", "none")
        assert figures[weights[0]].width < figures[weights[-1]].width


def test_figures_that_were_taken_off_the_canvas_are_off_at_the_next_start(
    lab: Lab, qapp: QApplication, folders: Folders
) -> None:
    action = lab.actions["figures"]
    assert action.isChecked()
    assert lab.canvas.live.is_shown
    action.trigger()
    assert not action.isChecked()
    assert not lab.canvas.live.is_shown
    lab.settings.keep_window(lab.window.saveGeometry(), lab.window.saveState())
    again = Lab(qapp, folders, worker_program())
    assert not again.canvas.live.is_shown
    assert not again.actions["figures"].isChecked()
    again.close()
    again.window.deleteLater()
    again.deleteLater()
