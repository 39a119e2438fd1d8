"""The pane of weights: distributions and ratios are those of the run, and the band, the caption and the epochs fit."""

from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from PySide6.QtCore import QPointF
from pytestqt.qtbot import QtBot

from engine.stats import MAGNITUDES, Distribution, EpochStats, bin_values
from engine.training import LayerInfo, RunHistory, RunStarted
from gui.panes.pane import Pane
from gui.panes.weights import WeightsPane

Open = Callable[..., Pane]
Start = Callable[[int], RunStarted]
Stats = Callable[..., EpochStats]
SIZES = {"weights": 0.2, "weight_gradients": 1e-5, "updates": 1e-8}


@pytest.fixture
def pane(opened: Open) -> Callable[[RunHistory], WeightsPane]:
    """Shows the pane with a run."""

    def show(run: RunHistory) -> WeightsPane:
        shown = opened("weights", run)
        assert isinstance(shown, WeightsPane)
        return shown

    return show


def _set(found: Distribution, row: int, values: np.ndarray, sizes: bool) -> None:
    found.set_histogram(row, bin_values(values, MAGNITUDES) if sizes else bin_values(values))
    found.mean[row], found.std[row] = values.mean(), values.std()


def _run(started: Start, stats: Stats, *ratios: list[float], layers: int = 5) -> RunHistory:
    """An epoch for each list of ratios, one ratio for each second layer; the first epoch is before training."""
    run = RunHistory(started(layers))
    for epoch, wanted in enumerate(ratios):
        figures = stats(epoch, layers)
        for place, row in enumerate(range(0, layers, 2)):
            random = np.random.default_rng(100 * epoch + row)
            figures.layers.update_ratio[row] = wanted[place]
            for name, size in SIZES.items():
                values = random.normal(0.0, size * (row + 1) * (epoch + 1), 400)
                _set(getattr(figures.layers, name), row, values, name != "weights")
        run.add_epoch(figures)
    return run


@pytest.fixture
def run(started: Start, stats: Stats) -> RunHistory:
    """Three epochs: the first layer slow, the last one fast in the end."""
    return _run(started, stats, [np.nan] * 3, [1e-5, 1e-3, 5e-3], [1e-6, 2e-3, 5e-2])


def _redrawn(pane: WeightsPane, qtbot: QtBot, act: Callable[[], object]) -> None:
    with qtbot.waitSignal(pane.drawn):
        act()


@pytest.mark.parametrize("column", ["weight_gradients", "updates"])
def test_gradients_and_updates_are_drawn_by_their_size(
    pane: Callable[..., WeightsPane], run: RunHistory, qtbot: QtBot, column: str
) -> None:
    shown = pane(run)
    _redrawn(shown, qtbot, lambda: shown.show_quantity(column))
    counts = getattr(run.epochs[-1].layers, column).counts[::2].astype(np.int64)
    sizes = counts[:, 128:] + counts[:, 127::-1]
    borders = (np.arange(129) - 100) * np.log10(2.0)
    ridges = shown.ridge_item
    first = int(np.abs(borders - ridges.places[0]).argmin())
    np.testing.assert_allclose(ridges.places, borders[first : first + ridges.places.size])
    inside = sizes[:, first : first + ridges.places.size - 1]
    np.testing.assert_allclose(ridges.density, inside / inside.max(axis=1, keepdims=True))
    assert inside.sum() > 0.97 * sizes.sum()


def test_weights_are_drawn_for_the_layers_that_have_them(
    pane: Callable[..., WeightsPane], run: RunHistory
) -> None:
    shown = pane(run)
    ridges = shown.ridge_item
    assert ridges.density.shape[0] == 3
    for row, ridge in zip((0, 2, 4), ridges.density, strict=True):
        values = np.random.default_rng(200 + row).normal(0.0, 0.2 * (row + 1) * 3, 400)
        counts, _ = np.histogram(values, 0.1 * np.sinh(ridges.places))
        np.testing.assert_allclose(
            np.cumsum(ridge) / ridge.sum(), np.cumsum(counts) / counts.sum(), atol=0.1
        )
    names = [text for _, text in shown.plot_items[0].getAxis("left").texts]
    assert names == ["Linear 0", "Linear 2", "Linear 4"]
    stds = run.epochs[-1].layers.weights.std
    assert (
        f"the spread σ of the weights goes from {stds[0]:.2g} at Linear 0 to {stds[4]:.2g}"
        in shown.caption.text()
    )


def test_ratios_stand_in_their_rows_by_their_place_to_the_band(
    pane: Callable[..., WeightsPane], run: RunHistory, qtbot: QtBot
) -> None:
    shown = pane(run)
    points = shown.ratios.points.points
    for verdict, row, ratio in (
        ("vanishing", 0, 1e-6),
        ("healthy", 1, 2e-3),
        ("exploding", 2, 5e-2),
    ):
        x, y = points[verdict]
        np.testing.assert_allclose(x, [np.log10(ratio)])
        assert int(y[0]) == row
    ticks = shown.plot_items[1].getViewBox().viewRange()
    assert ticks[0][0] <= -6 < -2 <= ticks[0][1]
    assert ticks[1] == pytest.approx(shown.plot_items[0].getViewBox().viewRange()[1])
    assert shown.headline.text() == "▼ 1 slow   ▲ 1 fast"
    assert (
        "Epoch 2: Linear 0 learns 50,000 times slower than Linear 4: update : weight 1e-06 against 0.05"
        in shown.caption.text()
    )
    _redrawn(shown, qtbot, lambda: shown.set_epoch(0))
    assert not any(kind.x.size for kind in shown.ratios.points.points.values())
    assert shown.headline.text() == "○ no step measured yet"
    assert "no step has been measured yet" in shown.caption.text()


def test_zero_and_infinite_ratios_have_marks_of_their_own(
    pane: Callable[..., WeightsPane], started: Start, stats: Stats
) -> None:
    shown = pane(_run(started, stats, [0.0, np.inf, 1e-3]))
    assert shown.ratios.zeros.getData()[1].astype(int).tolist() == [0]
    assert shown.ratios.nonfinite.getData()[1].astype(int).tolist() == [1]
    assert shown.ratios.points.points["healthy"].y.astype(int).tolist() == [2]
    assert shown.headline.text() == "✕ not finite"


def test_a_pinned_epochs_ratios_and_ridges_are_drawn_beside(
    pane: Callable[..., WeightsPane], run: RunHistory, qtbot: QtBot
) -> None:
    shown = pane(run)
    _redrawn(shown, qtbot, lambda: shown.set_pinned(1))
    x, _ = shown.ratios.before.getData()
    np.testing.assert_allclose(x, [-5.0, -3.0, np.log10(5e-3)])
    assert shown.ridge_item.before is not None
    assert "since epoch 1 the spread σ of Linear" in shown.caption.text()
    _redrawn(shown, qtbot, lambda: shown.set_pinned(None))
    assert not shown.ratios.before.isVisible()


@pytest.mark.parametrize(
    ("chosen", "row"), [(None, 0), ("layer_4", 4), ("layer_3", 2), ("gone", 0)]
)
def test_the_ratio_over_the_epochs_is_the_chosen_layers(
    pane: Callable[..., WeightsPane], run: RunHistory, qtbot: QtBot, chosen: str | None, row: int
) -> None:
    shown = pane(run)
    shown.resize(900, 360)
    shown.set_selected(frozenset([chosen] if chosen else []))
    _redrawn(shown, qtbot, lambda: shown.menu.show_over_epochs(True))
    ratios = [epoch.layers.update_ratio[row] for epoch in run.epochs]
    x, y = shown.ratio_track.curve.getData()
    np.testing.assert_array_equal(x, [0, 1, 2])
    np.testing.assert_allclose(y, np.log10(ratios))
    assert [plot.isVisible() for plot in shown.plot_items] == [True, False, True]
    assert shown.caption.text().endswith(
        f"update : weight of Linear {row} went from {ratios[1]:.2g} at epoch 1 "
        f"to {ratios[2]:.2g} at epoch 2."
    )
    assert shown.ratio_track.lines.now.value() == 2
    assert shown.epoch_at(QPointF(1.3, -3.0), 2) == 1
    assert shown.epoch_at(QPointF(1.3, -3.0), 0) is None
    text, layer = shown.read_at(QPointF(0.9, -3.0), 2)
    assert text == f"epoch 1: Linear {row}, update : weight {ratios[1]:.3g}"
    assert layer is None


def test_the_read_out_names_layer_distribution_and_ratio(
    pane: Callable[..., WeightsPane], run: RunHistory
) -> None:
    shown = pane(run)
    weights = run.epochs[-1].layers.weights
    text, layer = shown.read_at(QPointF(0.0, 1.5), 0)
    assert layer == "layer_2"
    assert text.startswith(f"Linear 2: mean {weights.mean[2]:.3g}, σ {weights.std[2]:.3g}; p1 to")
    assert text.endswith("; here 0; update : weight 0.002")
    assert shown.read_at(QPointF(-3.0, 2.5), 1) == ("Linear 4; update : weight 0.05", "layer_4")
    assert shown.read_at(QPointF(0.0, 3.5), 0) == ("", None)
    assert shown.read_at(QPointF(0.0, -0.5), 1) == ("", None)


@pytest.mark.parametrize("layers", [100, 300])
def test_many_layers_are_a_heat_map_and_a_few_items(
    pane: Callable[..., WeightsPane], started: Start, stats: Stats, layers: int
) -> None:
    ratios = (10.0 ** np.random.default_rng(0).uniform(-6.0, -1.0, layers // 2)).tolist()
    shown = pane(_run(started, stats, ratios, layers=layers))
    assert shown.image.isVisible()
    assert shown.image.image.shape[0] == layers // 2
    drawn = np.concatenate([kind.x for kind in shown.ratios.points.points.values()])
    np.testing.assert_allclose(np.sort(drawn), np.sort(np.log10(ratios)))
    assert [len(plot.items) for plot in shown.plot_items[:2]] == [4, 6]


def test_a_network_without_weights_says_so(
    pane: Callable[..., WeightsPane], started: Start, stats: Stats
) -> None:
    info = LayerInfo("flatten_1", "Flatten", "Flatten 1", False)
    start = RunStarted(1, (info,), 9, 6, 8, 0, 80, 20, "Digits")
    shown = pane(RunHistory(start, [stats(0, 1)]))
    assert shown.caption.text() == "Before training: no layer of this network has a weight."
    assert shown.read_at(QPointF(0.0, 0.5), 0) == ("", None)
    assert not any(plot.isVisible() for plot in shown.plot_items)


def test_a_layer_with_several_weights_has_a_row_too(
    pane: Callable[..., WeightsPane], run: RunHistory
) -> None:
    """A recurrent layer has no tensor that is called weight; its numbers are in the table all the same."""
    infos = tuple(
        LayerInfo(info.id, info.kind, info.label, False) if row == 2 else info
        for row, info in enumerate(run.layers)
    )
    start = RunStarted(1, infos, 9, 6, 8, 100, 80, 20, "Digits")
    shown = pane(RunHistory(start, run.epochs))
    names = [text for _, text in shown.plot_items[0].getAxis("left").texts]
    assert names == ["Linear 0", "Linear 2", "Linear 4"]


def test_the_svg_holds_ridges_and_the_axes_words(
    pane: Callable[..., WeightsPane], started: Start, stats: Stats, tmp_path: Path
) -> None:
    pane(_run(started, stats, [1e-3, 1e-3, 1e-3])).taking.save(tmp_path / "weights.svg")
    root = ElementTree.parse(tmp_path / "weights.svg").getroot()
    paths = [path.get("d", "") for path in root.iter("{http://www.w3.org/2000/svg}path")]
    assert max(path.count("L") for path in paths) > 3 * 100  # three ridges in one
    texts = {(text.text or "").strip() for text in root.iter("{http://www.w3.org/2000/svg}text")}
    assert {"Linear 0", "Linear 2", "Linear 4", "10⁻⁴"} <= texts
