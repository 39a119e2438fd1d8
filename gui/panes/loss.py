"""Loss and accuracy over the epochs, and the loss of every step behind them."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
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
_FEW = 10
"""Epochs up to which each has a dot of its own."""
_ENVELOPE = 300
_ROOM_AHEAD = 1.25
"""How far beyond the newest epoch the axis reaches when it has to grow."""
Floats = NDArray[np.float64]
Series = tuple[Floats, Floats]
_LESSON = (
    "Loss and accuracy, on the samples that train and on those kept aside. A loss that stays where it began "
    "means that nothing is learned; one that parts from the other means overfitting."
)
_COLUMNS = (*(name for name, _ in _SERIES), "learning_rate", "seconds")


def envelope(places: Floats, values: Floats) -> tuple[Floats, Floats]:
    """The lowest and the highest value of each of `_ENVELOPE` groups of neighbours; few values stay as they are."""
    count = values.size // _ENVELOPE
    if count < 3:
        return places, values
    whole = count * _ENVELOPE
    groups = values[:whole].reshape(_ENVELOPE, count)
    ends = np.column_stack((groups.min(axis=1), groups.max(axis=1))).ravel()
    starts = np.repeat(places[:whole:count], 2)
    return np.append(starts, places[whole:]), np.append(ends, values[whole:])


class LossPane(Pane):
    """Losses on the left axis, accuracies on the right one from 0 to 100 %."""

    def __init__(self, themes: ThemeSource) -> None:
        self.curves = {name: pg.PlotCurveItem() for name, _ in _SERIES}
        self.points = {name: pg.ScatterPlotItem(size=5, pen=None) for name, _ in _SERIES}
        self.steps = pg.PlotCurveItem()
        self.nonfinite = pg.ScatterPlotItem(symbol="+", size=12)
        self._end = 0.0
        self._ranges: object = None
        self._now = pg.InfiniteLine(angle=90, movable=False)
        super().__init__("loss", "Loss", _LESSON, themes)
        self._key = QLabel()
        self.legend.addWidget(self._key)
        self._log = QCheckBox("log scale")
        self._log.setToolTip("Show the loss on a logarithmic scale")
        self._log.toggled.connect(self._set_log)
        self.tools.addWidget(self._log)

    def furnish(self, plots: Sequence[pg.PlotItem]) -> None:
        (plot,) = plots
        self._right = pg.ViewBox(enableMenu=False)
        plot.setLabel("bottom", "epoch")
        plot.setLabel("left", "loss")
        plot.showAxis("right")
        plot.setLabel("right", "accuracy, %")
        plot.scene().addItem(self._right)
        plot.getAxis("right").linkToView(self._right)
        self._right.setXLink(plot)
        self._right.setMouseEnabled(x=False, y=False)
        self._right.setYRange(0, 100, padding=0.03)
        plot.vb.sigResized.connect(self._follow_size)
        for item in (self.steps, self._now, self.nonfinite):
            plot.addItem(item)
        for name, is_accuracy in _SERIES:
            for item in (self.curves[name], self.points[name]):
                (self._right if is_accuracy else plot).addItem(item)

    def restart(self) -> None:
        self._end = 0.0

    def draw(self) -> str:
        history = self.history
        assert history is not None
        epochs = self._first + np.arange(len(history.epochs), dtype=np.float64)
        drawn = {
            name: self._drawable(epochs, history.series(name), is_accuracy)
            for name, is_accuracy in _SERIES
        }
        for name, (places, heights) in drawn.items():
            self.curves[name].setData(places, heights)
        self._draw_points(drawn)
        places, losses = self._step_losses()
        steps = envelope(*self._drawable(places, losses))
        self.steps.setData(*steps)
        low = self._fit(drawn, steps, float(epochs[-1]))
        self.show_marks(self.nonfinite, places[~np.isfinite(losses)], low)
        self._now.setVisible(self._epoch is not None)
        if self._epoch is not None:
            self._now.setPos(self._first + self._epoch)
        self.headline.setText(self._figures())
        return loss_caption(history)

    def color_items(self) -> None:
        colors = self.theme.series
        for (name, is_accuracy), color in zip(
            _SERIES, (colors[0], colors[1], colors[0], colors[1]), strict=True
        ):
            style = Qt.PenStyle.DashLine if is_accuracy else Qt.PenStyle.SolidLine
            self.curves[name].setPen(pg.mkPen(color, width=2, style=style))
            self.points[name].setBrush(color)
        self.steps.setPen(pg.mkPen(self.theme.color("muted", 0.45), width=1))
        self.nonfinite.setPen(pg.mkPen(self.theme.nonfinite, width=1))
        self.nonfinite.setBrush(pg.mkBrush(self.theme.nonfinite))
        self._now.setPen(pg.mkPen(self.theme.color("accent", 0.6), width=2))
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

    def read_at(self, place: QPointF, _plot: int) -> tuple[str, str | None]:
        if self.history is None or not self.history.epochs:
            return "", None
        number = round(place.x()) - self._first
        stats = self.history.epochs[min(max(0, number), len(self.history.epochs) - 1)]
        text = f"epoch {stats.epoch}: training loss {stats.train_loss:.4g}"
        if stats.validation_loss is not None:
            text += f", validation loss {stats.validation_loss:.4g}"
        if stats.validation_accuracy is not None:
            text += f", accuracy {stats.validation_accuracy:.1%}"
        return text, None

    def epoch_at(self, place: QPointF, _plot: int) -> int | None:
        if self.history is None:
            return None
        return min(max(0, round(place.x()) - self._first), len(self.history.epochs) - 1)

    @property
    def _first(self) -> int:
        """The epoch that the history begins with: above 0 when a run went on with an edited network."""
        return self.history.started.first_epoch if self.history is not None else 0

    def _figures(self) -> str:
        assert self.history is not None
        last = self.history.epochs[-1]
        if last.validation_accuracy is not None:
            return f"{last.validation_accuracy:.1%} on validation samples"
        return f"loss {last.train_loss:.3g}"

    def _drawable(self, places: Floats, values: Floats, is_accuracy: bool = False) -> Series:
        """What an axis can show of a series: percent, or the loss or its logarithm."""
        if is_accuracy:
            heights = values * 100.0
        elif self._log.isChecked():
            heights = np.log10(np.where(values > 0, values, np.nan))
        else:
            heights = values
        known = np.isfinite(heights)
        return places[known], heights[known]

    def _draw_points(self, drawn: Mapping[str, Series]) -> None:
        """A dot for each epoch as long as they are few: a line alone does not show a single one."""
        for name, item in self.points.items():
            few = drawn[name][0].size < _FEW
            item.setVisible(few)
            if few:
                item.setData(*drawn[name])

    def _step_losses(self) -> Series:
        """The end of every step, in epochs, and its loss."""
        assert self.history is not None
        loss = self.history.steps("loss")
        done = (np.arange(loss.size) + 1.0) / self.history.started.steps_per_epoch
        return self._first + done, loss

    def _fit(self, drawn: Mapping[str, Series], steps: Series, last: float) -> float:
        """Ranges that hold everything and seldom change, so that the eye can compare; the lowest loss."""
        assert self.history is not None
        if last > self._end:
            planned = float(self.history.started.epochs)
            self._end = max(last, min(planned, np.ceil(last * _ROOM_AHEAD)))
        losses = [drawn[name][1] for name, is_accuracy in _SERIES if not is_accuracy]
        heights = np.concatenate((*losses, steps[1]))
        low, high = (float(heights.min()), float(heights.max())) if heights.size else (0.0, 1.0)
        if not self._log.isChecked():
            low = 0.0
        room = 0.05 * max(high - low, 0.1 if self._log.isChecked() else 1e-9)
        end = max(self._first + 1.0, self._end)
        margin = 0.02 * (end - self._first)
        ranges = ((self._first - margin, end + margin), (low - room, high + room))
        if ranges != self._ranges:
            self._ranges = ranges
            self.plot.getViewBox().setRange(xRange=ranges[0], yRange=ranges[1], padding=0.0)
        return low

    def _set_log(self, on: bool) -> None:
        self.plot.getAxis("left").setLogMode(y=on)
        self.data_changed()

    def _follow_size(self) -> None:
        box = self.plot.getPlotItem().vb
        self._right.setGeometry(box.sceneBoundingRect())
        self._right.linkedViewChanged(box, self._right.XAxis)
