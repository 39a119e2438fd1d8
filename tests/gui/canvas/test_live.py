"""What a training puts on the canvas: the drawn figures are the table's, of the shown epoch, on the trained layers."""

import math
from collections.abc import Callable

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QColor, QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QGraphicsSceneHoverEvent, QToolButton
from pytestqt.qtbot import QtBot

from engine.graph import AddNodes, Edge, MoveNodes, RemoveNodes, SetParam
from engine.stats import EpochStats, LayerTable, StepStats, bin_values
from engine.training import LayerInfo, Progress, RunHistory, RunStarted
from gui.canvas import CanvasView
from gui.canvas.card_part import CardPart
from gui.canvas.legend import Legend
from gui.canvas.node_item import NodeItem
from gui.canvas.scene import CanvasScene
from gui.canvas.wire_item import WireItem
from gui.common.theme import LIGHT, ThemeSource
from gui.document import Document

Chain = Callable[..., AddNodes]
KINDS = ("Input", "Flatten", "Linear", "Sigmoid", "Linear", "Output")
ROWS = ("flatten_1", "linear_1", "sigmoid_1", "linear_2")
RMS = np.array([np.nan, 1e-6, 1e-3, 0.5])


def _scene(view: CanvasView) -> CanvasScene:
    scene = view.scene()
    assert isinstance(scene, CanvasScene)
    return scene


def _wire(view: CanvasView, source: str) -> WireItem:
    (wire,) = (w for edge, w in _scene(view).wires.items() if edge.source == source)
    return wire


def _card(view: CanvasView, node_id: str) -> NodeItem:
    return _scene(view).cards[node_id]


def _part(view: CanvasView, node_id: str) -> CardPart:
    part = _card(view, node_id).live
    assert part is not None
    return part


def _table(epoch: int) -> LayerTable:
    table = LayerTable.empty(len(ROWS), 8)
    table.activation_gradient_rms[:] = RMS * np.array([1, 10.0**epoch, 1, 1])
    random = np.random.default_rng(epoch)
    for row in range(len(ROWS)):
        table.activations.set_histogram(row, bin_values(random.normal(row, 1.0, 400)))
    table.inputs.set_histogram(0, bin_values(random.uniform(0.0, 16.0, 400)))
    table.saturation[2] = 0.75
    return table


def _stats(epoch: int) -> EpochStats:
    one = np.ones(1 if epoch else 0)
    steps = StepStats(one, one, one, one)
    return EpochStats(epoch, 2.0 - epoch / 4, 0.5, 2.5, 0.25, 1.0, 0.1, 9.0, _table(epoch), steps)


@pytest.fixture
def history() -> RunHistory:
    """A run of the network below that has been through two epochs."""
    infos = tuple(
        LayerInfo(node_id, kind, node_id, kind == "Linear")
        for node_id, kind in zip(ROWS, KINDS[1:-1], strict=True)
    )
    run = RunHistory(RunStarted(1, infos, 9, 1, 8, 100, 80, 20, "Digits"))
    for epoch in range(3):
        run.add_epoch(_stats(epoch))
    return run


@pytest.fixture
def trained(
    canvas: CanvasView, document: Document, chain: Chain, history: RunHistory, qtbot: QtBot
) -> CanvasView:
    """The canvas of a network that is in training."""
    document.do(chain(*KINDS))
    canvas.fit()
    with qtbot.waitSignal(canvas.live.drawn):
        canvas.show_history(history)
    return canvas


def _drawn_ratios(view: CanvasView) -> dict[str, float]:
    figures = {edge.source: wire.figure for edge, wire in _scene(view).wires.items()}
    return {source: figure.ratio for source, figure in figures.items() if figure is not None}


def test_before_any_training_cards_and_wires_show_no_figures(net: CanvasView) -> None:
    net.data_changed()
    net.live.draw()
    assert all(wire.figure is None for wire in _scene(net).wires.values())
    assert all(card.live is None for card in _scene(net).cards.values())
    assert not net.findChild(Legend).isVisible()


@pytest.mark.parametrize("epoch", [0, 1, None])
def test_every_wire_shows_its_sources_gradient_of_the_shown_epoch(
    trained: CanvasView, history: RunHistory, qtbot: QtBot, epoch: int | None
) -> None:
    if epoch is not None:
        with qtbot.waitSignal(trained.live.drawn):
            trained.set_epoch(epoch)
    table = history.epochs[2 if epoch is None else epoch].layers
    for row, node_id in enumerate(ROWS):
        figure = _wire(trained, node_id).figure
        assert figure is not None
        if row == 0:
            assert figure.state == "none"
        else:
            rms = table.activation_gradient_rms
            assert (figure.rms, figure.ratio) == (rms[row], rms[row] / rms[3])
            assert _wire(trained, node_id).number == figure.number != ""
    source = _wire(trained, "input_1").figure
    assert source is not None
    assert source.state == "none"


def test_every_card_shows_the_histogram_of_its_own_row(
    trained: CanvasView, history: RunHistory
) -> None:
    for row, node_id in enumerate(ROWS):
        part = _part(trained, node_id)
        assert part.sheet is not None
        assert part.sheet.found is history.epochs[2].layers.activations
        assert part.row == row
        image, source = part.sheet.picture(row)
        drawn = image.copy(source.toRect())
        filled = [x for x in range(drawn.width()) if drawn.pixelColor(x, 31).alpha() > 0]
        # row r is normal around r: where its bars stand tells whose they are
        values = np.random.default_rng(2).normal(0.0, 1.0, 400 * (row + 1))[-400:] + row
        limit = np.arcsinh(part.sheet.reach / 0.1)
        places = (np.arcsinh(values / 0.1) / limit + 1) * drawn.width() / 2
        assert min(filled) == pytest.approx(places.min(), abs=1.5)
        assert max(filled) == pytest.approx(places.max(), abs=1.5)
    assert _part(trained, "sigmoid_1").remark.text == "◆ 75% saturated"
    inputs = _part(trained, "input_1").sheet
    assert inputs is not None
    assert inputs.found is history.epochs[2].layers.inputs
    assert _part(trained, "output_1").words[:2] == ("loss 1.5 | 2.5", "accuracy 50.0% | 25.0%")


def test_a_step_made_by_hand_is_shown_at_once(
    trained: CanvasView, history: RunHistory, qtbot: QtBot
) -> None:
    one = np.ones(1)
    table = _table(5)
    history.add_progress(Progress(1, 3, 1, StepStats(one, one, one, one), True, table))
    with qtbot.waitSignal(trained.live.drawn):
        trained.data_changed()
    assert _drawn_ratios(trained)["linear_1"] == pytest.approx(0.1 / 0.5)


def test_nothing_is_drawn_when_nothing_has_changed_nor_more_often_than_the_screen_shows(
    trained: CanvasView, history: RunHistory, qtbot: QtBot
) -> None:
    times: list[int] = []
    trained.live.drawn.connect(lambda: times.append(len(history.epochs)))
    for _ in range(20):
        trained.data_changed()
        qtbot.wait(2)
    assert times == []
    for epoch in range(3, 203):
        history.add_epoch(_stats(epoch))
        trained.data_changed()
        trained.data_changed()
    qtbot.waitUntil(lambda: times[-1:] == [203])
    assert len(times) <= 2


def test_untouched_layers_keep_their_figures_changed_and_new_ones_show_none(
    trained: CanvasView, document: Document, chain: Chain, qtbot: QtBot
) -> None:
    with qtbot.waitSignal(trained.live.drawn):
        trained.insert_kind("ReLU")
        document.do(SetParam("linear_1", "out_features", 3))
        document.do(MoveNodes({"sigmoid_1": (0.0, 500.0)}))
    assert _wire(trained, "linear_1").figure is None
    assert _part(trained, "linear_1").is_empty
    assert _wire(trained, "sigmoid_1").figure is not None
    assert _wire(trained, "sigmoid_1").number == "10⁻²·⁷"
    assert math.log10(1e-3 / 0.5) == pytest.approx(-2.7, abs=0.01)
    assert _part(trained, "sigmoid_1").sheet is not None
    assert _card(trained, "relu_1").live is None
    with qtbot.waitSignal(trained.live.drawn):
        document.undo_stack.undo()
        document.undo_stack.undo()
    assert _drawn_ratios(trained)["linear_1"] == pytest.approx(2e-4)


def test_another_layer_under_an_old_name_has_no_figures(
    trained: CanvasView, document: Document, chain: Chain, qtbot: QtBot
) -> None:
    with qtbot.waitSignal(trained.live.drawn):
        document.do(RemoveNodes(("linear_2",)))
        node = document.graph.new_node("Linear")
        assert node.id == "linear_2"
        document.do(AddNodes((node,), (Edge("linear_2", "output_1"),)))
        document.do(SetParam("linear_2", "bias", False))
    assert _wire(trained, "linear_2").figure is None
    assert _card(trained, "linear_2").live is None


def test_another_network_does_not_inherit_the_figures(
    trained: CanvasView, document: Document, chain: Chain, qtbot: QtBot
) -> None:
    with qtbot.waitSignal(trained.live.drawn):
        document.new()
        document.do(chain(*KINDS))
    assert _drawn_ratios(trained) == {}
    assert not trained.findChild(Legend).isVisible()


def test_a_new_run_keeps_the_old_picture_until_its_first_figures(
    trained: CanvasView, history: RunHistory, qtbot: QtBot
) -> None:
    fresh = RunHistory(history.started)
    trained.show_history(fresh)
    qtbot.wait(40)
    assert _drawn_ratios(trained)["linear_1"] == pytest.approx(2e-4)
    fresh.add_epoch(_stats(0))
    with qtbot.waitSignal(trained.live.drawn):
        trained.data_changed()
    assert _drawn_ratios(trained)["linear_1"] == pytest.approx(2e-6)


def test_all_live_drawing_can_be_taken_off_and_put_back(trained: CanvasView, qtbot: QtBot) -> None:
    legend = trained.findChild(Legend)
    assert legend.isVisible()
    with qtbot.waitSignal(trained.live.drawn):
        trained.toggle_live()
    assert _drawn_ratios(trained) == {}
    assert {wire.number for wire in _scene(trained).wires.values()} == {""}
    assert all(card.live is None or card.live.is_empty for card in _scene(trained).cards.values())
    assert not legend.isVisible()
    with qtbot.waitSignal(trained.live.drawn):
        trained.toggle_live()
    assert _drawn_ratios(trained)["linear_1"] == pytest.approx(2e-4)
    assert legend.isVisible()


def test_the_legend_unfolds_in_its_corner(trained: CanvasView, qtbot: QtBot) -> None:
    legend = trained.findChild(Legend)
    folded = legend.height()
    qtbot.mouseClick(legend.findChild(QToolButton), Qt.MouseButton.LeftButton)
    assert legend.height() > 2 * folded
    assert legend.geometry().bottom() < trained.height()
    trained.resize(700, 400)
    assert trained.height() - legend.geometry().bottom() < 24
    qtbot.mouseClick(legend, Qt.MouseButton.LeftButton)
    assert legend.height() == folded


def test_a_pointer_on_a_wire_is_told_the_numbers(trained: CanvasView) -> None:
    wire = _wire(trained, "linear_1")
    assert "RMS" not in wire.toolTip()
    wire.hoverEnterEvent(QGraphicsSceneHoverEvent())
    told = " ".join(wire.toolTip().split())
    assert "into linear_1: RMS ∂L/∂a 0.0001, 0.0002 × that of linear_2" in told
    assert "-3.7 decades" in told
    assert told.endswith("→ 64")  # the shape that flows through


def test_a_chosen_layers_gradient_is_said_in_words(trained: CanvasView, document: Document) -> None:
    document.selection.choose(["linear_1"])
    assert "-3.7 decades" in trained.accessibleDescription()


def _painted(view: CanvasView, zoom: float, around: QPointF | None = None) -> QImage:
    """The canvas around a point of the scene, else around the first linear layer."""
    view.resetTransform()
    view.scale(zoom, zoom)
    view.centerOn(
        _card(view, "linear_1").sceneBoundingRect().center() if around is None else around
    )
    QTest.qWait(20)
    return view.viewport().grab().toImage()


def _at(view: CanvasView, picture: QImage, place: QPointF) -> str:
    return QColor(picture.pixelColor(view.mapFromScene(place))).name()


def test_seen_from_very_far_there_are_blocks_of_the_verdicts_colours(trained: CanvasView) -> None:
    picture = _painted(trained, 0.2)
    colors = [
        _at(trained, picture, _card(trained, i).sceneBoundingRect().center()) for i in ROWS[1:]
    ]
    assert colors == [LIGHT.vanishing, LIGHT.vanishing, LIGHT.healthy]


@pytest.mark.parametrize(("zoom", "is_seen"), [(0.35, False), (0.5, True), (1.0, True)])
def test_histograms_are_seen_from_near_only(
    trained: CanvasView, zoom: float, is_seen: bool
) -> None:
    card = _card(trained, "linear_1")
    picture = _painted(trained, zoom)
    area = trained.mapFromScene(card.mapRectToScene(_part(trained, "linear_1").boundingRect()))
    room = area.boundingRect().adjusted(8, 8, -8, -8)
    bars = _blended(LIGHT.ridge, 0.6, LIGHT.card)
    found = [
        QColor(picture.pixelColor(QPoint(x, y)))
        for x in range(room.left(), room.right())
        for y in range(room.center().y(), room.bottom())
    ]
    assert any(_close(color, bars) for color in found) is is_seen


@pytest.mark.parametrize(
    ("zoom", "is_seen"), [(0.2, False), (0.3, True), (0.45, True), (0.6, True)]
)
def test_a_glyph_of_the_verdict_s_colour_lies_on_every_wire_not_too_far_away(
    trained: CanvasView, zoom: float, is_seen: bool
) -> None:
    for source, verdict in (("linear_1", "vanishing"), ("linear_2", "healthy")):
        wire = _wire(trained, source)
        assert wire.figure is not None
        assert wire.figure.verdict == verdict
        middle = wire.path().pointAtPercent(0.5)
        picture = _painted(trained, zoom, middle)
        centre = trained.mapFromScene(middle)
        color = QColor(getattr(LIGHT, verdict))
        line = [QColor(picture.pixelColor(centre.x() + x, centre.y())) for x in range(-7, 8)]
        # its ground interrupts the stripe
        assert any(_close(pixel, QColor(LIGHT.surface)) for pixel in line) is is_seen
        assert not is_seen or any(_close(pixel, color, 30) for pixel in line[5:10])


def test_from_afar_the_pointer_still_meets_wires_and_cards(trained: CanvasView) -> None:
    _painted(trained, 0.35)
    wire = _wire(trained, "linear_1")
    assert trained.itemAt(trained.mapFromScene(wire.path().pointAtPercent(0.5))) is wire
    card = _card(trained, "linear_1")
    found = trained.itemAt(trained.mapFromScene(card.sceneBoundingRect().center()))
    assert found is card or found.parentItem() is card


def test_glyphs_are_painted_wherever_a_wire_is_led(trained: CanvasView, document: Document) -> None:
    document.do(MoveNodes({"linear_2": (5_000.0, 3_000.0), "output_1": (5_300.0, 3_000.0)}))
    middle = _wire(trained, "linear_2").path().pointAtPercent(0.5)
    picture = _painted(trained, 0.35, middle)
    centre = trained.mapFromScene(middle)
    found = [
        QColor(picture.pixelColor(x, y))
        for x in range(centre.x() - 3, centre.x() + 4)
        for y in range(centre.y() - 3, centre.y() + 4)
    ]
    assert any(_close(pixel, QColor(LIGHT.healthy), 30) for pixel in found)


@pytest.mark.parametrize(("zoom", "is_read"), [(0.5, False), (0.7, True), (1.0, True)])
def test_numbers_on_wires_can_be_read_or_are_not_there(
    trained: CanvasView, zoom: float, is_read: bool
) -> None:
    middle = _wire(trained, "linear_1").path().pointAtPercent(0.5)
    picture = _painted(trained, zoom)
    centre = trained.mapFromScene(middle)
    dark = [
        y - centre.y()
        for x in range(centre.x() - 12, centre.x() + 12)
        for y in range(centre.y() + 8, centre.y() + 24)
        if _close(QColor(picture.pixelColor(x, y)), QColor(LIGHT.text), 80)
    ]
    assert bool(dark) is is_read
    if is_read:  # digits keep their height on the screen, whatever the zoom
        assert 5 <= max(dark) - min(dark) + 1 <= 12


def _blended(name: str, share: float, ground: str) -> QColor:
    top, below = QColor(name), QColor(ground)
    return QColor.fromRgbF(
        *(
            share * getattr(top, f"{c}F")() + (1 - share) * getattr(below, f"{c}F")()
            for c in ("red", "green", "blue")
        )
    )


def _close(one: QColor, other: QColor, apart: int = 4) -> bool:
    pairs = zip(one.getRgb(), other.getRgb(), strict=True)
    return all(abs(a - b) <= apart for a, b in pairs)


def test_the_colours_follow_the_theme(
    trained: CanvasView, themes: ThemeSource, qtbot: QtBot
) -> None:
    with qtbot.waitSignal(trained.live.drawn):
        themes.choose("dark")
    picture = _painted(trained, 0.2)
    centre = _card(trained, "linear_2").sceneBoundingRect().center()
    assert _at(trained, picture, centre) == themes.theme.healthy != LIGHT.healthy


def test_a_layer_chosen_elsewhere_is_scrolled_to_only_when_it_is_out_of_sight(
    trained: CanvasView, document: Document
) -> None:
    trained.zoom_reset()
    document.do(MoveNodes({"output_1": (4000.0, 3000.0)}))
    trained.centerOn(_card(trained, "input_1"))
    before = trained.mapToScene(QPoint(0, 0))
    document.selection.choose(["flatten_1"])
    assert trained.mapToScene(QPoint(0, 0)) == before
    document.selection.choose(["output_1"])
    place = trained.mapFromScene(_card(trained, "output_1").sceneBoundingRect().center())
    assert trained.viewport().rect().contains(place)
