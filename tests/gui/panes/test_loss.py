"""What the loss pane draws besides losses, read back from its items."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QTextDocumentFragment
from PySide6.QtWidgets import QLabel
from pytestqt.qtbot import QtBot

from engine.stats import EpochStats
from engine.training import RunHistory, RunStarted
from gui.panes.loss import LossPane
from gui.panes.pane import Pane

Open = Callable[..., Pane]
STEPS = 6


def _loss(pane: Pane) -> LossPane:
    assert isinstance(pane, LossPane)
    return pane


def _choose(pane: LossPane, title: str, qtbot: QtBot) -> None:
    with qtbot.waitSignal(pane.drawn):
        pane.aside.setCurrentText(title)
        pane.aside.textActivated.emit(title)


def _key(pane: LossPane) -> str:
    texts = [label.text().replace("&nbsp;", " ") for label in pane.findChildren(QLabel)]
    return next(text for text in texts if "training" in text and "<b" in text)


def _right_axis(pane: LossPane) -> Any:
    return pane.plot.getPlotItem().getAxis("right")


@pytest.fixture
def scheduled(started: Callable[[int], RunStarted], stats: Callable[..., EpochStats]) -> RunHistory:
    """A run whose learning rate falls by three decades, whose seconds differ and whose second epoch was clipped."""
    run = RunHistory(started(5))
    for number in range(5):
        epoch = replace(stats(number), learning_rate=10.0**-number, seconds=0.5 + number)
        if number == 2:
            after = epoch.steps.gradient_norm - [0, 0.1, 0.1, 0, 0, 0.1]
            epoch = replace(epoch, steps=replace(epoch.steps, clipped_norm=after))
        run.add_epoch(epoch)
    return run


@pytest.mark.parametrize(
    ("title", "name", "heights", "label"),
    [
        ("learning rate", "learning_rate", [-1, -2, -3, -4], "learning rate"),
        ("time", "seconds", [1.5, 2.5, 3.5, 4.5], "seconds an epoch"),
    ],
)
def test_the_right_axis_shows_what_was_asked_for(
    opened: Open, scheduled: RunHistory, qtbot: QtBot, title: str, name: str,
    heights: list[float], label: str,
) -> None:  # fmt: skip
    pane = _loss(opened("loss", scheduled))
    assert pane.curves["train_accuracy"].isVisible()
    assert not pane.curves[name].isVisible()
    _choose(pane, title, qtbot)
    assert not pane.curves["train_accuracy"].isVisible()
    np.testing.assert_allclose(pane.curves[name].getData(), ([1, 2, 3, 4], heights))
    assert _right_axis(pane).labelText == label
    assert _right_axis(pane).logMode == (title == "learning rate")
    assert label in _key(pane)
    low, high = _right_axis(pane).linkedView().viewRange()[1]
    assert low < min(heights) < max(heights) < high
    _choose(pane, "accuracy", qtbot)
    assert pane.curves["train_accuracy"].isVisible()
    assert _right_axis(pane).labelText == "accuracy, %"
    assert not _right_axis(pane).logMode


def test_a_run_without_accuracy_shows_its_learning_rate(
    opened: Open, history: RunHistory, started: Callable[[int], RunStarted], qtbot: QtBot
) -> None:
    run = RunHistory(started(5))
    for epoch in history.epochs:
        run.add_epoch(replace(epoch, train_accuracy=None, validation_accuracy=None))
    pane = _loss(opened("loss", run))
    assert pane.aside.currentText() == "learning rate"
    assert pane.curves["learning_rate"].getData()[1].tolist() == [0.01] * 3
    with qtbot.waitSignal(pane.drawn):
        pane.show_history(history)
    assert pane.aside.currentText() == "accuracy"
    assert pane.curves["train_accuracy"].isVisible()


def test_clipped_steps_are_ticks_and_a_share(opened: Open, scheduled: RunHistory) -> None:
    pane = _loss(opened("loss", scheduled))
    places, heights = pane.clipped.getData()
    np.testing.assert_allclose(places[::2], [1 + 2 / STEPS, 1 + 3 / STEPS, 2.0])
    np.testing.assert_allclose(places[1::2], places[::2])
    assert heights.tolist() == [0.0, 1.0] * 3
    assert "12% clipped" in _key(pane)
    assert "12% of the steps were clipped" in pane.caption.text()
    assert "100% of the steps here were clipped" in pane.read_at(QPointF(1.3, 0.0), 0)[0]
    assert "clipped" not in pane.read_at(QPointF(1.1, 0.0), 0)[0]


def test_a_share_of_less_than_a_percent_is_read_as_it_is_written(
    opened: Open, started: Callable[[int], RunStarted], stats: Callable[..., EpochStats]
) -> None:
    run = RunHistory(started(5))
    for number in range(40):
        epoch = stats(number)
        if number == 20:
            after = epoch.steps.gradient_norm - [0, 0, 0, 0, 0, 0.1]
            epoch = replace(epoch, steps=replace(epoch.steps, clipped_norm=after))
        run.add_epoch(epoch)
    pane = _loss(opened("loss", run))
    shown = QTextDocumentFragment.fromHtml(_key(pane)).toPlainText()
    assert "<1% clipped" in shown
    assert "<1% of the steps were clipped" in pane.caption.text()


def test_without_clipping_nothing_speaks_of_it(opened: Open, history: RunHistory) -> None:
    pane = _loss(opened("loss", history))
    assert not pane.clipped.isVisible()
    assert "clipped" not in _key(pane) + pane.caption.text()


def test_the_shown_and_the_pinned_epoch_are_marked(
    opened: Open, history: RunHistory, qtbot: QtBot
) -> None:
    pane = _loss(opened("loss", history))
    assert not pane.now_line.isVisible()
    assert not pane.pinned_line.isVisible()
    with qtbot.waitSignal(pane.drawn):
        pane.set_epoch(2)
        pane.set_pinned(1)
    assert (pane.now_line.value(), pane.pinned_line.value()) == (2, 1)
    assert pane.now_line.isVisible()
    assert pane.pinned_line.isVisible()
    assert "pinned: epoch 1" in _key(pane)
    assert pane.caption.text().startswith("Epoch 2: ")
    assert "since epoch 1: " in pane.caption.text()
    accuracy = history.epochs[2].validation_accuracy
    assert pane.headline.text() == f"validation {accuracy:.1%}"
    with qtbot.waitSignal(pane.drawn):
        pane.set_epoch(None)
        pane.set_pinned(None)
    assert not pane.now_line.isVisible()
    assert "pinned" not in _key(pane)


@pytest.mark.parametrize("place", [0.0, 1.6, 3.0, 7.0, -2.0])
def test_a_click_moves_the_playhead_to_the_nearest_epoch(
    opened: Open, history: RunHistory, qtbot: QtBot, place: float
) -> None:
    pane = _loss(opened("loss", history))
    box = pane.plot.getViewBox()
    wanted = int(np.clip(round(place), 0, 3))
    assert pane.epoch_at(QPointF(place, 0.0), 0) == wanted
    if 0 <= place <= 3:
        spot = pane.plot.mapFromScene(box.mapViewToScene(QPointF(place, 0.3)))
        with qtbot.waitSignal(pane.epoch_chosen) as chosen:
            qtbot.mouseClick(pane.plot.viewport(), Qt.MouseButton.LeftButton, pos=spot)
        assert chosen.args == [wanted]


def test_moving_the_playhead_does_not_draw_the_curves_anew(
    opened: Open, history: RunHistory, stats: Callable[..., EpochStats], qtbot: QtBot
) -> None:
    pane = _loss(opened("loss", history))
    changes: list[object] = []
    pane.curves["train_loss"].sigPlotChanged.connect(changes.append)
    for epoch in (0, 1, 2):
        with qtbot.waitSignal(pane.drawn):
            pane.set_epoch(epoch)
    assert changes == []
    history.add_epoch(stats(4))
    with qtbot.waitSignal(pane.drawn):
        pane.data_changed()
    assert len(changes) == 1
    assert pane.curves["train_loss"].getData()[0].size == 5
