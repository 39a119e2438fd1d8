"""What the panes draw and say, read back from their items and compared with the run's own numbers."""

import time
from collections.abc import Callable, Iterable
from typing import Any

import msgspec
import numpy as np
import pytest
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QPoint, QPointF, QRect, Qt, QTimer
from PySide6.QtGui import QEnterEvent, QFontMetrics
from PySide6.QtWidgets import QApplication, QCheckBox, QDockWidget, QLabel, QMainWindow
from pytestqt.qtbot import QtBot

from engine.stats import EpochStats
from engine.training import RunHistory, RunStarted
from gui.common.theme import DARK, ThemeSource
from gui.panes import PANES
from gui.panes.gradient_flow import GradientFlowPane
from gui.panes.loss import LossPane
from gui.panes.pane import Pane

Floats = NDArray[np.float64]
Open = Callable[..., Pane]
Start = Callable[[int], RunStarted]
Stats = Callable[..., EpochStats]
STEPS = 6
SERIES = ("train_loss", "validation_loss", "train_accuracy", "validation_accuracy")
NAMES = [spec.name for spec in PANES]
DRAWN = [name for name in NAMES if name not in {"batch-norm", "through-time", "decision-surface"}]
"""Those that have something to draw of the fixture's run, which has neither batch norm nor time nor a plane."""


def _lessons(pane: Pane) -> list[str]:
    texts = (label.text() for label in pane.findChildren(QLabel) if label.isVisible())
    return [text for text in texts if "Press Run (F5)" in text]


def _box(pane: Pane, title: str) -> QCheckBox:
    return next(box for box in pane.findChildren(QCheckBox) if box.text() == title)


def _set_epoch(pane: Pane, epoch: int, qtbot: QtBot) -> None:
    with qtbot.waitSignal(pane.drawn):
        pane.set_epoch(epoch)


def _assert_drawn(item: Any, x: Iterable[float], y: Iterable[float]) -> None:
    assert item.isVisible()
    np.testing.assert_allclose(item.getData(), (list(x), list(y)))


@pytest.mark.parametrize(
    ("column", "title", "rows"),
    [
        ("activation_gradient_rms", "∂L/∂z", [0, 1, 2, 3, 4]),
        ("weight_gradient_rms", "∂L/∂W", [0, 2, 4]),
        ("activation_std", "activation σ", [0, 1, 2, 3, 4]),
        ("update_ratio", "update : weight", [0, 2, 4]),
    ],
)
def test_flow_curves_are_the_columns_logarithms(
    opened: Open, history: RunHistory, qtbot: QtBot, column: str, title: str, rows: list[int]
) -> None:
    pane = opened("gradient-flow", history)
    assert isinstance(pane, GradientFlowPane)
    curve = pane.curves[column]
    (action,) = (a for a in pane.keys.menu.menu().actions() if a.text() == title)
    key = pane.keys.quantities[column]
    assert curve.isVisible() == key.isVisible() == action.isChecked()
    for _ in range(2 if action.isChecked() else 1):
        with qtbot.waitSignal(pane.drawn):
            action.trigger()
        assert curve.isVisible() == key.isVisible() == action.isChecked()
    logs = np.log10(getattr(history.epochs[-1].layers, column)[rows])
    _assert_drawn(curve, rows, logs)
    _assert_drawn(pane.points[column], rows, logs)
    low, high = pane.plot.getViewBox().viewRange()[1]
    assert low < logs.min() < logs.max() < high


def test_zero_infinite_and_missing_gradients_look_different(
    opened: Open, started: Start, stats: Stats
) -> None:
    first, *others = started(6).layers
    epoch = stats(0, 6)
    epoch.layers.activation_gradient_rms[:] = [np.nan, 0.0, 1e-3, np.inf, np.nan, 1.0]
    epoch.layers.update_ratio[:] = np.nan
    start = RunStarted(1, (*others, first), 9, STEPS, 8, 100, 80, 20, "begins with a ReLU")
    pane = opened("gradient-flow", RunHistory(start, [epoch]))
    assert isinstance(pane, GradientFlowPane)
    assert pane.zeros.getData()[0].tolist() == [1]
    assert pane.nonfinite.getData()[0].tolist() == [3, 4]
    _assert_drawn(pane.curves["activation_gradient_rms"], [2, 5], [-3.0, 0.0])
    assert not pane.curves["update_ratio"].isVisible()


@pytest.mark.parametrize("logarithmic", [False, True])
def test_loss_curves_are_losses_and_percentages(
    opened: Open, history: RunHistory, qtbot: QtBot, logarithmic: bool
) -> None:
    pane = opened("loss", history)
    assert isinstance(pane, LossPane)
    if logarithmic:
        with qtbot.waitSignal(pane.drawn):
            _box(pane, "log scale").setChecked(True)
    scale = np.log10 if logarithmic else np.array
    for name in SERIES:
        values = np.array([getattr(epoch, name) for epoch in history.epochs])
        heights = values * 100 if name.endswith("accuracy") else scale(values)
        _assert_drawn(pane.curves[name], range(4), heights)
        _assert_drawn(pane.points[name], range(4), heights)
    losses = np.concatenate([epoch.steps.loss for epoch in history.epochs])
    _assert_drawn(pane.steps, np.arange(1, losses.size + 1) / STEPS, scale(losses))
    low, high = pane.plot.getViewBox().viewRange()[1]
    assert low < scale(losses).min() < scale(losses).max() < high


def test_a_loss_that_is_not_finite_is_marked_where_it_happened(
    opened: Open, started: Start, stats: Stats
) -> None:
    run, broken = RunHistory(started(5)), stats(1)
    broken.steps.loss[[1, 4]] = np.nan, np.inf
    for epoch in (stats(0), broken):
        run.add_epoch(epoch)
    pane = opened("loss", run)
    assert isinstance(pane, LossPane)
    np.testing.assert_allclose(pane.nonfinite.getData()[0], [2 / STEPS, 5 / STEPS])
    assert pane.steps.getData()[1].tolist() == broken.steps.loss[[0, 2, 3, 5]].tolist()


@pytest.mark.parametrize("name", NAMES)
def test_an_empty_pane_teaches_until_the_first_epoch(
    opened: Open, history: RunHistory, qtbot: QtBot, name: str
) -> None:
    pane = opened(name)
    assert len(_lessons(pane)[0]) > 100
    assert not pane.caption.isVisible()
    with qtbot.waitSignal(pane.drawn):
        pane.show_history(RunHistory(history.started))
    assert len(_lessons(pane)) == 1
    with qtbot.waitSignal(pane.drawn):
        pane.show_history(history)
    assert _lessons(pane) == []
    assert pane.caption.isVisible() == (name in DRAWN)
    assert pane.accessibleDescription().startswith("Epoch 3: ") == (name in DRAWN)


@pytest.mark.parametrize("name", NAMES)
def test_a_pane_that_is_first_shown_as_a_run_begins_teaches_too(
    themes: ThemeSource, history: RunHistory, qtbot: QtBot, name: str
) -> None:
    pane = next(spec for spec in PANES if spec.name == name).factory(themes)
    qtbot.addWidget(pane)
    pane.show_history(RunHistory(history.started))
    pane.show()
    qtbot.waitUntil(lambda: bool(_lessons(pane)), timeout=1_000)


@pytest.mark.parametrize("name", DRAWN)
def test_the_caption_is_a_sentence_about_the_newest_epoch(
    opened: Open, history: RunHistory, name: str
) -> None:
    caption = opened(name, history).caption.text()
    assert caption.startswith("Epoch 3: ")
    assert caption.endswith(".")


@pytest.mark.parametrize("name", NAMES)
def test_a_hidden_pane_draws_what_it_missed_when_it_is_shown(
    opened: Open, history: RunHistory, stats: Stats, qtbot: QtBot, name: str
) -> None:
    pane = opened(name, history)
    pane.hide()
    history.add_epoch(stats(4))
    with qtbot.assertNotEmitted(pane.drawn, wait=60):
        pane.data_changed()
    with qtbot.waitSignal(pane.drawn):
        pane.show()
    assert pane.caption.text().startswith("Epoch 4: ") == (name in DRAWN)


@pytest.mark.parametrize("name", ["activations", "weights", "gradient-flow", "loss"])
def test_the_caption_takes_the_lines_that_it_needs_at_each_width(
    opened: Open, history: RunHistory, stats: Stats, qtbot: QtBot, name: str
) -> None:
    pane = opened(name, history)
    metrics = QFontMetrics(pane.caption.font())
    for epoch, width in ((4, 300), (5, 900), (6, 500)):
        said = [pane.caption.text()]
        with qtbot.waitSignal(pane.drawn):
            pane.resize(width, 360)
        history.add_epoch(stats(epoch))
        with qtbot.waitSignal(pane.drawn):
            pane.data_changed()
        qtbot.wait(40)
        said.append(pane.caption.text())
        room = QRect(0, 0, pane.caption.width(), 999)
        needed = [
            metrics.boundingRect(room, Qt.TextFlag.TextWordWrap, text).height() for text in said
        ]
        assert abs(pane.caption.height() - max(needed)) < metrics.height()


def test_a_pane_behind_another_tab_is_drawn_when_its_tab_is_raised(
    themes: ThemeSource, history: RunHistory, qtbot: QtBot
) -> None:
    window, area = QMainWindow(), Qt.DockWidgetArea.BottomDockWidgetArea
    qtbot.addWidget(window)
    panes = [spec.factory(themes) for spec in PANES if spec.name in ("loss", "gradient-flow")]
    docks = [QDockWidget(pane.accessibleName()) for pane in panes]
    for dock, pane in zip(docks, panes, strict=True):
        dock.setWidget(pane)
        window.addDockWidget(area, dock)
    window.tabifyDockWidget(*docks)
    docks[0].raise_()
    window.resize(640, 480)
    window.show()
    qtbot.waitUntil(lambda: panes[0].width() > 600)
    with qtbot.assertNotEmitted(panes[1].drawn, wait=100), qtbot.waitSignal(panes[0].drawn):
        for pane in panes:
            pane.show_history(history)
    with qtbot.waitSignal(panes[1].drawn):
        docks[1].raise_()
    qtbot.waitUntil(lambda: panes[1].width() > 600)
    caption = panes[1].caption
    assert caption.text().startswith("Epoch 3: ")
    assert caption.height() <= caption.heightForWidth(600)


def test_a_flood_of_changes_is_drawn_sixty_times_a_second_at_most(
    opened: Open, history: RunHistory, qtbot: QtBot
) -> None:
    pane, frames, flood = opened("loss", history), [], QTimer()
    pane.drawn.connect(lambda: frames.append(time.perf_counter()))
    flood.timeout.connect(pane.data_changed)
    flood.start(0)
    qtbot.waitUntil(lambda: len(frames) > 12)
    flood.stop()
    assert np.diff(frames).mean() > 0.014  # the timers are whole milliseconds, and coarse


def test_curves_take_the_colours_of_another_theme(
    opened: Open, history: RunHistory, themes: ThemeSource
) -> None:
    flow, loss = opened("gradient-flow", history), opened("loss", history)
    assert isinstance(flow, GradientFlowPane)
    assert isinstance(loss, LossPane)
    themes.choose("dark")
    colors = [curve.pen.color().name() for curve in flow.curves.values()]
    assert colors == list(DARK.series[:4])
    assert loss.curves["validation_loss"].opts["pen"].color().name() == DARK.series[1]


def test_a_run_that_went_on_keeps_its_epochs_numbers(
    opened: Open, started: Start, stats: Stats
) -> None:
    run = RunHistory(msgspec.structs.replace(started(5), first_epoch=7))
    for epoch in (7, 8, 9):
        run.add_epoch(stats(epoch))
    pane = opened("loss", run)
    assert isinstance(pane, LossPane)
    assert pane.curves["train_loss"].getData()[0].tolist() == [7, 8, 9]
    assert pane.steps.getData()[0].min() > 7
    assert pane.read_at(QPointF(8.2, 0.0), 0)[0].startswith("epoch 8:")
    left, right = pane.plot.getViewBox().viewRange()[0]
    assert 6.5 < left < 7 < 9 < right
    best = int(np.argmax([e.validation_accuracy for e in run.epochs]))
    assert f"at epoch {run.epochs[best].epoch}" in pane.caption.text()


@pytest.mark.parametrize("name", DRAWN)
def test_a_caption_never_stands_over_the_panes_border(
    opened: Open, history: RunHistory, qtbot: QtBot, name: str
) -> None:
    pane, places = opened(name), []
    pane.drawn.connect(
        lambda: places.append(pane.caption.mapTo(pane, pane.caption.rect().bottomLeft()))
    )
    with qtbot.waitSignal(pane.drawn):
        pane.show_history(history)
    assert places
    assert all(place.y() < pane.height() - 4 for place in places)


def test_the_same_caption_of_another_run_has_its_room(
    opened: Open, history: RunHistory, qtbot: QtBot
) -> None:
    pane = opened("loss", history)
    height = pane.caption.height()
    assert height == pane.caption.heightForWidth(pane.caption.width())
    with qtbot.waitSignal(pane.drawn):
        pane.show_history(history)
    qtbot.waitUntil(lambda: pane.caption.height() == height)


def test_a_caption_takes_no_more_room_than_its_width_asks_for(
    opened: Open, history: RunHistory, qtbot: QtBot
) -> None:
    pane = opened("gradient-flow", history)
    with qtbot.waitSignal(pane.drawn):
        pane.resize(300, 360)
    qtbot.wait(50)
    narrow = pane.caption.height()
    assert narrow == pane.caption.heightForWidth(pane.caption.width())
    with qtbot.waitSignal(pane.drawn):
        pane.resize(900, 360)
    qtbot.waitUntil(lambda: pane.caption.height() < narrow)
    assert pane.caption.height() == pane.caption.heightForWidth(pane.caption.width())


def test_a_caption_can_be_marked_with_the_mouse_while_the_pointer_is_on_it(
    opened: Open, history: RunHistory, qtbot: QtBot
) -> None:
    label = opened("loss", history).caption
    off = Qt.TextInteractionFlag.NoTextInteraction
    assert label.textInteractionFlags() == off
    centre = QPointF(label.rect().center())
    qtbot.mouseMove(label)
    QApplication.sendEvent(label, QEnterEvent(centre, centre, QPointF(label.mapToGlobal(centre))))
    qtbot.mouseDClick(label, Qt.MouseButton.LeftButton, pos=QPoint(12, 6))
    assert label.selectedText() == "Epoch"
    QApplication.sendEvent(label, QEvent(QEvent.Type.Leave))
    assert label.selectedText() == "Epoch"
