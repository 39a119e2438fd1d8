"""Runs with made-up figures, and panes that show them."""

from collections.abc import Callable, Collection, Mapping

import numpy as np
import pyqtgraph as pg
import pytest
from pytestqt.qtbot import QtBot

from engine.stats import SCALAR_COLUMNS, EpochStats, LayerTable, StepStats, bin_values
from engine.theory import NUMBERS, Prediction
from engine.training import LayerInfo, RunHistory, RunStarted
from gui.common.theme import ThemeSource
from gui.panes import PANES
from gui.panes.pane import Pane
from gui.panes.theory import ShownTheory

STEPS = 6


@pytest.fixture
def started() -> Callable[[int], RunStarted]:
    """Makes the start of a run of six steps an epoch: Linear and ReLU in turn, labelled by kind and row."""
    return _started


@pytest.fixture
def stats() -> Callable[..., EpochStats]:
    """Makes an epoch's figures: other ones at every epoch, and none of a weight where there is no weight."""
    return _stats


@pytest.fixture
def history() -> RunHistory:
    """A run of five layers that has been through three epochs."""
    run = RunHistory(_started(5))
    for epoch in range(4):
        run.add_epoch(_stats(epoch))
    return run


@pytest.fixture
def theory() -> Callable[..., ShownTheory]:
    """Makes a theory of the layers of a run: its gradient falls by 0.2 decades a layer on its way to the input."""
    return _theory


@pytest.fixture
def opened(themes: ThemeSource, qtbot: QtBot) -> Callable[..., Pane]:
    """Shows a pane, by its name, with a run, and waits until it has drawn."""
    factories = {spec.name: spec.factory for spec in PANES}

    def show(name: str, run: RunHistory | None = None) -> Pane:
        pane = factories[name](themes)
        qtbot.addWidget(pane)
        pane.resize(640, 360)
        with qtbot.waitSignal(pane.drawn):
            pane.show_history(run)
            pane.show()
        return pane

    return show


@pytest.fixture
def plot(qtbot: QtBot) -> pg.PlotWidget:
    """A black plot without axes, from 0 to 10 both ways."""
    widget = pg.PlotWidget()
    qtbot.addWidget(widget)
    widget.resize(320, 300)
    widget.setBackground("#000000")
    for axis in ("left", "bottom"):
        widget.getPlotItem().hideAxis(axis)
    widget.setRange(xRange=(0, 10), yRange=(0, 10), padding=0.0)
    return widget


@pytest.fixture
def shown_plot(plot: pg.PlotWidget, qtbot: QtBot) -> pg.PlotWidget:
    """The same on the screen."""
    plot.show()
    qtbot.waitExposed(plot)
    return plot


def _started(layers: int) -> RunStarted:
    kinds = ("Linear", "ReLU")
    infos = tuple(
        LayerInfo(f"layer_{row}", kinds[row % 2], f"{kinds[row % 2]} {row}", row % 2 == 0)
        for row in range(layers)
    )
    return RunStarted(1, infos, 9, STEPS, 8, 100, 80, 20, "Digits")


def _stats(epoch: int, layers: int = 5, spread: float = 1.0) -> EpochStats:
    random = np.random.default_rng(epoch)
    table = LayerTable.empty(layers, 8)
    for name in SCALAR_COLUMNS[1:]:
        rows = slice(None, None, 2 if name.startswith(("weight", "update")) else 1)
        getattr(table, name)[rows] = 10.0 ** random.normal(-3.0, 1.0, layers)[rows]
    for row in range(layers):
        values = random.normal(0.2, spread * random.uniform(0.5, 2.0), 500)
        table.activations.mean[row] = values.mean()
        table.activations.set_histogram(row, bin_values(values))
    norms = random.uniform(0.5, 3.0, STEPS if epoch else 0)
    figures = random.uniform(0.1, 0.9, 4).tolist()
    return EpochStats(
        epoch, *figures, 0.1, 0.01, 30.0, table, StepStats(norms, norms, norms, np.ones_like(norms))
    )


def _theory(
    layers: int,
    *,
    reasons: Mapping[int, str] | None = None,
    missing: Collection[int] = (),
    outdated: bool = False,
    **columns: object,
) -> ShownTheory:
    infos = tuple(info for row, info in enumerate(_started(layers).layers) if row not in missing)
    size, reasons = len(infos), reasons or {}
    numbers = {name: np.full(size, np.nan) for name in NUMBERS}
    numbers["gradient_rms"] = 10.0 ** (-0.2 * np.arange(size)[::-1])
    numbers["std"] = 10.0 ** (-0.1 * np.arange(size))
    numbers["band_low"], numbers["band_high"] = (numbers["gradient_rms"] * f for f in (0.5, 2.0))
    numbers |= {name: np.asarray(values, np.float64) for name, values in columns.items()}
    prediction = Prediction(
        nodes=tuple(info.id for info in infos),
        **numbers,
        applies=np.array([row not in reasons for row in range(size)], np.bool_),
        reasons=tuple(reasons.get(row, "") for row in range(size)),
        notes=("It is about untrained networks.",),
        method="scalar",
    )
    return ShownTheory(infos, prediction, outdated)
