"""The clip gauge's drawn data, read back, and its threshold, dragged with a mouse and moved with keys."""

import csv
import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QMouseEvent, QUndoStack
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from engine.graph import SetTraining
from engine.parameters import Value
from engine.stats import EpochStats, LayerTable, StepStats
from engine.training import TRAINING_DEFAULTS, LayerInfo, RunHistory, RunStarted
from gui.common.theme import DARK, ThemeSource
from gui.document import Document
from gui.panes.clip_gauge import ClipGaugePane
from gui.panes.pane import Pane

Open = Callable[..., Pane]
STEPS = 6
LAYER = LayerInfo("linear_1", "Linear", "Linear 1", True)


def _history(epochs: int = 3, first: int = 0, smallest: float = -1.0) -> RunHistory:
    history = RunHistory(
        RunStarted(1, (LAYER,), 9, STEPS, 16, 10, 96, 8, "Made up", first_epoch=first)
    )
    for number in range(first, first + epochs):
        random = np.random.default_rng(number)
        before = 10.0 ** random.uniform(smallest, 1.5, 0 if number == first else STEPS)
        cosines = np.where(before > 1.0, random.uniform(0.3, 1.0, before.size), 1.0)
        steps = StepStats(before, before, np.minimum(before, 1.0), cosines)
        table = LayerTable.empty(1, 16)
        history.add_epoch(EpochStats(number, 1.0, None, None, None, 0.1, 0.1, 1.0, table, steps))
    return history


def _settings(mode: str = "norm", threshold: float = 1.0) -> dict[str, Value]:
    return {**TRAINING_DEFAULTS, "clip_mode": mode, "clip_threshold": threshold}


@pytest.fixture
def gauge(opened: Open, qtbot: QtBot) -> Callable[..., ClipGaugePane]:
    """Shows a run in the pane beside some training settings, and waits until it is drawn."""

    def show(history: RunHistory, mode: str = "norm", threshold: float = 1.0) -> ClipGaugePane:
        pane = opened("clip-gauge", history)
        assert isinstance(pane, ClipGaugePane)
        with qtbot.waitSignal(pane.drawn):
            pane.set_training(_settings(mode, threshold))
            pane.data_changed()
        return pane

    return show


@pytest.mark.parametrize("first", [0, 5])
def test_curves_are_the_norms_logarithms_and_the_angles(
    gauge: Callable[..., ClipGaugePane], first: int
) -> None:
    history = _history(first=first)
    pane = gauge(history)
    steps = [epoch.steps for epoch in history.epochs]
    before = np.concatenate([s.gradient_norm for s in steps])
    after = np.concatenate([s.clipped_norm for s in steps])
    cosines = np.concatenate([s.clip_cosine for s in steps])
    ends = first + np.arange(1, before.size + 1) / STEPS
    turned = np.array([math.degrees(math.acos(cosine)) for cosine in cosines])
    for curve, wanted in (
        (pane.before, np.log10(before)),
        (pane.after, np.log10(after)),
        (pane.angle, turned),
    ):
        x, y = curve.getData()
        # few steps: a group is one step, whose lowest is its highest
        np.testing.assert_allclose(x.reshape(-1, 2), np.column_stack((ends, ends)))
        np.testing.assert_allclose(y.reshape(-1, 2), np.column_stack((wanted, wanted)))
    low, high = pane.plot.getViewBox().viewRange()[1]
    assert low < np.log10(before).min() < np.log10(before).max() < high


def test_steps_that_are_not_finite_are_marked_where_they_happened(
    gauge: Callable[..., ClipGaugePane],
) -> None:
    history = _history(2)
    history.epochs[1].steps.gradient_norm[[2, 4]] = math.nan, math.inf
    again = RunHistory(history.started)
    for epoch in history.epochs:
        again.add_epoch(epoch)
    pane = gauge(again)
    assert pane.nonfinite.isVisible()
    np.testing.assert_allclose(pane.nonfinite.getData()[0], [3 / STEPS, 5 / STEPS])
    assert not np.isinf(pane.before.getData()[1]).any()
    assert pane.headline.text() == "✕ 2 steps not finite"
    assert "2 of 6 steps" in pane.caption.text()


def test_caption_and_headline_name_the_shares(
    gauge: Callable[..., ClipGaugePane], qtbot: QtBot
) -> None:
    history = _history()
    pane = gauge(history, "value")
    before = np.concatenate([e.steps.gradient_norm for e in history.epochs])
    newest, all_of = np.mean(before[-STEPS:] > 1.0), np.mean(before > 1.0)
    assert f"{newest:.0%} of 6 steps were clipped ({all_of:.0%} of all 12)" in (pane.caption.text())
    assert f"{newest:.0%} clipped" in pane.headline.text()
    with qtbot.waitSignal(pane.drawn):
        pane.set_epoch(1)
    assert f"Epoch 1: {np.mean(before[:STEPS] > 1.0):.0%} of 6 steps" in pane.caption.text()


def test_when_clipping_is_off_it_says_so_and_offers_a_way(
    gauge: Callable[..., ClipGaugePane], qtbot: QtBot
) -> None:
    history = RunHistory(_history(1).started)
    for number in range(2):
        norms = np.full(STEPS * number, 3.0)
        steps = StepStats(norms, norms, norms, np.ones_like(norms))
        table = LayerTable.empty(1, 16)
        history.add_epoch(EpochStats(number, 1.0, None, None, None, 0.1, 0.1, 1.0, table, steps))
    pane = gauge(history, "none", 2.0)
    assert pane.headline.text() == "○ clipping is off"
    assert "a threshold of 2 by norm would clip 100% of the steps" in pane.caption.text()
    np.testing.assert_allclose(pane.before.getData()[1], np.log10(3.0))
    pane.mode_box.setFocus()
    with qtbot.waitSignal(pane.setting_chosen) as chosen:
        qtbot.keyClick(pane.mode_box, Qt.Key.Key_Down)
    assert chosen.args == ["clip_mode", "norm", None]


def _mouse(widget: QWidget, kind: QEvent.Type, place: QPoint, pressed: bool) -> None:
    """Send a mouse event as Qt does: with the button that is down while the pointer moves."""
    left, none = Qt.MouseButton.LeftButton, Qt.MouseButton.NoButton
    button = none if kind is QEvent.Type.MouseMove else left
    event = QMouseEvent(
        kind,
        QPointF(place),
        QPointF(widget.mapToGlobal(place)),
        button,
        left if pressed else none,
        Qt.KeyboardModifier.NoModifier,
    )
    QApplication.sendEvent(widget, event)


def _pixel(pane: ClipGaugePane, x: float, y: float) -> QPoint:
    return pane.plot.mapFromScene(pane.plot.getViewBox().mapViewToScene(QPointF(x, y)))


def _drag_line(pane: ClipGaugePane, qtbot: QtBot, to: float) -> None:
    """Drag the threshold with the mouse to a height of the plot."""
    start, end = _pixel(pane, 1.0, float(pane.line.value())), _pixel(pane, 1.0, to)
    port = pane.plot.viewport()
    _mouse(port, QEvent.Type.MouseMove, start, False)
    qtbot.wait(40)  # the scene looks at one move in some milliseconds
    _mouse(port, QEvent.Type.MouseMove, start + QPoint(1, 0), False)
    _mouse(port, QEvent.Type.MouseButtonPress, start, True)
    for step in range(1, 9):
        _mouse(port, QEvent.Type.MouseMove, start + (end - start) * (step / 8), True)
        qtbot.wait(15)
    _mouse(port, QEvent.Type.MouseButtonRelease, end, False)


def test_a_drag_moves_the_documents_threshold_in_one_undo_step(
    gauge: Callable[..., ClipGaugePane], document: Document, qtbot: QtBot
) -> None:
    pane = gauge(_history())
    document.do(SetTraining({"clip_mode": "norm"}))
    steps_before = document.undo_stack.count()
    values: list[float] = []

    def edit(name: str, value: float, key: object) -> None:
        assert name == "clip_threshold"
        values.append(value)
        document.do(SetTraining({name: value}), key)
        pane.set_training(document.graph.training)

    pane.setting_chosen.connect(edit)
    with qtbot.assertNotEmitted(pane.epoch_chosen):
        _drag_line(pane, qtbot, 0.75)
    assert len(values) > 2
    assert values == sorted(values)
    assert values[-1] == pytest.approx(10.0**0.75, rel=0.05)
    assert document.graph.training["clip_threshold"] == values[-1] == pane.threshold
    assert pane.threshold_box.value() == values[-1]
    assert pane.line.value() == pytest.approx(math.log10(values[-1]))
    assert document.undo_stack.count() == steps_before + 1
    _drag_line(pane, qtbot, 0.2)
    assert document.undo_stack.count() == steps_before + 2
    assert values[-1] == pytest.approx(10.0**0.2, rel=0.05)
    _undo(document.undo_stack, pane, document)
    assert pane.threshold == pytest.approx(10.0**0.75, rel=0.05)
    _undo(document.undo_stack, pane, document)
    assert pane.threshold == 1.0


def _undo(stack: QUndoStack, pane: ClipGaugePane, document: Document) -> None:
    stack.undo()
    pane.set_training(document.graph.training)


@pytest.mark.parametrize(
    ("key", "wanted"),
    [
        (Qt.Key.Key_Plus, 1.1),
        (Qt.Key.Key_Minus, 0.99),
        (Qt.Key.Key_PageUp, 2.0),
        (Qt.Key.Key_PageDown, 0.9),
    ],
)
def test_keys_move_the_threshold(
    gauge: Callable[..., ClipGaugePane], qtbot: QtBot, key: Qt.Key, wanted: float
) -> None:
    pane = gauge(_history())
    with qtbot.waitSignal(pane.setting_chosen) as chosen:
        qtbot.keyClick(pane, key)
    name, value, merge_key = chosen.args
    assert name == "clip_threshold"
    assert value == pytest.approx(wanted)
    assert merge_key == ("training", "clip_threshold")


def test_a_typed_threshold_is_sent_when_it_is_complete(
    gauge: Callable[..., ClipGaugePane], qtbot: QtBot
) -> None:
    pane = gauge(_history())
    sent: list[object] = []
    pane.setting_chosen.connect(lambda _name, value, _key: sent.append(value))
    pane.threshold_box.setFocus()
    pane.threshold_box.selectAll()
    qtbot.keyClicks(pane.threshold_box, "0.025")
    assert sent == []
    qtbot.keyClick(pane.threshold_box, Qt.Key.Key_Return)
    assert sent == [0.025]
    assert pane.threshold_box.text() == "0.025"


def test_settings_from_elsewhere_are_shown_and_not_sent_back(
    gauge: Callable[..., ClipGaugePane], qtbot: QtBot
) -> None:
    pane = gauge(_history())
    with qtbot.assertNotEmitted(pane.setting_chosen, wait=20):
        pane.set_training(_settings("layer", 0.5))
    assert pane.mode_box.currentData() == "layer"
    assert pane.threshold_box.value() == 0.5
    assert pane.line.value() == pytest.approx(math.log10(0.5))
    assert (
        pane.line.label.toPlainText() == "threshold 0.5: longer gradients of a layer are cut to it"
    )


def test_the_threshold_is_in_the_picture_when_it_cuts(
    gauge: Callable[..., ClipGaugePane], qtbot: QtBot
) -> None:
    pane = gauge(_history(), "norm", 1e4)
    assert pane.plot.getViewBox().viewRange()[1][1] > 4.0
    with qtbot.waitSignal(pane.drawn):
        pane.set_training(_settings("none", 1e4))
    assert pane.plot.getViewBox().viewRange()[1][1] < 3.0


def test_the_pointer_reads_a_step_and_chooses_its_epoch(
    gauge: Callable[..., ClipGaugePane],
) -> None:
    history = _history(first=5)
    pane = gauge(history)
    steps = history.epochs[2].steps
    text, layer = pane.read_at(QPointF(6 + 2 / STEPS, 0.0), 0)
    assert layer is None
    assert text.startswith(f"epoch 7, step 2: norm {steps.gradient_norm[1]:.3g}")
    assert ("not clipped" in text) == (steps.gradient_norm[1] <= 1.0)
    assert [pane.epoch_at(QPointF(x, 0.0), 0) for x in (0.0, 6.1, 99.0)] == [0, 1, 2]


def test_the_csv_holds_a_row_a_step(gauge: Callable[..., ClipGaugePane], tmp_path: Path) -> None:
    history = _history()
    gauge(history).taking.save(tmp_path / "clip.csv")
    with (tmp_path / "clip.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    norms = np.concatenate([epoch.steps.gradient_norm for epoch in history.epochs])
    np.testing.assert_array_equal([float(row["gradient_norm"]) for row in rows], norms)
    assert [(row["epoch"], row["step"]) for row in rows[5:7]] == [("1", "6"), ("2", "1")]


def test_colours_follow_the_theme(
    gauge: Callable[..., ClipGaugePane], themes: ThemeSource, qtbot: QtBot
) -> None:
    pane = gauge(_history())
    with qtbot.waitSignal(pane.drawn):
        themes.choose("dark")
    assert pane.before.opts["pen"].color().name() == DARK.series[1]
    assert pane.line.label.color.name() == DARK.text


@pytest.mark.parametrize("height", [180, 260, 600])
def test_the_words_on_the_threshold_have_room_above_every_norm(
    gauge: Callable[..., ClipGaugePane], qtbot: QtBot, height: int
) -> None:
    history = _history(smallest=-12.0)
    largest = max(float(epoch.steps.gradient_norm.max(initial=0.0)) for epoch in history.epochs)
    pane = gauge(history, threshold=largest)
    pane.resize(420, height)

    def seen() -> bool:
        words, box = pane.line.label, pane.plot.getViewBox()
        top = box.sceneBoundingRect().top()
        return bool(words.sceneBoundingRect().top() > top - 0.5)

    qtbot.waitUntil(seen)


@pytest.mark.parametrize(
    ("width", "ends"), [(600, "longer gradients are cut to it"), (300, "threshold 0.25")]
)
def test_a_narrow_plot_has_fewer_words_on_the_threshold(
    gauge: Callable[..., ClipGaugePane], qtbot: QtBot, width: int, ends: str
) -> None:
    pane = gauge(_history(), threshold=0.25)
    pane.resize(width, 320)
    words, box = pane.line.label, pane.plot.getViewBox()
    qtbot.waitUntil(lambda: words.toPlainText().endswith(ends))
    assert words.sceneBoundingRect().right() <= box.sceneBoundingRect().right()
