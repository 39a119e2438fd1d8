"""Gradient flow: the heat map, the order of layers, the theory and the pinned epoch, read back from the items."""

import csv
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from numpy.typing import NDArray
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QAction
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QComboBox
from pytestqt.qtbot import QtBot

from engine.stats import EpochStats
from engine.training import LayerInfo, RunHistory, RunStarted
from gui.panes.flow_legend import FlowMenu
from gui.panes.gradient_flow import GradientFlowPane
from gui.panes.heat import NONE, NONFINITE, ZERO, logs_of
from gui.panes.pane import Pane
from gui.panes.theory import ShownTheory

Open = Callable[..., Pane]
Start = Callable[[int], RunStarted]
Stats = Callable[..., EpochStats]
Theory = Callable[..., ShownTheory]
GRADIENT, SPREAD = "activation_gradient_rms", "activation_std"


@pytest.fixture
def flow(opened: Open) -> Callable[[RunHistory | None], GradientFlowPane]:
    """Opens the pane."""

    def show(run: RunHistory | None = None) -> GradientFlowPane:
        pane = opened("gradient-flow", run)
        assert isinstance(pane, GradientFlowPane)
        return pane

    return show


Flow = Callable[..., GradientFlowPane]


def _change(pane: Pane, qtbot: QtBot, act: Callable[[], object]) -> None:
    with qtbot.waitSignal(pane.drawn):
        act()


def _switch(pane: Pane, title: str) -> QAction:
    """Of the menu, by its title."""
    actions = (a for menu in pane.findChildren(FlowMenu) for a in menu.menu().actions())
    return next(action for action in actions if action.text() == title)


def _show_map(pane: Pane, qtbot: QtBot, quantity: str = "∂L/∂z") -> None:
    (choice,) = pane.findChildren(QComboBox)
    choice.setCurrentText(quantity)
    _change(pane, qtbot, _switch(pane, "Heat map").trigger)


def _worst_first(pane: Pane, qtbot: QtBot) -> None:
    _change(pane, qtbot, _switch(pane, "Worst first").trigger)


def _map(pane: GradientFlowPane) -> NDArray[Any]:
    return logs_of(pane.heat.image.image, *pane.heat.levels)


def _half_a_step(pane: GradientFlowPane) -> float:
    low, high = pane.heat.levels
    return (high - low) / 252 / 2 + 1e-9


def _run(started: Start, stats: Stats, layers: int, epochs: int) -> RunHistory:
    run = RunHistory(started(layers))
    for epoch in range(epochs):
        run.add_epoch(stats(epoch, layers))
    return run


@pytest.mark.parametrize(
    ("column", "title", "rows"),
    [
        (GRADIENT, "∂L/∂z", [0, 1, 2, 3, 4]),
        ("weight_gradient_rms", "∂L/∂W", [0, 2, 4]),
        ("activation_std", "activation σ", [0, 1, 2, 3, 4]),
        ("update_ratio", "update : weight", [0, 2, 4]),
    ],
)
def test_the_heat_map_is_the_columns_logarithms_over_epochs(
    flow: Flow, history: RunHistory, qtbot: QtBot, column: str, title: str, rows: list[int]
) -> None:
    pane = flow(history)
    _show_map(pane, qtbot, title)
    assert pane.heat.image.isVisible()
    assert not any(item.isVisible() for item in pane.lines.items)
    logs = np.log10([getattr(epoch.layers, column)[rows] for epoch in history.epochs])
    np.testing.assert_allclose(_map(pane), logs, atol=_half_a_step(pane))
    assert pane.order.tolist() == rows  # a layer that has none takes no room
    assert pane.read_at(QPointF(len(rows) - 1, 1.0), 0)[1] == "layer_4"
    low, high = pane.heat.levels
    assert low <= logs.min() < logs.max() <= high
    room = pane.heat.image.mapRectToParent(pane.heat.image.boundingRect())
    assert (room.left(), room.right(), room.top(), room.bottom()) == (
        -0.5, len(rows) - 0.5, -0.5, 3.5,
    )  # fmt: skip


@pytest.mark.parametrize("layers", [3, 100, 300])
def test_any_number_of_layers_is_one_image_and_one_curve(
    flow: Flow, started: Start, stats: Stats, qtbot: QtBot, layers: int
) -> None:
    run = _run(started, stats, layers, 3)
    pane = flow(run)
    items = len(pane.plot_items[0].items)
    gradients = run.epochs[-1].layers.activation_gradient_rms
    np.testing.assert_allclose(pane.curves[GRADIENT].getData()[1], np.log10(gradients))
    _show_map(pane, qtbot)
    assert pane.heat.image.image.shape == (3, layers)
    np.testing.assert_allclose(_map(pane)[-1], np.log10(gradients), atol=_half_a_step(pane))
    assert len(pane.plot_items[0].items) == items < 30


def test_zero_and_not_finite_stand_out_in_the_heat_map(
    flow: Flow, started: Start, stats: Stats, qtbot: QtBot
) -> None:
    epoch = stats(0, 4)
    epoch.layers.activation_gradient_rms[:] = [0.0, np.nan, 1e-3, 1.0]
    pane = flow(RunHistory(started(4), [epoch]))
    _show_map(pane, qtbot)
    assert pane.heat.image.image[0, :2].tolist() == [ZERO, NONFINITE]
    assert pane.heat.has_misfits


def test_the_update_ratio_before_any_update_is_none_and_not_broken(
    flow: Flow, started: Start, stats: Stats, qtbot: QtBot
) -> None:
    epochs = [stats(number, 3) for number in range(2)]
    epochs[0].layers.update_ratio[:] = np.nan
    pane = flow(RunHistory(started(3), epochs))
    _show_map(pane, qtbot, "update : weight")
    assert (pane.heat.image.image[0] == NONE).all()
    assert not pane.heat.has_misfits


def test_the_playhead_stands_at_the_shown_epoch_and_follows_the_newest(
    flow: Flow, history: RunHistory, stats: Stats, qtbot: QtBot
) -> None:
    pane = flow(history)
    _show_map(pane, qtbot)
    assert pane.heat.playhead.value() == 3
    _change(pane, qtbot, lambda: pane.set_epoch(1))
    assert pane.heat.playhead.value() == 1
    history.add_epoch(stats(4))
    _change(pane, qtbot, lambda: pane.set_epoch(None))
    assert pane.heat.playhead.value() == 4
    assert pane.heat.image.image.shape == (5, 5)


@pytest.mark.parametrize(("row", "epoch"), [(0, 0), (3, 2), (4, 3)])
def test_a_click_on_the_heat_map_chooses_layer_and_epoch(
    flow: Flow, history: RunHistory, qtbot: QtBot, row: int, epoch: int
) -> None:
    pane = flow(history)
    _show_map(pane, qtbot)
    place = pane.plot.mapFromScene(pane.plot.getViewBox().mapViewToScene(QPointF(row, epoch)))
    assert isinstance(place, QPoint)
    chosen: list[object] = []
    pane.layer_chosen.connect(chosen.append)
    pane.epoch_chosen.connect(chosen.append)
    qtbot.mouseClick(pane.plot.viewport(), Qt.MouseButton.LeftButton, pos=place)
    assert chosen == [f"layer_{row}", epoch]


def test_a_drag_over_the_heat_map_moves_playhead_and_layer(
    flow: Flow, history: RunHistory, qtbot: QtBot
) -> None:
    pane = flow(history)
    _show_map(pane, qtbot)
    box, view = pane.plot.getViewBox(), pane.plot.viewport()
    first, last = (
        pane.plot.mapFromScene(box.mapViewToScene(QPointF(*place))) for place in ((0, 0), (3, 2))
    )
    chosen: list[object] = []
    pane.layer_chosen.connect(chosen.append)
    pane.layer_chosen.connect(lambda node: pane.set_selected(frozenset([node])))
    pane.epoch_chosen.connect(chosen.append)
    qtbot.mousePress(view, Qt.MouseButton.LeftButton, pos=first)
    for part in (0.25, 0.5, 0.75, 1.0):
        QTest.mouseMove(view, first + (last - first) * part)
        qtbot.wait(20)
    qtbot.mouseRelease(view, Qt.MouseButton.LeftButton, pos=last)
    assert [epoch for epoch in chosen if isinstance(epoch, int)][-1] == 2
    assert [node for node in chosen if isinstance(node, str)][-1] == "layer_3"


def test_a_network_that_theory_does_not_cover_is_not_foretold(
    flow: Flow, theory: Theory, qtbot: QtBot
) -> None:
    pane = flow()
    reasons = dict.fromkeys(range(3), "The theory does not cover Linear 0 (Linear).")
    _change(pane, qtbot, lambda: pane.show_theory(theory(3, reasons=reasons)))
    assert not pane.caption.isVisible()


def test_lines_have_no_epochs_and_the_maps_are_counted_from_the_runs_first(
    flow: Flow, started: Start, stats: Stats, qtbot: QtBot
) -> None:
    run = RunHistory(msgspec.structs.replace(started(5), first_epoch=7))
    for epoch in (7, 8, 9):
        run.add_epoch(stats(epoch))
    pane = flow(run)
    assert pane.epoch_at(QPointF(1.0, 8.0), 0) is None
    _show_map(pane, qtbot)
    assert [pane.epoch_at(QPointF(1.0, y), 0) for y in (0.0, 7.2, 8.4, 9.0, 30.0)] == [
        0,
        0,
        1,
        2,
        2,
    ]
    value = run.epochs[1].layers.activation_gradient_rms[2]
    text, layer = pane.read_at(QPointF(2.1, 8.1), 0)
    assert (text, layer) == (f"Linear 2, epoch 8: ∂L/∂z {value:.3g}", "layer_2")


def test_worst_first_orders_lines_map_labels_and_pointer(
    flow: Flow, started: Start, stats: Stats, qtbot: QtBot
) -> None:
    epochs = [stats(number, 5) for number in range(2)]
    # decades from the last weight layer: 1, 3, 2, 4, 0
    epochs[1].layers.activation_gradient_rms[:] = [1e-1, 1e3, 1e-2, 1e-4, 1.0]
    run = RunHistory(started(5), epochs)
    pane = flow(run)
    _worst_first(pane, qtbot)
    assert pane.order.tolist() == [3, 1, 2, 0, 4]
    np.testing.assert_allclose(pane.curves[GRADIENT].getData(), (range(5), [-4, 3, -2, -1, 0]))
    bottom = pane.plot.getPlotItem().getAxis("bottom")
    assert "worst gradient first" in bottom.labelText
    assert bottom._tickLevels[0][0] == (0, "ReLU 3")
    assert pane.read_at(QPointF(0.1, 0.0), 0)[1] == "layer_3"
    _show_map(pane, qtbot)
    shown = np.array([e.layers.activation_gradient_rms[[3, 1, 2, 0, 4]] for e in run.epochs])
    np.testing.assert_allclose(_map(pane), np.log10(shown), atol=_half_a_step(pane))
    _change(pane, qtbot, _switch(pane, "Worst first").trigger)
    assert pane.order.tolist() == [0, 1, 2, 3, 4]
    assert "from input to output" in bottom.labelText


def test_the_theory_is_shown_alone_before_any_training(
    flow: Flow, theory: Theory, qtbot: QtBot, tmp_path: Path
) -> None:
    pane, shown = flow(), theory(5)
    _change(pane, qtbot, lambda: pane.show_theory(shown))
    np.testing.assert_allclose(
        pane.lines.theories[GRADIENT].getData(), (range(5), -0.2 * np.arange(5)[::-1]), atol=1e-12
    )
    assert not pane.lines.theories[SPREAD].isVisible()
    assert not any(curve.isVisible() for curve in pane.curves.values())
    assert "press Run to measure" in pane.headline.text()
    assert "falls 0.40 decades" in pane.caption.text()
    assert "relative to that of the last layer" in pane.keys.theory.toolTip()
    pane.taking.save(tmp_path / "theory.csv")
    with (tmp_path / "theory.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    saved = [float(row["theory_gradient_rms"]) for row in rows]
    np.testing.assert_allclose(saved, shown.prediction.gradient_rms)
    _change(pane, qtbot, lambda: pane.show_theory(None))
    assert not pane.caption.isVisible()


def test_theory_and_band_go_through_what_was_measured_at_the_output_end(
    flow: Flow, history: RunHistory, theory: Theory, qtbot: QtBot
) -> None:
    pane = flow(history)
    _change(pane, qtbot, lambda: pane.show_theory(theory(5)))
    end = np.log10(history.epochs[-1].layers.activation_gradient_rms[4])
    expected = end - 0.2 * np.arange(5)[::-1]
    np.testing.assert_allclose(pane.lines.theories[GRADIENT].getData()[1], expected)
    np.testing.assert_allclose(pane.lines.band.low, expected - np.log10(2))
    np.testing.assert_allclose(pane.lines.band.high, expected + np.log10(2))
    assert pane.lines.band.boundingRect().width() == 4
    assert "at initialisation" in pane.keys.theory.text()
    assert "at Linear 4." in pane.keys.theory.toolTip()
    assert pane.caption.text().endswith("; theory at initialisation: falls 0.40.")
    low, high = pane.plot.getViewBox().viewRange()[1]
    assert low < expected.min() < expected.max() < high


def test_the_predicted_spread_is_not_scaled(
    flow: Flow, history: RunHistory, theory: Theory, qtbot: QtBot
) -> None:
    pane = flow(history)
    pane.show_theory(theory(5))
    _change(pane, qtbot, _switch(pane, "activation σ").trigger)
    curve = pane.lines.theories[SPREAD]
    assert curve.isVisible()
    np.testing.assert_allclose(curve.getData()[1], -0.1 * np.arange(5), atol=1e-12)


def test_before_the_first_step_it_is_not_called_initialisation_only(
    flow: Flow, history: RunHistory, theory: Theory, qtbot: QtBot
) -> None:
    pane = flow(history)
    pane.show_theory(theory(5))
    _change(pane, qtbot, lambda: pane.set_epoch(0))
    assert pane.keys.theory.text().endswith("theory")
    assert pane.caption.text().endswith("; theory: falls 0.40.")


def test_where_the_theory_does_not_hold_it_is_faint_and_has_no_band(
    flow: Flow, history: RunHistory, theory: Theory, qtbot: QtBot
) -> None:
    pane = flow(history)
    reasons = dict.fromkeys((0, 1), "Too narrow for its depth: 0.8.")
    _change(pane, qtbot, lambda: pane.show_theory(theory(5, reasons=reasons)))
    sure = pane.lines.theories[GRADIENT].getData()[1]
    doubtful = pane.lines.doubtful[GRADIENT].getData()[1]
    assert np.isfinite(sure).tolist() == [False, False, True, True, True]
    assert np.isfinite(doubtful).tolist() == [True, True, True, False, False]
    assert np.isfinite(pane.lines.band.low).tolist() == [False, False, True, True, True]
    assert "holds for 3 of 5 layers (too narrow for its depth)" in pane.caption.text()
    assert "Drawn faint at Linear 0 … ReLU 1" in pane.keys.theory.toolTip()


def test_the_theory_can_be_put_away(
    flow: Flow, history: RunHistory, theory: Theory, qtbot: QtBot
) -> None:
    pane = flow(history)
    pane.show_theory(theory(5))
    _change(pane, qtbot, _switch(pane, "Theory").trigger)
    parts = (*pane.lines.theories.values(), *pane.lines.doubtful.values(), pane.lines.band)
    assert not any(item.isVisible() for item in parts)
    assert "theory" not in pane.caption.text()


def test_a_theory_of_other_layers_is_not_drawn_beside_a_run(
    flow: Flow, history: RunHistory, theory: Theory, qtbot: QtBot
) -> None:
    pane = flow(history)
    shown = theory(5)
    strange = replace(shown.prediction, nodes=tuple(f"other_{row}" for row in range(5)))
    _change(pane, qtbot, lambda: pane.show_theory(replace(shown, prediction=strange)))
    assert not np.isfinite(pane.lines.theories[GRADIENT].getData()[1]).any()
    assert not pane.keys.theory.isVisible()
    assert "theory" not in pane.caption.text()


def test_the_pinned_epoch_takes_the_place_of_the_one_before_training(
    flow: Flow, history: RunHistory, qtbot: QtBot
) -> None:
    pane = flow(history)
    ghosts = pane.lines.ghosts
    gradients = [np.log10(e.layers.activation_gradient_rms) for e in history.epochs]
    np.testing.assert_allclose(ghosts[GRADIENT].getData()[1], gradients[0])
    assert not ghosts["update_ratio"].isVisible()
    _change(pane, qtbot, lambda: pane.set_pinned(2))
    np.testing.assert_allclose(ghosts[GRADIENT].getData()[1], gradients[2])
    updates = np.log10(history.epochs[2].layers.update_ratio[::2])
    np.testing.assert_allclose(ghosts["update_ratio"].getData(), ([0, 2, 4], updates))
    assert "epoch 2" in pane.keys.before.text()
    assert "pinned" in pane.keys.before.toolTip()
    _change(pane, qtbot, lambda: pane.set_pinned(None))
    np.testing.assert_allclose(ghosts[GRADIENT].getData()[1], gradients[0])
    assert "epoch 0" in pane.keys.before.text()
    assert "before training" in pane.keys.before.toolTip()


def test_the_maps_csv_is_the_quantity_over_the_epochs(
    flow: Flow, history: RunHistory, qtbot: QtBot, tmp_path: Path
) -> None:
    pane = flow(history)
    _show_map(pane, qtbot, "activation σ")
    pane.taking.save(tmp_path / "map.csv")
    with (tmp_path / "map.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [row["epoch"] for row in rows] == ["0", "1", "2", "3"]
    for row, epoch in zip(rows, history.epochs, strict=True):
        assert [float(row[f"layer_{i}"]) for i in range(5)] == epoch.layers.activation_std.tolist()


def test_a_recurrent_layers_gradient_counts_though_its_weights_have_other_names(
    flow: Flow, stats: Stats
) -> None:
    rnn = LayerInfo("rnn_1", "RNN", "RNN 1", False)
    attention = LayerInfo("attention_1", "SelfAttention", "Attention", False)
    linear = LayerInfo("linear_1", "Linear", "Linear 1", True)
    start = RunStarted(1, (attention, rnn, linear), 9, 6, 8, 100, 80, 20, "Recall")
    epoch = stats(0, 3)
    epoch.layers.activation_gradient_rms[:] = [1e-3, np.nan, 1.0]
    pane = flow(RunHistory(start, [epoch]))
    np.testing.assert_allclose(pane.curves[GRADIENT].getData(), ([0, 2], [-3.0, 0.0]))
    assert pane.nonfinite.getData()[0].tolist() == [1]


def test_the_chosen_layer_is_marked_at_its_place(
    flow: Flow, started: Start, stats: Stats, qtbot: QtBot
) -> None:
    run = _run(started, stats, 3, 1)
    run.epochs[0].layers.activation_gradient_rms[:] = [1e-1, 1e3, 1.0]
    pane = flow(run)
    _worst_first(pane, qtbot)
    _change(pane, qtbot, lambda: pane.set_selected(frozenset(["layer_0"])))
    assert pane._chosen.isVisible()
    assert pane._chosen.value() == 1  # worst first: rows 1, 0, 2


def test_menu_and_keys_offer_only_what_the_drawing_has(
    flow: Flow, history: RunHistory, theory: Theory, qtbot: QtBot
) -> None:
    pane = flow(history)
    _change(pane, qtbot, lambda: pane.show_theory(theory(5)))

    def seen() -> list[str]:
        keys = (*pane.keys.quantities.values(), pane.keys.before, pane.keys.theory)
        return [key.text() for key in keys if key.isVisible()]

    assert seen() == ["— ∂L/∂z", "— update : weight", "- - epoch 0", "··· theory at initialisation"]
    assert not pane.keys.quantity.isVisible()
    _show_map(pane, qtbot)
    assert seen() == []
    assert pane.keys.quantity.isVisible()
    offered = [a.text() for a in pane.keys.menu.menu().actions() if a.isVisible() and a.text()]
    assert offered == ["Lines", "Heat map", "Worst first"]
