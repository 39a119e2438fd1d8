"""Loss and accuracy over the epochs, and the loss of every step behind them."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QPointF, Qt
from PySide6.QtWidgets import QCheckBox, QLabel

from gui.common.theme import ThemeSource

from .pane import Pane
from .reading import loss_caption

_SERIES = (
    ("train_loss", False),
    ("validation_loss", False),
    ("train_accuracy", True),
    ("validation_accuracy", True),
)
_LESSON = (
    "Loss and accuracy, on the samples that train and on those kept aside. A loss that stays where it began "
    "means that nothing is learned; one that parts from the other means overfitting."
)
_COLUMNS = (*(name for name, _ in _SERIES), "learning_rate", "seconds")


class LossPane(Pane):
    """Losses on the left axis, accuracies on the right one from 0 to 100 %."""

    def __init__(self, themes: ThemeSource) -> None:
        self.curves = {name: pg.PlotDataItem(symbolSize=4) for name, _ in _SERIES}
        self.steps = pg.PlotDataItem(autoDownsample=True, clipToView=True, downsampleMethod="peak")
        self.nonfinite = pg.ScatterPlotItem(symbol="+", size=12)
        self._now = pg.InfiniteLine(angle=90, movable=False)
        self._right = pg.ViewBox(enableMenu=False)
        super().__init__("loss", "Loss", _LESSON, themes)
        plot = self.plot.getPlotItem()
        plot.setLabel("bottom", "epoch")
        plot.setLabel("left", "loss")
        plot.showAxis("right")
        plot.setLabel("right", "accuracy, %")
        plot.showGrid(y=True, alpha=0.2)
        plot.scene().addItem(self._right)
        plot.getAxis("right").linkToView(self._right)
        self._right.setXLink(plot)
        self._right.setMouseEnabled(x=False, y=False)
        self._right.setYRange(0, 100, padding=0.03)
        plot.vb.sigResized.connect(self._follow_size)
        for item in (self.steps, self._now, self.nonfinite):
            plot.addItem(item)
        for name, is_accuracy in _SERIES:
            (self._right if is_accuracy else plot).addItem(self.curves[name])
        self._key = QLabel()
        self.legend.addWidget(self._key)
        self._log = QCheckBox("log scale")
        self._log.setToolTip("Show the loss on a logarithmic scale")
        self._log.toggled.connect(self._set_log)
        self.tools.addWidget(self._log)
        self._use_theme()

    def draw(self) -> str:
        history = self.history
        assert history is not None
        epochs = np.arange(len(history.epochs), dtype=np.float64)
        for name, is_accuracy in _SERIES:
            values = history.series(name) * (100.0 if is_accuracy else 1.0)
            known = np.isfinite(values)
            self.curves[name].setData(epochs[known], values[known])
            self.curves[name].setSymbol("o" if known.sum() < 60 else None)
        self._draw_steps()
        self.plot.getViewBox().setXRange(0, max(1.0, float(epochs[-1])), padding=0.02)
        self._now.setVisible(self._epoch is not None)
        if self._epoch is not None:
            self._now.setPos(self._epoch)
        self.headline.setText(self._figures())
        return loss_caption(history)

    def color_items(self) -> None:
        colors = self.theme.series
        for (name, is_accuracy), color in zip(
            _SERIES, (colors[0], colors[1], colors[0], colors[1]), strict=True
        ):
            style = Qt.PenStyle.DashLine if is_accuracy else Qt.PenStyle.SolidLine
            self.curves[name].setPen(pg.mkPen(color, width=2, style=style))
            self.curves[name].setSymbolBrush(color)
            self.curves[name].setSymbolPen(None)
        self.steps.setPen(pg.mkPen(self.theme.color("muted", 0.45), width=1))
        self.nonfinite.setPen(pg.mkPen(self.theme.nonfinite, width=1))
        self.nonfinite.setBrush(pg.mkBrush(self.theme.nonfinite))
        self._now.setPen(pg.mkPen(self.theme.color("accent", 0.6), width=2))
        if hasattr(self, "_key"):
            self._key.setText(
                f'<b style="color: {colors[0]}">●</b> training&nbsp;&nbsp; '
                f'<b style="color: {colors[1]}">●</b> validation&nbsp;&nbsp;&nbsp; '
                "— loss&nbsp;&nbsp; - - accuracy"
            )

    def table(self) -> tuple[Sequence[str], Sequence[Sequence[Any]]]:
        assert self.history is not None
        rows = [
            [
                stats.epoch,
                *("" if getattr(stats, c) is None else getattr(stats, c) for c in _COLUMNS),
            ]
            for stats in self.history.epochs
        ]
        return ("epoch", *_COLUMNS), rows

    def read_at(self, place: QPointF) -> tuple[str, str | None]:
        if self.history is None or not self.history.epochs:
            return "", None
        stats = self.history.epochs[min(max(0, round(place.x())), len(self.history.epochs) - 1)]
        text = f"epoch {stats.epoch}: training loss {stats.train_loss:.4g}"
        if stats.validation_loss is not None:
            text += f", validation loss {stats.validation_loss:.4g}"
        if stats.validation_accuracy is not None:
            text += f", accuracy {stats.validation_accuracy:.1%}"
        return text, None

    def _figures(self) -> str:
        assert self.history is not None
        last = self.history.epochs[-1]
        if last.validation_accuracy is not None:
            return f"{last.validation_accuracy:.1%} on validation samples"
        return f"loss {last.train_loss:.3g}"

    def _draw_steps(self) -> None:
        """Every step's loss, faint; steps that are not finite are marked at the foot."""
        assert self.history is not None
        loss = self.history.steps("loss")
        places = (np.arange(loss.size) + 1.0) / self.history.started.steps_per_epoch
        finite = np.isfinite(loss)
        self.steps.setData(places[finite], loss[finite])
        broken = places[~finite]
        self.nonfinite.setData(broken, np.zeros(broken.size))
        self.nonfinite.setVisible(bool(broken.size))

    def _set_log(self, on: bool) -> None:
        self.plot.getPlotItem().setLogMode(y=on)
        self.data_changed()

    def _follow_size(self) -> None:
        box = self.plot.getPlotItem().vb
        self._right.setGeometry(box.sceneBoundingRect())
        self._right.linkedViewChanged(box, self._right.XAxis)
