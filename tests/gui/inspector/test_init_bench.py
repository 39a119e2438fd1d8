"""The init bench as a person uses it: one undo step a drag, curves that are the closed forms, one question a change."""

import math
from collections.abc import Iterator

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from engine.graph import decode
from engine.stats import LayerTable
from engine.training import LayerInfo, Measured
from gui.common.theme import ThemeSource
from gui.document import Document
from gui.document.theory import TheorySource
from gui.inspector import init_reading as reading
from gui.inspector.init_bench import InitBench
from tests.gui.inspector.instruments import UNITS, fill, linear_chain

DEPTH = 4
NODES = tuple(f"linear_{place + 2}" for place in range(DEPTH))


@pytest.fixture
def bench(document: Document, themes: ThemeSource, qtbot: QtBot) -> Iterator[InitBench]:
    """Shows the second of four Linear layers with σ = 0.1."""
    fill(document, linear_chain(DEPTH, initializer="normal", init_std=0.1))
    bench = InitBench(document, themes)
    qtbot.addWidget(bench)
    document.inferred.connect(lambda: bench.show_layer(document.graph.nodes[NODES[1]]))
    bench.show_layer(document.graph.nodes[NODES[1]])
    bench.resize(296, 900)
    theory = TheorySource(document)
    theory.changed.connect(lambda: bench.show_theory(theory.foretold))
    theory.begin()
    with qtbot.waitExposed(bench):
        bench.show()
    yield bench
    theory.close()


def _values(document: Document, name: str) -> list[object]:
    return [document.graph.nodes[node].params[name] for node in NODES]


def _answer(deviations: list[float], gradients: list[float]) -> Measured:
    table = LayerTable.empty(DEPTH, 8)
    table.activations.std[:] = deviations
    table.activation_gradient_rms[:] = gradients
    layers = tuple(LayerInfo(node, "Linear", node, True) for node in NODES)
    return Measured(1, layers, table)


def _drag(bench: InitBench, values: list[float]) -> None:
    bench.slider.sliderPressed.emit()
    for value in values:
        bench.slider.setValue(reading.to_slider("init_std", value))


def test_density_is_drawn_as_the_normal_distribution(bench: InitBench) -> None:
    w, p = bench.density.drawn("density")
    expected = np.exp(-0.5 * (w / 0.1) ** 2) / (0.1 * math.sqrt(2 * math.pi))
    np.testing.assert_allclose(p, expected, atol=1e-9 * expected.max())
    border, height = bench.density.drawn("within")
    assert np.abs(border).max() == pytest.approx(0.1)
    half = border.size // 2
    area = abs(np.trapezoid(height[half:], border[half:]))
    assert area == pytest.approx(math.erf(1 / math.sqrt(2)), abs=1e-4)
    assert bench.share.text().startswith(f"{area:.2%} of the weights")
    assert bench.formula.text() == "Var(w) = σ² = 0.1² = 0.01, σ = 0.1"


def test_uniform_is_drawn_as_a_box_with_its_own_share(
    bench: InitBench, document: Document, qtbot: QtBot
) -> None:
    bench._change("initializer", "uniform")
    qtbot.waitUntil(lambda: "57.74%" in bench.share.text())
    w, p = bench.density.drawn("density")
    bound = float(document.graph.nodes[NODES[1]].params["init_bound"])
    edge = np.abs(np.abs(w) - bound) < 1e-8
    np.testing.assert_allclose(
        p[~edge], np.where(np.abs(w[~edge]) < bound, 0.5 / bound, 0.0), atol=1e-9
    )
    assert sorted(p[edge].round(9)) == pytest.approx([0.0, 0.0, 0.5 / bound, 0.5 / bound])


def test_what_is_not_drawn_has_no_density(bench: InitBench, qtbot: QtBot) -> None:
    bench._change("initializer", "constant")
    qtbot.waitUntil(lambda: "Every weight starts at 0.05" in bench.share.text())
    assert bench.density.isHidden()
    assert bench.slider.isHidden()


def test_a_drag_is_one_step_and_the_next_another(bench: InitBench, document: Document) -> None:
    _drag(bench, [0.5, 0.2, 1.0])
    assert _values(document, "init_std") == [0.1, 1.0, 0.1, 0.1]
    assert document.undo_stack.count() == 1
    _drag(bench, [0.5, 0.6])
    assert document.undo_stack.count() == 2
    document.undo_stack.undo()
    assert _values(document, "init_std") == [0.1, 1.0, 0.1, 0.1]
    document.undo_stack.undo()
    assert _values(document, "init_std") == [0.1] * DEPTH


def test_all_weight_layers_change_and_come_back_in_one_step(
    bench: InitBench, document: Document
) -> None:
    for node, kind in ((NODES[0], "he_normal"), (NODES[2], "normal")):
        edit = reading.init_edit(document.graph, (node,), {"initializer": kind, "init_std": 1.0})
        assert document.do(edit)
    before = [_values(document, name) for name in ("initializer", "init_std")]
    document.undo_stack.clear()
    bench.everywhere.setChecked(True)
    # the first place of the drag is what one layer has already
    _drag(bench, [1.0, 0.5, 0.2])
    assert _values(document, "init_std") == [0.2] * DEPTH
    assert _values(document, "initializer") == ["normal"] * DEPTH
    assert document.undo_stack.count() == 1
    assert document.undo_stack.undoText() == "Set σ of 4 layers"
    document.undo_stack.undo()
    assert [_values(document, name) for name in ("initializer", "init_std")] == before
    document.undo_stack.redo()
    assert _values(document, "init_std") == [0.2] * DEPTH


def test_choosing_an_initialiser_can_be_taken_back(bench: InitBench, document: Document) -> None:
    box = bench.choice.box
    box.setCurrentIndex(box.findData("glorot_uniform"))
    box.activated.emit(box.currentIndex())
    assert _values(document, "initializer") == ["normal", "glorot_uniform", "normal", "normal"]
    document.undo_stack.undo()
    assert _values(document, "initializer") == ["normal"] * DEPTH


def test_the_slider_follows_the_document(
    bench: InitBench, document: Document, qtbot: QtBot
) -> None:
    assert document.do(reading.init_edit(document.graph, (NODES[1],), {"init_std": 0.01}))
    qtbot.waitUntil(lambda: bench.slider.value() == -200)
    assert document.undo_stack.count() == 1


def test_the_wheel_without_the_keyboard_changes_nothing(
    bench: InitBench, document: Document
) -> None:
    bench.choice.setFocus()
    place = QPointF(bench.slider.rect().center())
    event = QWheelEvent(
        place,
        bench.slider.mapToGlobal(place),
        QPoint(),
        QPoint(0, 120),
        Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    QApplication.sendEvent(bench.slider, event)
    assert document.undo_stack.count() == 0


def test_theory_by_depth_is_drawn_as_the_power_law(bench: InitBench, qtbot: QtBot) -> None:
    qtbot.waitUntil(lambda: "theory" in bench.backward_words.text(), timeout=20_000)
    x, y = bench.backward.drawn("theory")
    np.testing.assert_allclose(x, np.arange(1, DEPTH + 1), atol=1e-9)
    head, layer = math.sqrt(10 * 0.01), math.sqrt(UNITS * 0.01)
    expected = np.log10([head * layer**2, head * layer, head, 1.0])
    np.testing.assert_allclose(y, expected, atol=1e-6)


def test_measured_figures_are_drawn_as_they_came(bench: InitBench) -> None:
    bench.show_measured(_answer([4.0, 2.0, 1.0, 0.5], [0.001, 0.01, 0.1, 2.0]))
    _, forward = bench.forward.drawn("measured")
    np.testing.assert_allclose(forward, np.log10([4.0, 2.0, 1.0, 0.5]), atol=1e-9)
    _, backward = bench.backward.drawn("measured")
    np.testing.assert_allclose(backward, np.log10([0.0005, 0.005, 0.05, 1.0]), atol=1e-9)
    assert bench.backward_words.text().startswith("▼")
    assert "measured 0.0005 (1 / 2,000)" in bench.backward_words.text()
    assert bench.backward.picture.says(2.2).startswith(
        "weight layer 2: ∂L/∂z over the last measured 0.005"
    )


def test_a_refused_measurement_says_why(bench: InitBench) -> None:
    bench.show_measured(Measured(1, (), None, "There is not enough memory"))
    assert "✕ Not measured: There is not enough memory." in bench.notes.text()


def test_one_question_a_change_and_none_while_folded(
    bench: InitBench, document: Document, qtbot: QtBot
) -> None:
    asked: list[bytes] = []
    bench.measure_wanted.connect(lambda network, _folder: asked.append(network))
    bench._change("init_std", 0.15)
    qtbot.waitUntil(lambda: bool(asked) and _second(asked[-1]) == 0.15)
    asked.clear()
    document.inferred.emit()
    qtbot.wait(200)
    assert asked == []
    bench._change("init_std", 0.2)
    qtbot.waitUntil(lambda: [_second(network) for network in asked] == [0.2])
    bench.heading.click()
    bench._change("init_std", 0.3)
    qtbot.wait(200)
    assert len(asked) == 1
    bench.heading.click()
    qtbot.waitUntil(lambda: [_second(network) for network in asked] == [0.2, 0.3])


def _second(network: bytes) -> object:
    return decode(network).nodes[NODES[1]].params["init_std"]


def test_figures_of_another_network_do_not_stay(bench: InitBench, qtbot: QtBot) -> None:
    bench.show_measured(_answer([4.0, 2.0, 1.0, 0.5], [0.001, 0.01, 0.1, 2.0]))
    bench._change("init_std", 0.2)
    qtbot.waitUntil(lambda: "measured" not in bench.backward_words.text(), timeout=10_000)
    qtbot.waitUntil(lambda: "theory" in bench.backward_words.text(), timeout=20_000)


def test_a_network_with_errors_is_not_asked_about(
    bench: InitBench, document: Document, qtbot: QtBot
) -> None:
    qtbot.waitUntil(lambda: "theory" in bench.backward_words.text(), timeout=20_000)
    asked: list[bytes] = []
    bench.measure_wanted.connect(lambda network, _folder: asked.append(network))
    last = reading.init_edit(document.graph, (NODES[-1],), {"out_features": 7})
    assert document.do(last)
    assert document.errors
    qtbot.waitUntil(lambda: "wait until the network has no errors" in bench.notes.text())
    qtbot.wait(200)
    assert asked == []
    document.undo_stack.undo()
    qtbot.waitUntil(lambda: len(asked) == 1)


def test_every_instrument_can_be_named(bench: InitBench) -> None:
    for chart in (bench.density, bench.forward, bench.backward):
        assert chart.accessibleName()
        assert chart.accessibleDescription()
    assert bench.slider.accessibleName() == "σ of the initial weights"
    assert bench.minimumSizeHint().width() <= 296


def test_without_a_theory_old_figures_go_all_the_same(
    document: Document, themes: ThemeSource, qtbot: QtBot
) -> None:
    fill(document, linear_chain(DEPTH, initializer="normal", init_std=0.1))
    bench = InitBench(document, themes)
    qtbot.addWidget(bench)
    bench.show_layer(document.graph.nodes[NODES[0]])
    bench.show_measured(_answer([1.0] * DEPTH, [1.0] * DEPTH))
    assert len(bench.backward.drawn("measured")[0]) == DEPTH
    with qtbot.waitSignal(bench.measure_wanted):
        bench.show()
    qtbot.waitUntil(lambda: not len(bench.backward.drawn("measured")[0]))
