"""Through time: lines, heat map and spectral radius read back from the items, for one and for many layers."""

import csv
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QPointF, Qt
from PySide6.QtWidgets import QComboBox, QLabel
from pytestqt.qtbot import QtBot

from engine.stats import EpochStats, TimeGradient
from engine.training import RunHistory, RunStarted
from gui.panes.heat import logs_of
from gui.panes.pane import Pane
from gui.panes.theory import ShownTheory
from gui.panes.through_time import ThroughTimePane

Open = Callable[..., Pane]
Start = Callable[[int], RunStarted]
Stats = Callable[..., EpochStats]
Theory = Callable[..., ShownTheory]
STEPS = 12


def _gradient(seed: int, direction: str = "forward", *, lstm: bool = False) -> TimeGradient:
    random = np.random.default_rng(seed)
    state, cell = 10.0 ** random.uniform(-5, 1, (2, STEPS))
    radius = float(random.uniform(0.2, 1.8))
    return TimeGradient(direction, 8, state, cell if lstm else None, radius)  # type: ignore[arg-type]


def _recurrent(
    started: Start, stats: Stats, rows: tuple[int, ...], layers: int = 5, epochs: int = 4
) -> RunHistory:
    """A run whose layers at `rows` are recurrent; the second of them is an LSTM that reads both ways."""
    run = RunHistory(started(layers))
    for epoch in range(epochs):
        times = []
        for place, row in enumerate(rows):
            seed = 100 * epoch + 10 * place
            times.append((row, _gradient(seed, lstm=place == 1)))
            if place == 1:
                times.append((row, _gradient(seed + 1, "backward", lstm=True)))
        whole = stats(epoch, layers)
        run.add_epoch(replace(whole, layers=replace(whole.layers, times=tuple(times))))
    return run


@pytest.fixture
def pane_of(opened: Open) -> Callable[[RunHistory | None], ThroughTimePane]:
    """Opens the pane."""

    def show(run: RunHistory | None) -> ThroughTimePane:
        pane = opened("through-time", run)
        assert isinstance(pane, ThroughTimePane)
        return pane

    return show


PaneOf = Callable[[RunHistory | None], ThroughTimePane]


def _change(pane: Pane, qtbot: QtBot, act: Callable[[], object]) -> None:
    with qtbot.waitSignal(pane.drawn):
        act()


def _choice(pane: Pane, name: str) -> QComboBox:
    return next(box for box in pane.findChildren(QComboBox) if box.accessibleName() == name)


def _show(pane: Pane, qtbot: QtBot, kind: str) -> None:
    box = _choice(pane, "How the gradient through time is drawn")
    _change(pane, qtbot, lambda: box.setCurrentText(kind))


def _texts(pane: Pane) -> list[str]:
    return [label.text() for label in pane.findChildren(QLabel) if label.isVisible()]


def test_lines_are_the_logarithms_of_every_direction(
    pane_of: PaneOf, started: Start, stats: Stats, qtbot: QtBot
) -> None:
    run = _recurrent(started, stats, (1, 3))
    pane = pane_of(run)
    _change(pane, qtbot, lambda: pane.set_epoch(2))
    times = [gradient for _, gradient in run.epochs[2].layers.times]
    for item, gradient in zip(pane.lines.states, times, strict=False):
        np.testing.assert_allclose(item.getData(), (range(STEPS), np.log10(gradient.state)))
    assert [item.isVisible() for item in pane.lines.states] == [True] * 3 + [False] * 3
    assert [item.isVisible() for item in pane.lines.cells] == [False, True, True] + [False] * 3
    for item, gradient in list(zip(pane.lines.cells, times, strict=False))[1:]:
        assert gradient.cell is not None
        np.testing.assert_allclose(item.getData()[1], np.log10(gradient.cell))
        assert item.opts["pen"].style() == Qt.PenStyle.DashLine
    names = [text for text in _texts(pane) if text.startswith("— ")]
    assert names == ["— ReLU 1", "— ReLU 3 forward", "— ReLU 3 backward"]
    assert "- - cell state" in _texts(pane)
    values = np.concatenate([np.log10(g.state) for g in times])
    low, high = pane.plot.getViewBox().viewRange()[1]
    assert low < values.min() < values.max() < high


def test_a_hundred_recurrent_layers_are_a_few_items(
    pane_of: PaneOf, started: Start, stats: Stats
) -> None:
    run = _recurrent(started, stats, tuple(range(100)), 100, 1)
    pane = pane_of(run)
    _, y = pane.lines.others.getData()
    rest = [np.log10(g.state) for _, g in run.epochs[0].layers.times[6:]]
    assert len(rest) == 95
    np.testing.assert_allclose(y.reshape(95, STEPS + 1)[:, :-1], rest)
    assert np.isnan(y.reshape(95, STEPS + 1)[:, -1]).all()
    assert len(pane.plot_items[0].items) < 30


def test_the_heat_map_is_the_chosen_layers_over_the_epochs(
    pane_of: PaneOf, started: Start, stats: Stats, qtbot: QtBot
) -> None:
    run = _recurrent(started, stats, (1, 3))
    pane = pane_of(run)
    _show(pane, qtbot, "Steps × epochs")

    def drawn() -> np.ndarray:
        return logs_of(pane.heat.image.image, *pane.heat.levels)

    def expected(place: int) -> np.ndarray:
        return np.log10([epoch.layers.times[place][1].state for epoch in run.epochs])

    np.testing.assert_allclose(drawn(), expected(0), atol=0.02)
    _change(pane, qtbot, lambda: pane.set_selected(frozenset(["layer_3"])))
    np.testing.assert_allclose(drawn(), expected(1), atol=0.02)
    assert "in ReLU 3 forward" in pane.caption.text()
    _change(pane, qtbot, lambda: pane.set_epoch(1))
    assert pane.heat.playhead.value() == 1
    assert pane.epoch_at(QPointF(3.0, 2.2), 0) == 2
    state = run.epochs[2].layers.times[1][1].state[3]
    assert f"epoch 2, t = 3: ‖∂L/∂h_t‖ {state:.3g}" in pane.read_at(QPointF(3.1, 2.2), 0)[0]


def test_a_direction_chosen_in_the_list_chooses_its_layer(
    pane_of: PaneOf, started: Start, stats: Stats, qtbot: QtBot
) -> None:
    pane = pane_of(_recurrent(started, stats, (1, 3)))
    box = _choice(pane, "Recurrent layer")
    assert [box.itemText(i) for i in range(box.count())] == [
        "ReLU 1", "ReLU 3 forward", "ReLU 3 backward",
    ]  # fmt: skip
    box.setCurrentIndex(2)
    with qtbot.waitSignal(pane.layer_chosen) as chosen:
        box.activated.emit(2)
    assert chosen.args == ["layer_3"]
    _change(pane, qtbot, lambda: pane.set_selected(frozenset(["layer_3"])))
    assert (
        "in ReLU 3 backward" in pane.caption.text()
    )  # the selection that follows keeps the direction


def test_the_spectral_radius_is_drawn_over_epochs_with_one_marked(
    pane_of: PaneOf, started: Start, stats: Stats, qtbot: QtBot
) -> None:
    run = _recurrent(started, stats, (1,))
    pane = pane_of(run)
    _show(pane, qtbot, "Spectral radius")
    radii = [epoch.layers.times[0][1].spectral_radius for epoch in run.epochs]
    np.testing.assert_allclose(pane.radius.curve.getData(), (range(4), radii))
    assert pane.radius.one.isVisible()
    assert pane.radius.one.value() == 1.0
    _change(pane, qtbot, lambda: pane.set_epoch(1))
    np.testing.assert_allclose(pane.radius.point.getData(), ([1], [radii[1]]))
    assert pane.epoch_at(QPointF(2.2, 0.5), 0) == 2
    assert f"{radii[2]:.3g}" in pane.read_at(QPointF(2.2, 0.5), 0)[0]
    low, high = pane.plot.getViewBox().viewRange()[1]
    assert low <= 0 < 1 < high
    assert max(radii) < high


def test_headline_and_caption_are_of_the_shown_epoch(
    pane_of: PaneOf, started: Start, stats: Stats, qtbot: QtBot
) -> None:
    run = _recurrent(started, stats, (1,))
    pane = pane_of(run)
    _change(pane, qtbot, lambda: pane.set_epoch(1))
    state = run.epochs[1].layers.times[0][1].state
    # the slope of a straight line through the logarithms, against steps back from the end
    factor = np.exp(np.polyfit(np.arange(STEPS)[::-1], np.log(state), 1)[0])
    assert f"× {factor:.2g} a step back in time: after 11 steps" in pane.headline.text()
    assert pane.caption.text().startswith("Epoch 1: in ReLU 1, ")


def test_the_theory_is_a_straight_line_from_the_last_step(
    pane_of: PaneOf, started: Start, stats: Stats, theory: Theory, qtbot: QtBot
) -> None:
    run = _recurrent(started, stats, (1,))
    pane = pane_of(run)
    assert not pane.lines.theory.isVisible()
    chi = [np.nan, 0.25, np.nan, np.nan, np.nan]
    _change(pane, qtbot, lambda: pane.show_theory(theory(5, chi_1=chi)))
    last = np.log10(run.epochs[-1].layers.times[0][1].state[-1])
    expected = last + np.log10(0.5) * np.arange(STEPS)[::-1]
    np.testing.assert_allclose(pane.lines.theory.getData()[1], expected)
    assert "theory at initialisation: × 0.5 a step" in pane.caption.text()
    _change(pane, qtbot, lambda: pane.show_theory(theory(5, chi_1=chi, outdated=True)))
    assert not pane.lines.theory.isVisible()


def test_the_pinned_epoch_is_a_line_to_compare_with(
    pane_of: PaneOf, started: Start, stats: Stats, qtbot: QtBot
) -> None:
    run = _recurrent(started, stats, (1,))
    pane = pane_of(run)
    assert not pane.lines.pinned.isVisible()
    _change(pane, qtbot, lambda: pane.set_pinned(2))
    state = run.epochs[2].layers.times[0][1].state
    np.testing.assert_allclose(pane.lines.pinned.getData(), (range(STEPS), np.log10(state)))
    assert "-·- epoch 2 (pinned)" in _texts(pane)
    _change(pane, qtbot, lambda: pane.set_pinned(None))
    assert not pane.lines.pinned.isVisible()


def test_without_a_recurrent_layer_it_says_what_to_build(
    pane_of: PaneOf, history: RunHistory, started: Start, stats: Stats, qtbot: QtBot
) -> None:
    pane = pane_of(history)
    told = next(text for text in _texts(pane) if "no recurrent layer, so" in text and "RNN" in text)
    assert all(word in told for word in ("LSTM", "GRU", "Recall", "press Run"))
    assert not pane.caption.isVisible()  # one sentence is enough
    assert pane.accessibleDescription() == told
    assert pane.headline.text() == ""
    _change(pane, qtbot, lambda: pane.show_history(_recurrent(started, stats, (1,))))
    assert told not in _texts(pane)
    assert pane.plot.isVisible()
    _change(pane, qtbot, lambda: pane.show_history(history))
    assert told in _texts(pane)


def test_epochs_that_come_while_it_is_hidden_are_not_missed(
    pane_of: PaneOf, started: Start, stats: Stats, qtbot: QtBot
) -> None:
    whole = _recurrent(started, stats, (1,), epochs=60)
    run = RunHistory(whole.started)
    run.add_epoch(whole.epochs[0])
    pane = pane_of(run)
    pane.hide()
    for epoch in whole.epochs[1:]:
        run.add_epoch(epoch)
    _change(pane, qtbot, pane.show)
    _show(pane, qtbot, "Spectral radius")
    qtbot.waitUntil(lambda: pane.radius.curve.getData()[0].size == 60)
    radii = [epoch.layers.times[0][1].spectral_radius for epoch in whole.epochs]
    np.testing.assert_allclose(pane.radius.curve.getData()[1], radii)


def test_the_csv_holds_every_step_of_every_direction(
    pane_of: PaneOf, started: Start, stats: Stats, tmp_path: Path
) -> None:
    run = _recurrent(started, stats, (1, 3))
    pane_of(run).taking.save(tmp_path / "time.csv")
    with (tmp_path / "time.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    times = run.epochs[-1].layers.times
    assert [(row["layer"], row["direction"]) for row in rows[::STEPS]] == [
        (f"layer_{row}", gradient.direction) for row, gradient in times
    ]
    saved = np.array([float(row["state_gradient"]) for row in rows]).reshape(-1, STEPS)
    np.testing.assert_array_equal(saved, [gradient.state for _, gradient in times])
    assert rows[0]["cell_gradient"] == ""
    assert float(rows[STEPS]["cell_gradient"]) == times[1][1].cell[0]  # type: ignore[index]
