"""The pane of activations: what is drawn is what the run holds, on each scale, for few layers and for many."""

from collections.abc import Callable

import msgspec
import numpy as np
import pytest
from numpy.typing import NDArray
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from engine.stats import (
    EDGES,
    MAGNITUDES,
    Distribution,
    EpochStats,
    LayerTable,
    StepStats,
    bin_values,
)
from engine.training import RunHistory, RunStarted
from gui.common.theme import ThemeSource
from gui.panes.activations import ActivationsPane
from gui.panes.pane import Pane

Floats = NDArray[np.float64]
Open = Callable[..., Pane]
Start = Callable[[int], RunStarted]
Stats = Callable[..., EpochStats]


@pytest.fixture
def pane(opened: Open) -> Callable[[RunHistory], ActivationsPane]:
    """Shows the pane with a run."""

    def show(run: RunHistory) -> ActivationsPane:
        shown = opened("activations", run)
        assert isinstance(shown, ActivationsPane)
        return shown

    return show


def _densities(counts: NDArray[np.integer], places: Floats) -> Floats:
    """Counts spread evenly within their bins, over the borders of drawn ones; the highest of a row is 1."""
    middle = counts.shape[1] // 2
    spaced = np.insert(counts.astype(np.float64), middle, 0.0, axis=1)
    below = np.insert(spaced.cumsum(axis=1), 0, 0.0, axis=1)
    spread = np.diff([np.interp(0.1 * np.sinh(places), EDGES, row) for row in below])
    return np.asarray(spread / spread.max(axis=1, keepdims=True), np.float64)


def _quantiles(found: Distribution) -> Floats:
    """p1, median and p99 by plain interpolation, as places on the axis."""
    rows = []
    for counts, zeros in zip(found.counts, found.zeros + found.underflow, strict=True):
        steps = np.concatenate(([0], counts[:128], [zeros], counts[128:])).cumsum()
        rows.append(np.interp(np.array([0.01, 0.5, 0.99]) * steps[-1], steps, EDGES))
    return np.arcsinh(np.array(rows) / 0.1)


def _borders(image: object, columns: int) -> Floats:
    room = image.mapRectToParent(image.boundingRect())  # type: ignore[attr-defined]
    return np.linspace(room.left(), room.right(), columns + 1)


def _redrawn(pane: ActivationsPane, qtbot: QtBot, act: Callable[[], object]) -> None:
    with qtbot.waitSignal(pane.drawn):
        act()


@pytest.mark.parametrize("epoch", [0, 2, 3])
def test_ridges_and_bands_are_the_distributions_of_the_epoch(
    pane: Callable[..., ActivationsPane], history: RunHistory, qtbot: QtBot, epoch: int
) -> None:
    shown = pane(history)
    _redrawn(shown, qtbot, lambda: shown.set_epoch(epoch))
    ridges, found = shown.ridge_item, history.epochs[epoch].layers.activations
    assert ridges.isVisible()
    assert ridges.before is None
    np.testing.assert_allclose(ridges.density, _densities(found.counts, ridges.places), atol=1e-9)
    np.testing.assert_allclose(shown.rows.band.quantiles, _quantiles(found), atol=1e-9)


@pytest.mark.parametrize(
    ("layers", "choice", "mapped"),
    [
        (24, "automatic", False),
        (25, "automatic", True),
        (2, "heat map", True),
        (30, "ridges", False),
        (100, "automatic", True),
        (300, "automatic", True),
    ],
)
def test_a_heat_map_is_drawn_of_many_layers_or_when_asked_for(
    pane: Callable[..., ActivationsPane],
    started: Start,
    stats: Stats,
    qtbot: QtBot,
    layers: int,
    choice: str,
    mapped: bool,
) -> None:
    run = RunHistory(started(layers), [stats(0, layers)])
    shown = pane(run)
    shown.menu.choose(choice)
    qtbot.waitUntil(lambda: shown.image.isVisible() == mapped)
    assert shown.ridge_item.isVisible() != mapped
    assert len(shown.rows.band.quantiles) == layers
    if mapped:
        image = shown.image.image
        places = _borders(shown.image, image.shape[1])
        counts = run.epochs[0].layers.activations.counts
        np.testing.assert_allclose(image**2, _densities(counts, places), atol=1e-6)


@pytest.mark.parametrize("layers", [3, 100, 300])
@pytest.mark.parametrize("choice", ["ridges", "heat map"])
def test_many_layers_need_no_more_items_than_few(
    pane: Callable[..., ActivationsPane],
    started: Start,
    stats: Stats,
    qtbot: QtBot,
    layers: int,
    choice: str,
) -> None:
    shown = pane(RunHistory(started(layers), [stats(0, layers)]))
    shown.menu.choose(choice)
    qtbot.waitUntil(lambda: shown.image.isVisible() == (choice == "heat map"))
    assert len(shown.plot_items[0].items) == 4
    if choice == "ridges":
        assert shown.ridge_item.density.shape[0] == layers
        assert shown.ridge_item.boundingRect().height() == layers


def _spread_run(started: Start, stats: Stats) -> RunHistory:
    return RunHistory(started(3), [stats(0, 3, 1.0), stats(1, 3, 50.0), stats(2, 3, 0.1)])


def _reaches(pane: ActivationsPane, qtbot: QtBot, epochs: tuple[int, ...]) -> list[float]:
    reached = []
    for epoch in epochs:
        _redrawn(pane, qtbot, lambda epoch=epoch: pane.set_epoch(epoch))
        reached.append(float(pane.ridge_item.places[-1]))
    return reached


def test_the_range_of_all_only_grows_until_another_run(
    pane: Callable[..., ActivationsPane], started: Start, stats: Stats, qtbot: QtBot
) -> None:
    run = _spread_run(started, stats)
    shown = pane(run)
    first = shown.ridge_item.places[-1]
    small, large, still = _reaches(shown, qtbot, (0, 1, 2))
    assert first < small < large == still
    _redrawn(shown, qtbot, lambda: shown.show_history(run))
    assert shown.ridge_item.places[-1] == first


def test_the_recent_range_fits_and_the_locked_one_stays(
    pane: Callable[..., ActivationsPane], started: Start, stats: Stats, qtbot: QtBot
) -> None:
    shown = pane(_spread_run(started, stats))
    tiny = float(shown.ridge_item.places[-1])
    _redrawn(shown, qtbot, lambda: shown.menu.choose("recent"))
    small, large, back = _reaches(shown, qtbot, (0, 1, 2))
    assert back == tiny < small < large
    _redrawn(shown, qtbot, lambda: shown.menu.choose("locked"))
    assert _reaches(shown, qtbot, (1, 0)) == [tiny, tiny]
    view = shown.plot_items[0].getViewBox().viewRange()[0]
    assert view[1] == pytest.approx(tiny, rel=0.03)


@pytest.mark.parametrize("choice", ["ridges", "heat map"])
def test_a_pinned_epoch_is_drawn_beside_and_spoken_of(
    pane: Callable[..., ActivationsPane], history: RunHistory, qtbot: QtBot, choice: str
) -> None:
    shown = pane(history)
    shown.menu.choose(choice)
    _redrawn(shown, qtbot, lambda: shown.set_pinned(1))
    pinned, now = history.epochs[1].layers.activations, history.epochs[3].layers.activations
    np.testing.assert_allclose(shown.rows.band.before, _quantiles(pinned), atol=1e-9)
    if choice == "ridges":
        ridges = shown.ridge_item
        assert ridges.before is not None
        np.testing.assert_allclose(
            ridges.before, _densities(pinned.counts, ridges.places), atol=1e-9
        )
    changes = np.abs(np.log(now.std / pinned.std))
    row = int(changes.argmax())
    assert (
        f"since epoch 1 the spread σ of {history.layers[row].label} has changed the most, "
        f"from {pinned.std[row]:.2g} to {now.std[row]:.2g}"
    ) in shown.caption.text()
    _redrawn(shown, qtbot, lambda: shown.set_pinned(None))
    assert shown.rows.band.before is None
    assert "since" not in shown.caption.text()


def test_a_pinned_epoch_is_looked_up_once(
    pane: Callable[..., ActivationsPane], history: RunHistory, qtbot: QtBot
) -> None:
    shown = pane(history)
    _redrawn(shown, qtbot, lambda: shown.set_pinned(1))
    first = shown.pinned_view
    _redrawn(shown, qtbot, lambda: shown.set_epoch(2))
    assert shown.pinned_view is first
    _redrawn(shown, qtbot, lambda: shown.set_pinned(0))
    assert shown.pinned_view is not None
    assert shown.pinned_view.epoch == 0


def test_remarks_stand_at_the_rows_that_they_are_about(
    pane: Callable[..., ActivationsPane], started: Start, stats: Stats
) -> None:
    epoch = stats(0, 5)
    table = epoch.layers
    table.saturation[:] = table.dead[:] = np.nan
    table.saturation[1], table.dead[3] = 0.25, 0.5
    table.activations.set_histogram(2, bin_values(np.array([0.0, 0.0, 0.0, 1.0])))
    shown = pane(RunHistory(started(5), [epoch]))
    right = shown.plot_items[0].getAxis("right")
    assert [(int(place), text) for place, text in right.texts] == [
        (1, "◐ 25%"),
        (2, "∅ 75%"),
        (3, "† 50%"),
    ]
    assert right.minimumWidth() > 8 * 4
    left = shown.plot_items[0].getAxis("left")
    assert [text for _, text in left.texts] == [info.label for info in started(5).layers]


def _gradient_run(started: Start, stats: Stats) -> RunHistory:
    epoch = stats(0, 3)
    for row, size in enumerate((1e-9, 1e-6, 1e-3)):
        values = np.random.default_rng(row).normal(0.0, size, 2_000)
        found = epoch.layers.activation_gradients
        found.set_histogram(row, bin_values(values, MAGNITUDES))
        found.mean[row], found.std[row] = values.mean(), values.std()
    return RunHistory(started(3), [epoch])


def test_gradients_are_drawn_by_their_size_in_powers_of_ten(
    pane: Callable[..., ActivationsPane], started: Start, stats: Stats, qtbot: QtBot
) -> None:
    run = _gradient_run(started, stats)
    shown = pane(run)
    _redrawn(shown, qtbot, lambda: shown.show_quantity("activation_gradients"))
    ridges = shown.ridge_item
    counts = run.epochs[0].layers.activation_gradients.counts.astype(np.int64)
    sizes = counts[:, 128:] + counts[:, 127::-1]
    borders = (np.arange(129) - 100) * np.log10(2.0)
    first = int(np.abs(borders - ridges.places[0]).argmin())
    np.testing.assert_allclose(ridges.places, borders[first : first + ridges.places.size])
    inside = sizes[:, first : first + ridges.places.size - 1]
    np.testing.assert_allclose(ridges.density, inside / inside.max(axis=1, keepdims=True))
    assert inside.sum() > 0.98 * sizes.sum()
    assert "∂L/∂z" in shown.plot_items[0].getAxis("bottom").labelText
    assert "the median size of the gradients ∂L/∂z goes from 6" in shown.caption.text()
    assert "Linear 2: mean" in shown.read_at(QPointF(-3.0, 2.5), 0)[0]
    assert shown.read_at(QPointF(-3.0, 2.5), 0)[0].endswith("here 0.001")


def _over_epochs(pane: ActivationsPane, qtbot: QtBot, width: int = 900) -> None:
    pane.resize(width, 360)
    _redrawn(pane, qtbot, lambda: pane.menu.show_over_epochs(True))
    qtbot.wait(40)


@pytest.mark.parametrize("row", [0, 3])
def test_the_map_over_the_epochs_is_the_layers_track(
    pane: Callable[..., ActivationsPane], history: RunHistory, qtbot: QtBot, row: int
) -> None:
    shown = pane(history)
    shown.set_selected(frozenset([f"layer_{row}"]))
    _over_epochs(shown, qtbot)
    image = shown.epoch_map.image
    room = image.mapRectToParent(image.boundingRect())
    assert (room.left(), room.right()) == (-0.5, 3.5)
    places = np.linspace(room.top(), room.bottom(), image.image.shape[0] + 1)
    counts = np.stack([epoch.layers.activations.counts[row] for epoch in history.epochs])
    np.testing.assert_allclose(image.image.T**2, _densities(counts, places), atol=1e-6)
    spread = [epoch.layers.activation_std[row] for epoch in history.epochs]
    label = history.layers[row].label
    assert (
        f"the spread σ of {label} went from {spread[0]:.2g} to {spread[-1]:.2g}"
        in shown.caption.text()
    )
    assert label in shown.plot_items[1].getAxis("left").labelText


def test_a_map_that_grows_while_it_is_shown_has_every_epoch(
    pane: Callable[..., ActivationsPane], history: RunHistory, stats: Stats, qtbot: QtBot
) -> None:
    shown = pane(history)
    _over_epochs(shown, qtbot)
    for epoch, spread in ((4, 1.0), (5, 1.0), (6, 40.0)):
        history.add_epoch(stats(epoch, 5, spread))
        _redrawn(shown, qtbot, shown.data_changed)
        image = shown.epoch_map.image
        room = image.mapRectToParent(image.boundingRect())
        places = np.linspace(room.top(), room.bottom(), image.image.shape[0] + 1)
        counts = np.stack([stats_.layers.activations.counts[0] for stats_ in history.epochs])
        np.testing.assert_allclose(image.image.T**2, _densities(counts, places), atol=1e-6)
        assert shown.epoch_map.lines.now.value() == epoch


def test_the_scale_of_all_holds_all_epochs_of_the_map(
    pane: Callable[..., ActivationsPane], started: Start, stats: Stats, qtbot: QtBot
) -> None:
    shown = pane(_spread_run(started, stats))
    before = float(shown.ridge_item.places[-1])
    _over_epochs(shown, qtbot)
    assert shown.ridge_item.places[-1] > before  # the wide epoch was never shown by itself


def test_playhead_and_pin_stand_in_the_map_and_a_drag_moves_the_playhead(
    pane: Callable[..., ActivationsPane], history: RunHistory, qtbot: QtBot
) -> None:
    shown = pane(history)
    _over_epochs(shown, qtbot)
    lines = shown.epoch_map.lines
    assert lines.now.value() == 3
    assert not lines.pinned.isVisible()
    shown.set_pinned(1)
    _redrawn(shown, qtbot, lambda: shown.set_epoch(2))
    assert (lines.now.value(), lines.pinned.value(), lines.pinned.isVisible()) == (2, 1, True)
    box = shown.plot_items[1].getViewBox()

    def pixel(epoch: float) -> QPoint:
        return shown.plot.mapFromScene(box.mapViewToScene(QPointF(epoch, 0.0)))

    viewport, left = shown.plot.viewport(), Qt.MouseButton.LeftButton
    with qtbot.waitSignal(shown.epoch_chosen) as chosen:
        QTest.mouseClick(viewport, left, pos=pixel(0.8))
    assert chosen.args == [1]
    for place, epoch in ((-0.4, 0), (1.4, 1), (1.6, 2), (99.0, 3)):
        assert shown.epoch_at(QPointF(place, 0.0), 1) == epoch
    assert shown.epoch_at(QPointF(1.0, 0.0), 0) is None
    assert shown.read_at(QPointF(1.2, 0.0), 1) == ("epoch 1: output 0 of Linear 0", None)


def test_a_run_that_went_on_is_mapped_by_its_epochs_numbers(
    pane: Callable[..., ActivationsPane], started: Start, stats: Stats, qtbot: QtBot
) -> None:
    run = RunHistory(msgspec.structs.replace(started(3), first_epoch=7))
    for epoch in (7, 8, 9):
        run.add_epoch(stats(epoch, 3))
    shown = pane(run)
    _over_epochs(shown, qtbot)
    image = shown.epoch_map.image
    room = image.mapRectToParent(image.boundingRect())
    assert (room.left(), room.right()) == (6.5, 9.5)
    assert shown.epoch_at(QPointF(8.2, 0.0), 1) == 1


@pytest.mark.parametrize(("width", "layers_too"), [(420, False), (900, True)])
def test_where_there_is_no_room_the_map_takes_the_layers_place(
    pane: Callable[..., ActivationsPane],
    history: RunHistory,
    qtbot: QtBot,
    width: int,
    layers_too: bool,
) -> None:
    shown = pane(history)
    assert [plot.isVisible() for plot in shown.plot_items] == [True, False]
    _over_epochs(shown, qtbot, width)
    assert [plot.isVisible() for plot in shown.plot_items] == [layers_too, True]
    used = sum(
        plot.getViewBox().sceneBoundingRect().width()
        for plot in shown.plot_items
        if plot.isVisible()
    )
    assert used > width * 0.55
    box = shown.plot_items[1].getViewBox()
    for epoch in (0, 2):  # also where the layers' plot would be if it were not taken out
        pixel = shown.plot.mapFromScene(box.mapViewToScene(QPointF(epoch, 0.0)))
        with qtbot.waitSignal(shown.epoch_chosen) as chosen:
            QTest.mouseClick(shown.plot.viewport(), Qt.MouseButton.LeftButton, pos=pixel)
        assert chosen.args == [epoch]


def test_gradients_are_not_shown_over_the_epochs(
    pane: Callable[..., ActivationsPane], history: RunHistory, qtbot: QtBot
) -> None:
    shown = pane(history)
    _over_epochs(shown, qtbot)
    _redrawn(shown, qtbot, lambda: shown.show_quantity("activation_gradients"))
    assert [plot.isVisible() for plot in shown.plot_items] == [True, False]


def test_both_themes_draw_their_own_colours(
    pane: Callable[..., ActivationsPane], history: RunHistory, themes: ThemeSource, qtbot: QtBot
) -> None:
    shown = pane(history)
    light = shown.grab().toImage()
    _redrawn(shown, qtbot, lambda: themes.choose("dark"))
    dark = shown.grab().toImage()
    places = [(x, y) for x in range(150, 400, 9) for y in range(80, 220, 9)]
    pairs = [(light.pixelColor(*at).lightness(), dark.pixelColor(*at).lightness()) for at in places]
    assert np.mean([one - other for one, other in pairs]) > 100


def test_a_table_without_numbers_is_drawn_as_nothing(
    pane: Callable[..., ActivationsPane], started: Start
) -> None:
    empty = StepStats.of([], [], [], [])
    table = LayerTable.empty(3, 8)
    epoch = EpochStats(0, 1.0, None, None, None, 0.1, 0.1, 1.0, table, empty)
    shown = pane(RunHistory(started(3), [epoch]))
    assert shown.ridge_item.density.max() == 0.0
    assert shown.caption.text() == "Before training: there are no outputs yet."
