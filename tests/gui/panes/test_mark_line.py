"""A line across a plot: it is painted at its place from end to end, also when place, range or size change."""

import pyqtgraph as pg
from PySide6.QtCore import QPointF
from PySide6.QtGui import QColor
from pytestqt.qtbot import QtBot

from gui.panes.mark_line import MarkLine

RED = "#ff0000"


def _line(plot: pg.PlotWidget, place: float, *, level: bool = False) -> MarkLine:
    line = MarkLine(place, level=level)
    line.join(plot.getPlotItem())
    line.set_line(pg.mkPen(RED, width=2))
    return line


def _red(plot: pg.PlotWidget) -> set[tuple[int, int]]:
    """The pixels of the line."""
    image = plot.grab().toImage()
    ratio = round(image.devicePixelRatio())
    assert ratio == 1
    return {
        (x, y)
        for x in range(image.width())
        for y in range(image.height())
        if image.pixelColor(x, y) == QColor(RED)
    }


def _assert_upright(plot: pg.PlotWidget, place: float) -> None:
    red, box = _red(plot), plot.getViewBox()  # a picture gives a hidden plot its places
    middle, room = (
        plot.mapFromScene(box.mapViewToScene(QPointF(place, 0.0))).x(),
        box.sceneBoundingRect(),
    )
    columns, rows = {x for x, _ in red}, {y for _, y in red}
    assert all(abs(x + 0.5 - middle) <= 2.0 for x in columns)
    assert len(columns) == 2
    assert len(rows) >= room.height() - 2


def test_an_upright_line_reaches_from_end_to_end(plot: pg.PlotWidget) -> None:
    line = _line(plot, 3.0)
    assert line.value() == 3.0
    _assert_upright(plot, 3.0)


def test_a_level_line_lies_at_its_height(plot: pg.PlotWidget) -> None:
    _line(plot, 1.0, level=True)
    red = _red(plot)
    middle = plot.mapFromScene(plot.getViewBox().mapViewToScene(QPointF(0.0, 1.0))).y()
    assert all(abs(y + 0.5 - middle) <= 2.0 for _, y in red)
    assert len({y for _, y in red}) == 2
    assert len({x for x, _ in red}) >= plot.getViewBox().width() - 2


def test_a_line_follows_place_range_and_size(shown_plot: pg.PlotWidget, qtbot: QtBot) -> None:
    line = _line(shown_plot, 3.0)
    line.mark(7.5)
    assert line.value() == 7.5
    _assert_upright(shown_plot, 7.5)
    shown_plot.setRange(xRange=(5, 205), yRange=(-100, 100), padding=0.0)
    _assert_upright(shown_plot, 7.5)
    shown_plot.resize(420, 380)
    qtbot.waitUntil(lambda: shown_plot.getViewBox().height() > 300)
    _assert_upright(shown_plot, 7.5)


def test_without_a_place_there_is_no_line(plot: pg.PlotWidget) -> None:
    line = _line(plot, 3.0)
    line.mark(None)
    assert not line.isVisible()
    assert not _red(plot)
    line.mark(3)
    _assert_upright(plot, 3.0)


def test_on_the_screen_nothing_is_left_where_the_line_was(
    shown_plot: pg.PlotWidget, qtbot: QtBot
) -> None:
    line = _line(shown_plot, 3.0)

    def lies_at(place: float) -> bool:
        screen = shown_plot.screen().grabWindow(shown_plot.winId()).toImage()
        columns = {
            x
            for x in range(screen.width())
            for y in range(0, screen.height(), 10)
            if screen.pixelColor(x, y) == QColor(RED)
        }
        middle = shown_plot.mapFromScene(
            shown_plot.getViewBox().mapViewToScene(QPointF(place, 0.0))
        ).x()
        return len(columns) == 2 and all(abs(x + 0.5 - middle) <= 2.0 for x in columns)

    for place in (8.0, 2.0, 2.05, 5.0):
        line.mark(place)
        qtbot.waitUntil(lambda at=place: lies_at(at))  # type: ignore[misc]


def test_the_plot_s_range_does_not_depend_on_a_line(plot: pg.PlotWidget) -> None:
    plot.getViewBox().enableAutoRange()
    curve = pg.PlotCurveItem([1.0, 2.0], [1.0, 2.0])
    plot.addItem(curve)
    plot.getViewBox().updateAutoRange()
    before = plot.viewRange()
    _line(plot, 500.0)
    plot.getViewBox().updateAutoRange()
    assert plot.viewRange() == before
