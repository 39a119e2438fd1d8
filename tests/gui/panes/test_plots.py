"""Titles beside the axes: as many words as fit, and nothing left of the ones before."""

import pytest
from PySide6.QtGui import QFontMetricsF, QImage
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from gui.common.theme import ThemeSource
from gui.panes.plots import color_axes, entitle, fitting_title, new_plots

LONG, SHORT = "‖∂L/∂h_t‖, a great many words on a logarithmic scale", "‖∂L/∂h_t‖"


@pytest.mark.parametrize("side", ["left", "bottom"])
def test_nothing_is_left_of_the_title_before(qtbot: QtBot, themes: ThemeSource, side: str) -> None:
    def show(x: int, *titles: str) -> QWidget:
        view, (plot,) = new_plots(1, lambda: None)
        assert isinstance(view, QWidget)
        qtbot.addWidget(view)
        color_axes([plot], themes.theme, themes)
        view.resize(200, 60)  # where neither fits
        view.move(x, 0)
        with qtbot.waitExposed(view):
            view.show()
        for title in titles:
            entitle(plot, side, title)
            qtbot.wait(50)
        return view

    def seen(view: QWidget) -> QImage:
        return view.screen().grabWindow(view.winId()).toImage()

    fresh, changed = show(0, SHORT), show(400, LONG, SHORT)
    qtbot.waitUntil(lambda: seen(fresh) == seen(changed))


def test_the_first_title_that_fits_is_taken(qtbot: QtBot) -> None:
    metrics = QFontMetricsF(QWidget().font())
    room = metrics.horizontalAdvance(SHORT)
    assert fitting_title((LONG, SHORT, ""), metrics, room) == SHORT
    assert fitting_title((LONG, SHORT, ""), metrics, room - 1.0) == ""
    assert fitting_title((LONG, SHORT), metrics, 0.0) == SHORT
