"""The inspector's instruments in the whole lab, with a real worker: measured before training, live while it trains."""

import numpy as np
from pytestqt.qtbot import QtBot

from engine.training import Measured
from gui.app import Lab
from gui.training import State

EXAMPLE = "digits_vanishing_sigmoid.json"


def _ids(lab: Lab, kind: str) -> list[str]:
    graph = lab.document.graph
    return [node_id for node_id in graph.order() if graph.nodes[node_id].kind == kind]


def test_the_bench_shows_what_the_worker_measures_before_any_training(
    lab: Lab, qtbot: QtBot
) -> None:
    lab.files.open(lab.folders.examples / EXAMPLE, as_copy=True)
    bench = lab.inspector.layer_page.bench
    nodes = _ids(lab, "Linear")
    with qtbot.waitSignal(lab.session.measured, timeout=60_000) as answer:
        lab.document.selection.choose([nodes[2]])
    assert lab.session.history is None
    assert lab.session.state is State.IDLE
    found: Measured = answer.args[0]
    assert found.table is not None
    rows = {layer.id: row for row, layer in enumerate(found.layers)}
    _, drawn = bench.forward.drawn("measured")
    expected = np.log10([found.table.activation_std[rows[node]] for node in nodes])
    np.testing.assert_allclose(drawn, expected, atol=1e-9)
    qtbot.waitUntil(lambda: "theory" in bench.backward_words.text(), timeout=20_000)
    assert bench.backward_words.text().startswith("▼")
    before = float(drawn[2])
    with qtbot.waitSignal(lab.session.measured, timeout=60_000):
        bench.slider.setValue(bench.slider.value() + 100)
    assert bench.forward.drawn("measured")[1][2] - before > 0.3
    assert lab.document.undo_stack.count() == 1


def test_a_measurement_beside_a_training_and_the_live_microscope(lab: Lab, qtbot: QtBot) -> None:
    lab.files.open(lab.folders.examples / EXAMPLE, as_copy=True)
    microscope, bench = lab.inspector.layer_page.microscope, lab.inspector.layer_page.bench
    lab.control.advance("run")
    qtbot.waitUntil(lambda: lab.playhead.last >= 1, timeout=60_000)
    with qtbot.waitSignal(lab.session.measured, timeout=60_000) as answer:
        lab.document.selection.choose([_ids(lab, "Linear")[0]])
    assert answer.args[0].table is not None
    assert bench.isVisible()
    node = _ids(lab, "Sigmoid")[1]
    lab.document.selection.choose([node])
    qtbot.waitUntil(lambda: "Pre-activations: mean" in microscope.words.text(), timeout=20_000)
    qtbot.waitUntil(lambda: lab.playhead.last >= 3, timeout=60_000)
    lab.session.stop()
    qtbot.waitUntil(lambda: lab.session.state is State.IDLE, timeout=20_000)
    lab.playhead.go(2)
    history = lab.playhead.history
    assert history is not None
    row = history.row(node)
    assert row is not None
    share = history.epochs[2].layers.saturation[row]
    qtbot.waitUntil(lambda: microscope.words.text().startswith("Epoch 2."))
    assert f"{share:.1%} of the pre-activations" in microscope.words.text()
