"""The pane of pictures, read back from its items and compared with the pictures themselves."""

import csv
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyqtgraph as pg
import pytest
from PySide6.QtCore import QPointF
from PySide6.QtGui import QColor, QTextDocumentFragment
from PySide6.QtWidgets import QCheckBox, QLabel
from pytestqt.qtbot import QtBot

from engine.stats import Backdrop, EpochStats, Picture, StepStats, SurfacePicture
from engine.training import Progress, RunHistory, RunStarted
from gui.common.theme import DARK, LIGHT, ThemeSource
from gui.panes.decision_surface import DecisionSurfacePane
from gui.panes.images_view import ImagesView
from gui.panes.line_view import LineView
from gui.panes.plane_view import PlaneView
from tests.gui.panes.pictures import (
    MAP,
    SIDE,
    curve_picture,
    image_backdrop,
    image_picture,
    line_backdrop,
    pictured_run,
    plane_backdrop,
    surface_picture,
)

Show = Callable[..., DecisionSurfacePane]
REAL = QPointF(10.0 - 8.0, -3.0 - 1.0), QPointF(10.0 + 8.0, -3.0 + 1.0)
"""The corners of the plane in the data's own units: limits · deviation + mean."""


@pytest.fixture
def show(
    themes: ThemeSource,
    qtbot: QtBot,
    started: Callable[[int], RunStarted],
    stats: Callable[..., EpochStats],
) -> Show:
    """Shows a run of five layers and four epochs with these pictures."""

    def make(backdrop: Backdrop | None, *pictures: Picture) -> DecisionSurfacePane:
        pane = DecisionSurfacePane(themes)
        qtbot.addWidget(pane)
        pane.resize(640, 360)
        epochs = [stats(epoch) for epoch in range(4)]
        run = pictured_run(started(5), backdrop, epochs, list(pictures))
        with qtbot.waitSignal(pane.drawn):
            pane.show_history(run)
            pane.show()
        return pane

    return make


def _rgb(name: str) -> np.ndarray:
    color = QColor(name)
    return np.array([color.red(), color.green(), color.blue()])


def _surface(picture: Picture) -> SurfacePicture:
    assert picture.surface is not None
    return picture.surface


def _plane(pane: DecisionSurfacePane) -> PlaneView:
    assert isinstance(pane.view, PlaneView)
    return pane.view


def _redraw(pane: DecisionSurfacePane, qtbot: QtBot, change: Callable[[], None]) -> None:
    with qtbot.waitSignal(pane.drawn):
        change()


def test_the_surface_is_each_cells_class_in_its_colour_the_surer_the_stronger(show: Show) -> None:
    picture = surface_picture(3)
    pane = show(plane_backdrop(), surface_picture(0), picture)
    surface, ground = _surface(picture), _rgb(LIGHT.surface)
    image = _plane(pane).surface.image.astype(np.float64)
    assert image.shape == (SIDE, SIDE, 3)
    colors = np.array([_rgb(name) for name in LIGHT.series[:2]])[surface.winners]
    strength = ((image - ground) / (colors - ground)).mean(axis=2)
    sure = (surface.scores - 0.5) / 0.5
    slope, start = np.polyfit(sure.ravel(), strength.ravel(), 1)
    np.testing.assert_allclose(strength, start + slope * sure, atol=0.01)
    assert 0.05 < start < 0.3 < start + slope < 0.8


def test_the_picture_lies_over_the_datas_own_units(show: Show) -> None:
    view = _plane(show(plane_backdrop(), surface_picture(0)))
    rect = view.surface.mapRectToParent(view.surface.boundingRect())
    assert (rect.left(), rect.right()) == pytest.approx((REAL[0].x(), REAL[1].x()))
    assert (rect.top(), rect.bottom()) == pytest.approx((REAL[0].y(), REAL[1].y()))
    ranges = view.left.getViewBox().viewRange()
    np.testing.assert_allclose(ranges, [[2.0, 18.0], [-4.0, -2.0]])
    assert view.left.getAxis("bottom").labelText == "length"
    assert view.left.getAxis("left").labelText == "width"


def test_points_are_the_data_by_class_and_part(show: Show) -> None:
    backdrop = plane_backdrop(3)
    view = _plane(show(backdrop, surface_picture(0, classes=3)))
    assert len(view.points) == 3
    looks = set()
    for number, item in enumerate(view.points):
        here = backdrop.targets == number
        wanted = backdrop.inputs[here] * [2.0, 0.5] + [10.0, -3.0]
        np.testing.assert_allclose(np.column_stack(item.getData()), wanted, rtol=1e-6)
        fills = [spot.brush().color().name() for spot in item.points()]
        color = LIGHT.series[number]
        validates = backdrop.validates[here]
        assert fills == [LIGHT.surface if v else color for v in validates]
        looks.add((color, item.opts["symbol"]))
    assert len({symbol for _, symbol in looks}) == 3, "not by colour alone"


def test_points_can_be_hidden(show: Show) -> None:
    pane = show(plane_backdrop(), surface_picture(0))
    (box,) = pane.findChildren(QCheckBox)
    box.setChecked(False)
    assert not any(item.isVisible() for item in _plane(pane).points)
    box.setChecked(True)
    assert all(item.isVisible() for item in _plane(pane).points)


def _center(view: PlaneView, unit: int, row: int, column: int) -> QPointF:
    """The middle of a cell of a unit's map in the drawn mosaic; rows counted from the lowest y."""
    layout = view._layouts[view.right]
    top, left = layout.corner(unit)
    return QPointF(
        left + (column + 0.5) * layout.zoom,
        layout.size[0] - top - (MAP - row - 0.5) * layout.zoom,
    )


def test_maps_show_each_units_sign_and_size(show: Show, qtbot: QtBot) -> None:
    picture = surface_picture(0)
    pane = show(plane_backdrop(), picture)
    _redraw(pane, qtbot, lambda: pane.set_selected(frozenset({"layer_0"})))
    view, units = _plane(pane), _surface(picture).units
    image = view.mosaic.image
    for row, column in np.ndindex(MAP, MAP):
        place = _center(view, 0, row, column)
        pixel = image[int(place.y()), int(place.x())].astype(np.float64)
        share = units.codes[0, row, column] / 127
        end = _rgb(LIGHT.exploding if share > 0 else LIGHT.vanishing)
        wanted = _rgb(LIGHT.surface) * (1 - abs(share)) + end * abs(share)
        np.testing.assert_allclose(pixel, wanted, atol=1.0)
        text, layer = pane.read_at(place, 1)
        value = share * units.scales[0]
        assert text == f"Linear 0, unit 1: {value:.3g} here, at most {units.scales[0]:.3g}"
        assert layer == "layer_0"


def test_silent_and_broken_units_have_strokes(show: Show, qtbot: QtBot) -> None:
    pane = show(plane_backdrop(), surface_picture(0))
    _redraw(pane, qtbot, lambda: pane.set_selected(frozenset({"layer_0"})))
    view = _plane(pane)
    layout, image = view._layouts[view.right], view.mosaic.image[::-1]
    for unit, name in ((1, LIGHT.muted), (2, LIGHT.nonfinite)):
        top, left = layout.corner(unit)
        tile = image[top : top + layout.tile[0], left : left + layout.tile[1]]
        assert (tile == _rgb(name)).all(-1).any()
        assert (tile[-1, 0] == _rgb(name)).all()
        assert (tile[0, 0] == _rgb(name)).all() == (unit == 2)


def test_the_chosen_layer_decides_whose_units_are_shown(show: Show, qtbot: QtBot) -> None:
    pane = show(plane_backdrop(), surface_picture(0))
    axis = _plane(pane).right.getAxis("bottom")
    assert axis.labelText == "units 1–3 of 5 of Linear 0", "the last hidden layer"
    _redraw(pane, qtbot, lambda: pane.set_selected(frozenset({"layer_1"})))
    assert axis.labelText == "2 units of ReLU 1"
    _redraw(pane, qtbot, lambda: pane.set_selected(frozenset({"layer_4"})))
    assert axis.labelText == "2 units of ReLU 1", "the nearest that is pictured"


def test_scrubbing_shows_the_picture_of_then(show: Show, qtbot: QtBot) -> None:
    old, new = surface_picture(0), surface_picture(2)
    pane = show(plane_backdrop(), old, new)
    newest = _plane(pane).surface.image.copy()
    assert pane.headline.text() == "Epoch 2 (3 has no picture)"
    _redraw(pane, qtbot, lambda: pane.set_epoch(1))
    assert pane.headline.text() == "Before training (1 has no picture)"
    assert (_plane(pane).surface.image != newest).any()
    assert pane.caption.text().startswith("Before training, the newest picture up to epoch 1: ")
    _redraw(pane, qtbot, lambda: pane.set_epoch(2))
    np.testing.assert_array_equal(_plane(pane).surface.image, newest)


def test_a_single_step_brings_its_own_picture(show: Show, qtbot: QtBot) -> None:
    pane = show(plane_backdrop(), surface_picture(0))
    assert pane.history is not None
    none = StepStats.of([], [], [], [])
    pane.history.add_progress(Progress(1, 4, 2, none, True, picture=surface_picture(3, 2)))
    _redraw(pane, qtbot, pane.data_changed)
    assert pane.headline.text() == "Epoch 4, batch 2"
    _redraw(pane, qtbot, lambda: pane.set_epoch(3))
    assert pane.headline.text() == "Before training (3 has no picture)"


def test_hovering_reads_class_and_probability(show: Show) -> None:
    picture = surface_picture(0)
    pane = show(plane_backdrop(), picture)
    for row, column in ((0, 0), (2, 5), (7, 7)):
        x, y = 2.0 + (column + 0.5) * 2.0, -4.0 + (row + 0.5) * 0.25
        name = f"kind {_surface(picture).winners[row, column]}"
        sure = _surface(picture).scores[row, column]
        assert pane.read_at(QPointF(x, y), 0) == (
            f"length {x:.3g}, width {y:.3g}: class {name}, probability {sure:.1%}",
            None,
        )
    assert pane.read_at(QPointF(99.0, 0.0), 0) == ("", None)


def test_the_table_has_every_cell(show: Show, tmp_path: Path) -> None:
    picture = surface_picture(3)
    pane = show(plane_backdrop(), surface_picture(0), picture)
    pane.taking.save(tmp_path / "surface.csv")
    header, *rows = csv.reader((tmp_path / "surface.csv").read_text().splitlines())
    assert header == ["length", "width", "class", "probability"]
    assert len(rows) == SIDE * SIDE
    x, y, name, score = rows[2 * SIDE + 5]
    assert (float(x), float(y)) == pytest.approx((13.0, -3.375))
    assert name == f"kind {_surface(picture).winners[2, 5]}"
    assert float(score) == pytest.approx(_surface(picture).scores[2, 5], rel=1e-5)


def test_a_regression_over_the_plane_has_the_heat_maps_colours(show: Show) -> None:
    backdrop, picture = plane_backdrop(0), surface_picture(3, classes=0)
    pane = show(backdrop, surface_picture(0, classes=0), picture)
    low, high = backdrop.targets.min(), backdrop.targets.max()
    shares = (_surface(picture).scores - low) / (high - low)
    colors = pg.colormap.get("viridis").map(np.clip(shares, 0, 1).ravel())[:, :3]
    image = _plane(pane).surface.image.reshape(-1, 3).astype(int)
    np.testing.assert_allclose(image, colors, atol=4)
    assert pane.read_at(QPointF(2.1, -3.9), 0)[0].endswith(
        f": {_surface(picture).scores[0, 0]:.3g}"
    )


def test_the_curve_lies_over_its_data_in_their_units(show: Show) -> None:
    backdrop = line_backdrop()
    pane = show(backdrop, curve_picture(0), curve_picture(3))
    view = pane.view
    assert isinstance(view, LineView)
    x, y = view.curve.getData()
    places = -1.2 + (np.arange(256) + 0.5) * 2.4 / 256
    np.testing.assert_allclose(x, places * 2.0 + 5.0)
    np.testing.assert_allclose(y, np.linspace(0, 3, 256), rtol=1e-6)
    for part, item in enumerate(view.points):
        here = backdrop.validates == part
        np.testing.assert_allclose(item.getData()[0], backdrop.inputs[here, 0] * 2.0 + 5.0)
        np.testing.assert_allclose(item.getData()[1], backdrop.targets[here])
    assert view.left.getAxis("bottom").labelText == "time"
    assert not pane.plot_items[1].isVisible()
    assert pane.read_at(QPointF(5.0, 0.0), 0)[0] == "time 5: the network says 1.5"


def test_filters_and_saliency_are_the_pictures(show: Show) -> None:
    picture = image_picture(3)
    pane = show(image_backdrop(), image_picture(0), picture)
    view, images = pane.view, picture.images
    assert isinstance(view, ImagesView)
    assert images is not None
    left, right = view._layouts[view.left], view._layouts[view.right]
    tiles = view.filters.image[::-1], view.samples.image[::-1]
    for number, weights in enumerate(images.filters.astype(np.float64)):
        top, start = left.corner(number)
        cells = tiles[0][top : top + left.tile[0], start : start + left.tile[1]][:: left.zoom]
        largest = np.abs(weights).max()
        for (row, column), weight in np.ndenumerate(weights):
            end = _rgb(LIGHT.exploding if weight > 0 else LIGHT.vanishing)
            share = abs(weight) / largest
            wanted = _rgb(LIGHT.surface) * (1 - share) + end * share
            np.testing.assert_allclose(cells[row, column * left.zoom], wanted, atol=2.0)
    for number, saliency in enumerate(images.saliency):
        top, start = right.corner(3 + number)
        cells = tiles[1][
            top : top + right.tile[0] : right.zoom, start : start + right.tile[1] : right.zoom
        ]
        wanted = pg.colormap.get("viridis").map((saliency / saliency.max()).ravel())[:, :3]
        np.testing.assert_allclose(cells.reshape(-1, 3).astype(int), wanted, atol=4)
    assert view.left.getAxis("bottom").labelText == "2 of 7 filters of Linear 0"


def test_samples_say_what_they_are_taken_for(show: Show) -> None:
    pane = show(image_backdrop(), image_picture(3))
    view = pane.view
    assert isinstance(view, ImagesView)
    (ticks,) = view.right.getAxis("bottom")._tickLevels
    assert [word for _, word in ticks] == ["cat ✓", "dog→owl", "owl ✓"]
    layout = view._layouts[view.right]
    images = image_picture(3).images
    assert images is not None
    top, left = layout.corner(4)
    place = QPointF(left + 2.5 * layout.zoom, layout.size[0] - top - 1.5 * layout.zoom)
    assert pane.read_at(place, 1)[0] == (
        f"a dog, taken for a owl (60.0%); row 2, column 3: {images.saliency[1, 1, 2]:.3g}"
    )


def test_a_filter_is_read_and_leads_to_its_layer(show: Show) -> None:
    pane = show(image_backdrop(), image_picture(3))
    view, images = pane.view, image_picture(3).images
    assert isinstance(view, ImagesView)
    assert images is not None
    layout = view._layouts[view.left]
    place = QPointF(0.5 * layout.zoom, layout.size[0] - 2.5 * layout.zoom)
    text, layer = pane.read_at(place, 0)
    assert text == f"filter 1, row 3, column 1: weight {float(images.filters[0, 2, 0]):.3g}"
    assert layer == "layer_0"


def test_without_filters_there_is_a_sentence(show: Show) -> None:
    pane = show(image_backdrop(), image_picture(3, row=-1))
    view = pane.view
    assert isinstance(view, ImagesView)
    assert not view.filters.isVisible()
    assert view.left.getAxis("bottom").labelText == "no layer looks at the pixels first"


@pytest.mark.parametrize(
    ("backdrop", "words"),
    [
        (Backdrop.nothing("The inputs are sequences"), "The inputs are sequences."),
        (None, "This run was recorded without pictures of what the network has learned."),
    ],
)
def test_a_run_without_pictures_says_why(show: Show, backdrop: Backdrop | None, words: str) -> None:
    pane = show(backdrop)
    assert words in {label.text() for label in pane.findChildren(QLabel) if label.isVisible()}
    assert not pane.plot.isVisible()
    assert not pane.caption.isVisible()  # one sentence is enough
    assert pane.accessibleDescription() == words
    assert pane.read_at(QPointF(0, 0), 0) == ("", None)


def test_classes_may_be_named_anything(show: Show) -> None:
    names = ("<b>a</b>", "5 < 6")
    pane = show(replace(plane_backdrop(), class_names=names), surface_picture(0))
    texts = [label.text() for label in pane.findChildren(QLabel) if label.isVisible()]
    shown = [QTextDocumentFragment.fromHtml(text).toPlainText() for text in texts]
    assert any(all(name in text for name in names) for text in shown)


def test_another_run_brings_another_kind_of_picture(
    show: Show,
    qtbot: QtBot,
    started: Callable[[int], RunStarted],
    stats: Callable[..., EpochStats],
) -> None:
    pane = show(plane_backdrop(), surface_picture(0))
    left = pane.plot_items[0]
    kept = len(left.items)

    def run(backdrop: Backdrop, picture: Picture) -> RunHistory:
        return pictured_run(started(5), backdrop, [stats(0)], [picture])

    for backdrop, picture, kind in (
        (line_backdrop(), curve_picture(0), LineView),
        (Backdrop.nothing("No"), None, None),
        (image_backdrop(), image_picture(0), ImagesView),
        (plane_backdrop(), surface_picture(0), PlaneView),
    ):
        history = (
            run(backdrop, picture)
            if picture
            else pictured_run(started(5), backdrop, [stats(0)], [])
        )
        _redraw(pane, qtbot, lambda history=history: pane.show_history(history))  # type: ignore[misc]
        assert type(pane.view) is (kind or type(None))
        assert pane.plot.isVisible() == (kind is not None)
    assert len(left.items) == kept, "nothing is left of the other kinds"


def test_a_pinned_epochs_boundary_is_a_line_over_the_picture(show: Show, qtbot: QtBot) -> None:
    old = surface_picture(0)
    pane = show(plane_backdrop(), old, surface_picture(3))
    assert not _plane(pane).then.isVisible()
    _redraw(pane, qtbot, lambda: pane.set_pinned(0))
    x, y = _plane(pane).then.getData()
    winners = _surface(old).winners
    edges = (winners[:, 1:] != winners[:, :-1]).sum() + (winners[1:] != winners[:-1]).sum()
    assert len(x) == 2 * edges
    columns, rows = (x - 2.0) / 2.0, (y + 4.0) / 0.25
    for begin, end in zip(range(0, len(x), 2), range(1, len(x), 2), strict=True):
        column, row = (columns[begin] + columns[end]) / 2, (rows[begin] + rows[end]) / 2
        upright = columns[begin] == columns[end]
        step = (0.5, 0.0) if upright else (0.0, 0.5)
        before = winners[int(row - step[1]), int(column - step[0])]
        assert before != winners[int(row + step[1]), int(column + step[0])]
    assert pane.headline.text() == "Epoch 3   line: before training"


def test_a_pinned_epochs_curve_is_dashed(show: Show, qtbot: QtBot) -> None:
    pane = show(line_backdrop(), curve_picture(1), curve_picture(3))
    _redraw(pane, qtbot, lambda: pane.set_pinned(1))
    assert isinstance(pane.view, LineView)
    np.testing.assert_allclose(pane.view.then.getData()[1], np.linspace(0, 1, 256), rtol=1e-6)
    assert pane.headline.text() == "Epoch 3   dashed: epoch 1"
    _redraw(pane, qtbot, lambda: pane.set_pinned(None))
    assert not pane.view.then.isVisible()


def test_colours_follow_the_theme(show: Show, themes: ThemeSource, qtbot: QtBot) -> None:
    pane = show(plane_backdrop(), surface_picture(0))
    _redraw(pane, qtbot, lambda: themes.choose("dark"))
    view = _plane(pane)
    filled = {spot.brush().color().name() for item in view.points for spot in item.points()}
    assert filled == {DARK.surface, *DARK.series[:2]}
    assert any(DARK.series[0] in label.text() for label in pane.findChildren(QLabel))


def test_the_same_picture_is_not_drawn_twice(show: Show, qtbot: QtBot) -> None:
    pane = show(plane_backdrop(), surface_picture(0))
    _redraw(pane, qtbot, pane.data_changed)  # its parts have found their places now
    changes: list[object] = []
    _plane(pane).surface.sigImageChanged.connect(lambda: changes.append(None))
    for _ in range(3):
        _redraw(pane, qtbot, pane.data_changed)
    assert not changes
