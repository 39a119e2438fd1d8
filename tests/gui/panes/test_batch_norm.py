"""The X-ray's drawn data, read back from its items and compared with the run's own numbers."""

import csv
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, Qt
from PySide6.QtWidgets import QLabel
from pytestqt.qtbot import QtBot

from engine.stats import EDGES, BatchNormStats, Distribution
from engine.training import RunHistory
from gui.common.theme import DARK, ThemeSource
from gui.panes.batch_norm import BatchNormPane
from gui.panes.pane import Pane

from ..norm_runs import CHANNELS, epoch_of, run

Floats = NDArray[np.float64]
Open = Callable[..., Pane]


@pytest.fixture
def xray(opened: Open, qtbot: QtBot) -> Callable[..., BatchNormPane]:
    """Shows a run in the pane with some of the plots, and waits until they are drawn."""

    def show(history: RunHistory, parts: str = "All three") -> BatchNormPane:
        pane = opened("batch-norm", history)
        assert isinstance(pane, BatchNormPane)
        _change(pane, qtbot, lambda: pane.part_box.setCurrentText(parts))
        return pane

    return show


def _change(pane: Pane, qtbot: QtBot, change: Callable[[], object]) -> None:
    with qtbot.waitSignal(pane.drawn):
        change()


def _norm(history: RunHistory, row: int, epoch: int = -1) -> BatchNormStats:
    return next(n for n in history.epochs[epoch].layers.batch_norms if n.row == row)


def _density(counts: NDArray[np.integer[Any]], places: Floats) -> Floats:
    """Values for each unit of value between places on the axis, of counts that lie evenly in their bins."""
    below = np.insert(np.insert(counts.astype(np.float64), 128, 0.0).cumsum(), 0, 0.0)
    borders = 2.0 * np.sinh(places)
    spread = np.diff(np.interp(borders, EDGES, below)) / np.diff(borders)
    return np.asarray(spread / spread.max(), np.float64)


def _assert_ridge(pane: BatchNormPane, stage: int, found: Distribution, row: int) -> None:
    x, y = pane.stages.ridges[stage].getData()
    step = x[1] - x[0]
    places = np.append(x - step / 2, x[-1] + step / 2)
    wanted = _density(found.counts[row], places)
    base, share = 2 - stage, _share(pane)
    np.testing.assert_allclose((y - base) / share, wanted, atol=1e-6)


def _share(pane: BatchNormPane) -> float:
    """How high a ridge is; twenty pixels above it are left to the words."""
    room = pane.plot_items[0].getViewBox().height() / 3
    assert room > 50
    return float(1 - 20 / room)


@pytest.mark.parametrize(("row", "epoch"), [(1, 0), (1, 3), (4, 2)])
@pytest.mark.parametrize("mode", ["training", "evaluation"])
def test_ridges_are_the_stages_of_the_epoch(
    xray: Callable[..., BatchNormPane], qtbot: QtBot, row: int, epoch: int, mode: str
) -> None:
    history = run()
    pane = xray(history)
    pane.mode_box.setCurrentText(mode)
    pane.set_selected(frozenset({f"layer_{row}"}))
    _change(pane, qtbot, lambda: pane.set_epoch(epoch))
    norm = _norm(history, row, epoch)
    _assert_ridge(pane, 0, norm.stages, 0)
    if mode == "training":
        _assert_ridge(pane, 1, norm.stages, 1)
        _assert_ridge(pane, 2, history.epochs[epoch].layers.activations, row)
    else:
        _assert_ridge(pane, 1, norm.stages, 2)
        _assert_ridge(pane, 2, norm.stages, 3)


def test_a_bell_is_drawn_as_a_bell(xray: Callable[..., BatchNormPane]) -> None:
    history = run(1)
    norm = _norm(history, 1)
    middles = (EDGES[1:] + EDGES[:-1]) / 2
    weights = np.exp(-(middles**2) / 2) * np.diff(EDGES)
    norm.stages.counts[1] = np.delete(1e6 * weights, 128).round()
    pane = xray(history)
    x, y = pane.stages.ridges[1].getData()
    heights = (y - 1.0) / _share(pane)
    np.testing.assert_allclose(heights, np.exp(-((2.0 * np.sinh(x)) ** 2) / 2), atol=0.05)


def test_the_pinned_epoch_is_outlined(xray: Callable[..., BatchNormPane], qtbot: QtBot) -> None:
    history = run()
    pane = xray(history)
    assert not pane.stages.pinned.isVisible()
    _change(pane, qtbot, lambda: (pane.set_epoch(3), pane.set_pinned(1)))
    outlines = np.split(pane.stages.pinned.getData()[1], 3)
    assert pane.stages.pinned.isVisible()
    for stage, outline in enumerate(outlines):
        assert np.isnan(outline[-1])
        x, _ = pane.stages.ridges[stage].getData()
        step = x[1] - x[0]
        places = np.append(x - step / 2, x[-1] + step / 2)
        counts = (
            history.epochs[1].layers.activations.counts[1]
            if stage == 2
            else _norm(history, 1, 1).stages.counts[stage]
        )
        heights = (outline[:-1] - (2 - stage)) / _share(pane)
        np.testing.assert_allclose(heights, _density(counts, places), atol=1e-6)
    assert pane.tracks.then.value() == 1


@pytest.mark.parametrize("first", [0, 7])
def test_tracks_of_many_channels_are_median_and_band(
    xray: Callable[..., BatchNormPane], qtbot: QtBot, first: int
) -> None:
    history = run(first=first)
    pane = xray(history)
    _change(pane, qtbot, lambda: pane.set_selected(frozenset({"layer_4"})))
    x = np.arange(4) + first
    for place, name in enumerate(("gamma", "beta")):
        values = np.array([getattr(_norm(history, 4, epoch), name) for epoch in range(4)])
        low, middle, high = np.quantile(values, [0.1, 0.5, 0.9], axis=1)
        np.testing.assert_allclose(pane.tracks.tracks[place].getData(), (x, middle))
        band = pane.tracks.bands[place]
        assert band.isVisible()
        np.testing.assert_allclose(band.getData()[0], [*x, *x[::-1]])
        np.testing.assert_allclose(band.getData()[1], [*low, *high[::-1]])
        np.testing.assert_allclose(pane.tracks.ends[place].getData(), ([x[-1]], [middle[-1]]))
    gaps = [_norm(history, 4, epoch).gap for epoch in range(4)]
    np.testing.assert_allclose(pane.tracks.gap.getData(), (x, gaps))
    (left, right), (low_end, high_end) = pane.plot_items[1].getViewBox().viewRange()
    assert left < first < first + 3 < right
    assert low_end < min(low.min(), 0) < high.max() < high_end


def test_tracks_of_few_channels_are_each_channel(xray: Callable[..., BatchNormPane]) -> None:
    history = run()
    pane = xray(history)
    for place, name in enumerate(("gamma", "beta")):
        x, y = pane.tracks.tracks[place].getData()
        assert not pane.tracks.bands[place].isVisible()
        for channel, (places, heights) in enumerate(
            zip(np.split(x, CHANNELS[1]), np.split(y, CHANNELS[1]), strict=True)
        ):
            wanted = [getattr(_norm(history, 1, epoch), name)[channel] for epoch in range(4)]
            assert places[:-1].tolist() == [0, 1, 2, 3]
            assert np.isnan(places[-1])
            np.testing.assert_array_equal(heights[:-1], wanted)


@pytest.mark.parametrize("row", [1, 4])
def test_dots_are_the_batchs_statistics_over_the_moving_ones(
    xray: Callable[..., BatchNormPane], qtbot: QtBot, row: int
) -> None:
    history = run()
    pane = xray(history)
    pane.set_selected(frozenset({f"layer_{row}"}))
    _change(pane, qtbot, lambda: pane.set_epoch(2))
    norm = _norm(history, row, 2)
    for item, moving, own in (
        (pane.moving.means, norm.moving_mean, norm.batch_mean),
        (pane.moving.deviations, norm.moving_variance**0.5, norm.batch_variance**0.5),
    ):
        x, y = item.getData()
        np.testing.assert_allclose(2.0 * np.sinh(x), moving)
        np.testing.assert_allclose(2.0 * np.sinh(y), own)


def test_layers_are_chosen_by_selection_and_by_the_box(
    xray: Callable[..., BatchNormPane], qtbot: QtBot
) -> None:
    pane = xray(run())
    assert (pane.row, pane.layer_box.currentText()) == (1, "BatchNorm1d 1")
    assert [pane.layer_box.itemText(place) for place in range(2)] == [
        "BatchNorm1d 1",
        "BatchNorm2d 4",
    ]
    _change(pane, qtbot, lambda: pane.set_selected(frozenset({"layer_4", "layer_0"})))
    assert (pane.row, pane.layer_box.currentText()) == (4, "BatchNorm2d 4")
    assert "BatchNorm2d 4" in pane.caption.text()
    pane.set_selected(frozenset({"layer_0"}))  # no batch norm: the one that was chosen stays
    assert pane.row == 4
    pane.layer_box.setFocus()
    with qtbot.waitSignal(pane.layer_chosen) as chosen:
        qtbot.keyClick(pane.layer_box, Qt.Key.Key_Up)
    assert chosen.args == ["layer_1"]
    assert pane.row == 1


def test_a_layer_that_was_chosen_before_the_run_is_shown(opened: Open, qtbot: QtBot) -> None:
    pane = opened("batch-norm")
    assert isinstance(pane, BatchNormPane)
    pane.set_selected(frozenset({"layer_4"}))
    _change(pane, qtbot, lambda: pane.show_history(run()))
    assert pane.row == 4


def test_a_network_without_batch_norm_is_told_what_to_add(
    opened: Open, history: RunHistory, qtbot: QtBot, tmp_path: Path
) -> None:
    pane = opened("batch-norm", history)
    texts = [label.text() for label in pane.findChildren(QLabel) if label.isVisible()]
    assert any("Put a Batch norm 1d after a Linear layer" in text for text in texts)
    assert "no batch norm" in pane.accessibleDescription()
    assert not pane.layer_box.isVisible()
    pane.taking.save(tmp_path / "x.csv")
    assert (tmp_path / "x.csv").read_text().split() == ["layer,epoch,quantity,place,value"]
    _change(pane, qtbot, lambda: pane.show_history(run()))
    assert pane.caption.isVisible()
    assert "BatchNorm1d 1" in pane.caption.text()
    assert pane.layer_box.isVisible()


def test_caption_and_headline_name_the_numbers(
    xray: Callable[..., BatchNormPane], qtbot: QtBot
) -> None:
    history = run()
    pane = xray(history)
    norm, table = _norm(history, 1), history.epochs[-1].layers
    caption = pane.caption.text().replace("−", "-")
    assert caption.startswith("Epoch 3: BatchNorm1d 1 turns mean ")
    assert f"mean {norm.stages.mean[0]:.2g}, σ {norm.stages.std[0]:.2g} into mean" in caption
    assert f"γ ≈ {np.median(norm.gamma):.2g}, β ≈ {np.median(norm.beta):.2g}" in caption
    out = f"into mean {table.activations.mean[1]:.2g}, σ {table.activations.std[1]:.2g};"
    assert out in caption
    assert f"evaluation is {norm.gap:.2g} σ apart" in caption
    assert pane.headline.text() == f"▲ gap {norm.gap:.2g}"
    _change(pane, qtbot, lambda: pane.mode_box.setCurrentText("evaluation"))
    caption = pane.caption.text().replace("−", "-")
    assert f"mean {norm.stages.mean[2]:.2g}, σ {norm.stages.std[2]:.2g} (moving stat" in caption
    assert f"into mean {norm.stages.mean[3]:.2g}, σ {norm.stages.std[3]:.2g};" in caption


def test_as_many_plots_are_shown_as_have_room(
    xray: Callable[..., BatchNormPane], qtbot: QtBot
) -> None:
    pane = xray(run(), "Automatic")
    assert [item.isVisible() for item in pane.plot_items] == [True, False, False]
    narrow = pane.plot_items[0].getViewBox().width()
    assert narrow > 0.85 * pane.plot.width()
    pane.resize(1_000, 360)
    qtbot.waitUntil(lambda: all(item.isVisible() for item in pane.plot_items))
    pane.part_box.setCurrentText("γ and β")
    qtbot.waitUntil(lambda: not pane.plot_items[0].isVisible())
    assert [item.isVisible() for item in pane.plot_items] == [False, True, False]


def test_read_outs_say_the_numbers_and_tracks_choose_an_epoch(
    xray: Callable[..., BatchNormPane],
) -> None:
    history = run(first=7)
    pane, norm = xray(history), _norm(run(first=7), 1)
    text, layer = pane.read_at(QPointF(0.0, 2.4), 0)
    assert layer == "layer_1"
    assert text.startswith(f"BatchNorm1d 1: input:  mean {norm.stages.mean[0]:.2g}")
    assert text.endswith("here 0")
    text, _ = pane.read_at(QPointF(8.2, 0.0), 1)
    assert f"epoch 8: γ {_norm(history, 1, 1).gamma[0]:.2g}, " in text
    assert f"gap {_norm(history, 1, 1).gap:.2g}" in text
    place = QPointF(np.arcsinh(norm.moving_mean[2] / 2), np.arcsinh(norm.batch_mean[2] / 2))
    text = pane.read_at(place, 2)[0].replace("−", "-")
    assert f"channel 2: mean of the batch {norm.batch_mean[2]:.2g}, moving" in text
    assert [pane.epoch_at(QPointF(x, 0.0), 1) for x in (2.0, 8.4, 99.0)] == [0, 1, 3]
    assert pane.epoch_at(QPointF(8.0, 0.0), 0) is None


def test_the_csv_holds_channels_stages_and_tracks(
    xray: Callable[..., BatchNormPane], tmp_path: Path
) -> None:
    history = run()
    pane = xray(history)
    pane.taking.save(tmp_path / "norm.csv")
    with (tmp_path / "norm.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert {row["layer"] for row in rows} == {"BatchNorm1d 1"}
    norm = _norm(history, 1)
    found = [float(row["value"]) for row in rows if row["quantity"] == "moving_variance"]
    np.testing.assert_array_equal(found, norm.moving_variance)
    counts = [int(row["value"]) for row in rows if row["quantity"] == "normalised count"]
    np.testing.assert_array_equal(counts, norm.stages.counts[1])
    tracks = [row for row in rows if row["quantity"] == "gamma over epochs"]
    assert [int(row["epoch"]) for row in tracks[:: CHANNELS[1]]] == [0, 1, 2, 3]
    np.testing.assert_array_equal([float(row["value"]) for row in tracks[-3:]], norm.gamma)


def test_colours_follow_the_theme(
    xray: Callable[..., BatchNormPane], themes: ThemeSource, qtbot: QtBot
) -> None:
    pane = xray(run())
    _change(pane, qtbot, lambda: themes.choose("dark"))
    colors = [curve.opts["pen"].color().name() for curve in pane.tracks.tracks]
    assert colors == list(DARK.series[1:3])


@pytest.mark.parametrize("row", [1, 4])
def test_an_epoch_that_was_not_measured_is_a_gap(
    xray: Callable[..., BatchNormPane], qtbot: QtBot, row: int
) -> None:
    history = run(2)
    unmeasured = epoch_of(2)
    table = replace(unmeasured.layers, batch_norms=())
    history.add_epoch(replace(unmeasured, layers=table))
    pane = xray(history)
    _change(
        pane, qtbot, lambda: (pane.set_selected(frozenset({f"layer_{row}"})), pane.data_changed())
    )
    assert np.isnan(pane.tracks.gap.getData()[1]).tolist() == [False, False, True]
    if row == 4:
        assert np.isfinite(pane.tracks.bands[0].getData()[1]).all()
    assert pane.caption.text() == f"Epoch 2: nothing was measured of {history.layers[row].label}."
    assert pane.headline.text() == ""
    history.add_epoch(epoch_of(3))
    _change(pane, qtbot, pane.data_changed)
    assert np.isfinite(pane.tracks.ends[0].getData()[1]).all()


def test_it_follows_a_run_that_grows(xray: Callable[..., BatchNormPane], qtbot: QtBot) -> None:
    history = run()
    pane = xray(history)
    history.add_epoch(epoch_of(4))
    _change(pane, qtbot, pane.data_changed)
    assert pane.tracks.gap.getData()[0].tolist() == [0, 1, 2, 3, 4]
    assert pane.caption.text().startswith("Epoch 4: ")
