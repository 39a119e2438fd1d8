"""Bounds that are kept are those that pyqtgraph would work out, whatever happens to the pane."""

from collections.abc import Callable, Iterator

import pyqtgraph as pg
import pytest
from PySide6.QtCore import QRectF
from pytestqt.qtbot import QtBot

from engine.training import RunHistory
from gui.panes.bounded import Axis, Box
from gui.panes.pane import Pane

NAMES = "activations", "weights", "gradient-flow", "loss", "clip-gauge"


def _kept(pane: Pane) -> Iterator[tuple[Axis | Box, QRectF]]:
    """The plots' axes and boxes, with what pyqtgraph says of their bounds."""
    for item in pane.plot.scene().items():
        if isinstance(item, Axis):
            yield item, pg.AxisItem.boundingRect(item)
        elif isinstance(item, Box):
            yield item, pg.ViewBox.boundingRect(item)


@pytest.mark.parametrize("name", NAMES)
def test_bounds_follow_the_pane(
    opened: Callable[..., Pane], history: RunHistory, qtbot: QtBot, name: str
) -> None:
    pane = opened(name, history)
    for width, height in ((700, 500), (300, 260), (900, 400)):
        pane.resize(width, height)
        qtbot.waitUntil(lambda at=width: pane.width() == at)  # type: ignore[misc]
        pane.draw_now()
        pane.grab()
        kept = list(_kept(pane))
        assert len(kept) >= 5
        for item, bounds in kept:
            assert item.boundingRect() == bounds


@pytest.mark.parametrize("change", ["style", "size", "grid"])
def test_an_axis_forgets_its_bounds_when_they_change(qtbot: QtBot, change: str) -> None:
    widget = pg.PlotWidget(axisItems={"left": Axis("left")})
    qtbot.addWidget(widget)
    widget.resize(300, 200)
    widget.grab()
    axis = widget.getPlotItem().getAxis("left")
    before = QRectF(axis.boundingRect())
    if change == "style":
        axis.setStyle(tickLength=-30)
    elif change == "size":
        axis.setWidth(120)
        widget.getPlotItem().layout.activate()
    else:
        axis.setGrid(128)
    assert axis.boundingRect() == pg.AxisItem.boundingRect(axis)
    assert axis.boundingRect() != before
