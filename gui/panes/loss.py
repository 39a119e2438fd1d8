"""Loss over the epochs and the loss of every step behind it; accuracy, learning rate or time on a second axis."""

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any, NamedTuple

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QStandardItemModel
from PySide6.QtWidgets import QCheckBox, QComboBox, QLabel

from engine.language import tr
from engine.training import StepEvents
from gui.common.theme import ThemeSource
from gui.training.reading import share_text

from .bounded import Box
from .loss_reading import (
    Series,
    clipped_near,
    envelope,
    known,
    loss_caption,
    loss_table,
    read_epoch,
    sparse,
    step_losses,
    step_places,
)
from .mark_line import MarkLine
from .pane import Pane
from .plots import keep_pictures

Floats = NDArray[np.float64]
_LOSSES = ("train_loss", "validation_loss")
_ACCURACIES = ("train_accuracy", "validation_accuracy")
_FEW = 10
"""Epochs up to which each has a dot of its own."""
_ROOM_AHEAD = 1.25
"""How far beyond the newest epoch the axis reaches when it has to grow."""
_DASHES = "\u2011 \u2011"
"""With hyphens at which a line is not broken."""
_MARKS = 100
_STRIP = 12.0
"""The strip of clipped steps is as high as the plot over this."""
_FAR = 5.0
"""A learning rate whose middle value is less than its highest over this is shown on a logarithmic scale."""
_LESSON = tr(
    "Loss and accuracy, on the samples that train and on those kept aside. A "
    "loss that stays where it began means that nothing is learned; one that "
    "parts from the other means overfitting."
)


class Aside(NamedTuple):
    """What the right axis can show."""

    title: str
    label: str
    columns: tuple[str, ...]


ASIDES = (
    Aside(tr("accuracy"), tr("accuracy, %"), _ACCURACIES),
    Aside(tr("learning rate"), tr("learning rate"), ("learning_rate",)),
    Aside(tr("time"), tr("seconds an epoch"), ("seconds",)),
)


class LossPane(Pane):
    """Losses on the left axis; the right one is for accuracies from 0 to 100 %, the learning rate or the time."""

    def __init__(self, themes: ThemeSource) -> None:
        self.curves = {
            name: pg.PlotCurveItem()
            for name in (*_LOSSES, *(column for aside in ASIDES for column in aside.columns))
        }
        self.points = {name: pg.ScatterPlotItem(size=5, pen=None) for name in self.curves}
        self.steps = pg.PlotCurveItem()
        self.clipped = pg.PlotCurveItem(connect="pairs")
        self.nonfinite = pg.ScatterPlotItem(symbol="x", size=9)
        self.now_line, self.pinned_line = MarkLine(), MarkLine()
        self._end = 0.0
        self._drawn: object = None
        self._ranges: object = None
        self._right_ranges: object = None
        self._key_text = ""
        self._wanted = ASIDES[0].title
        super().__init__("loss", tr("Loss"), _LESSON, themes)
        self._key = QLabel()
        self._key.setWordWrap(True)
        self.legend.addWidget(self._key)
        self.aside = QComboBox()
        self.aside.addItems([aside.title for aside in ASIDES])
        self.aside.setToolTip(tr("What the right axis shows"))
        self.aside.setAccessibleName(tr("What the right axis shows"))
        self.aside.textActivated.connect(self._choose_aside)
        self.tools.addWidget(self.aside)
        self._log = QCheckBox(tr("log scale"))
        self._log.setToolTip(tr("Show the loss on a logarithmic scale"))
        self._log.toggled.connect(self._set_log)
        self.tools.addWidget(self._log)

    def furnish(self, plots: Sequence[pg.PlotItem]) -> None:
        (plot,) = plots
        plot.setLabel("bottom", tr("epoch"))
        plot.setLabel("left", tr("loss"))
        plot.showAxis("right")
        self._right, self._strip = Box(), Box()
        for box in (self._strip, self._right):
            plot.scene().addItem(box)
            box.setXLink(plot)
            box.setMouseEnabled(x=False, y=False)
        plot.getAxis("right").linkToView(self._right)
        self._strip.setYRange(0.0, _STRIP, padding=0.0)
        self._strip.addItem(self.clipped)
        plot.vb.sigResized.connect(self._follow_size)
        plot.addItem(self.steps)
        for line in (self.pinned_line, self.now_line):
            line.join(plot)
        plot.addItem(self.nonfinite)
        for name, curve in self.curves.items():
            for item in (curve, self.points[name]):
                (plot if name in _LOSSES else self._right).addItem(item)

    def restart(self) -> None:
        self._end = 0.0
        self._drawn = None

    def draw(self) -> str:
        history = self.history
        assert history is not None
        aside, events = self._aside_now(), history.step_events()
        drawn = len(history.epochs), int(events.steps.sum()), self._log.isChecked(), aside
        if drawn != self._drawn:  # else the playhead has moved, which changes no curve
            self._drawn = drawn
            self._draw_data(aside, events)
        # curves stand still while the playhead moves over them
        keep_pictures((self.steps, self.clipped, *self.curves.values()), self._epoch is not None)
        self._show_key(aside, events)
        for line, epoch in ((self.now_line, self._epoch), (self.pinned_line, self._pinned)):
            line.mark(None if epoch is None else self._first + epoch)
        self.headline.setText(self._figures())
        return loss_caption(history, self._epoch, self._pinned)

    def color_items(self) -> None:
        dashed = Qt.PenStyle.DashLine
        colors = dict(zip((*_LOSSES, *_ACCURACIES), self.theme.series[:2] * 2, strict=True))
        for name, curve in self.curves.items():
            color = colors.get(name, self.theme.series[2])
            style = Qt.PenStyle.SolidLine if name in _LOSSES else dashed
            curve.setPen(self.theme.pen(color, 2.0, style=style))
            self.points[name].setBrush(color)
        self.steps.setPen(self.theme.pen(self.theme.color("muted", 0.45), 1.0))
        self.clipped.setPen(self.theme.pen(self.theme.color("warning", 0.7), 1.0))
        self.nonfinite.setPen(self.theme.pen(self.theme.nonfinite, 2.0))
        self.nonfinite.setBrush(None)
        self.now_line.set_line(self.theme.pen(self.theme.color("accent", 0.6), 2.0))
        self.pinned_line.set_line(self.theme.pen(self.theme.muted, 2.0, style=dashed))
        self._key_text = ""

    def table(self) -> tuple[Sequence[str], Sequence[Sequence[Any]]]:
        assert self.history is not None
        return loss_table(self.history)

    def read_at(self, place: QPointF, plot: int) -> tuple[str, str | None]:
        number = self.epoch_at(place, plot)
        if self.history is None or number is None:
            return "", None
        text, share = read_epoch(self.history, number), clipped_near(self.history, place.x())
        if share > 0:
            text += tr("; {share} of the steps here were clipped").format(share=share_text(share))
        return text, None

    def epoch_at(self, place: QPointF, _plot: int) -> int | None:
        if self.history is None or not self.history.epochs:
            return None
        return min(max(0, round(place.x()) - self._first), len(self.history.epochs) - 1)

    @property
    def _first(self) -> int:
        """The epoch that the history begins with: above 0 when a run went on with an edited network."""
        return self.history.started.first_epoch if self.history is not None else 0

    def _choose_aside(self, title: str) -> None:
        self._wanted = title
        self.data_changed()

    def _aside_now(self) -> Aside:
        """What was asked for; a run without accuracy shows its learning rate instead."""
        assert self.history is not None
        has_accuracy = known(self.history, "train_accuracy")
        possible = ASIDES if has_accuracy else ASIDES[1:]
        aside = next((a for a in possible if a.title == self._wanted), possible[0])
        if aside.title != self.aside.currentText():
            self.aside.setCurrentText(aside.title)
        model = self.aside.model()
        assert isinstance(model, QStandardItemModel)
        item = model.item(0)
        if item.isEnabled() != has_accuracy:
            item.setEnabled(has_accuracy)
        return aside

    def _figures(self) -> str:
        assert self.history is not None
        place = -1 if self._epoch is None else min(self._epoch, len(self.history.epochs) - 1)
        accuracy = self.history.series("validation_accuracy")[place]
        if not np.isnan(accuracy):
            return tr("validation {accuracy:.1%}").format(accuracy=accuracy)
        return tr("loss {loss:.3g}").format(loss=self.history.series("train_loss")[place])

    def _series(self, name: str) -> Series:
        """A number an epoch as an axis shows it: percent, or the loss or its logarithm."""
        assert self.history is not None
        values = self.history.series(name)
        places = self._first + np.arange(values.size, dtype=np.float64)
        if name in _LOSSES:
            return envelope(*self._drawable(places, values))
        if name in _ACCURACIES:
            values = values * 100.0
        else:  # no step was made before the first epoch
            places, values = places[1:], values[1:]
        if name == "learning_rate" and _spans_decades(values):
            values = np.log10(values)
        there = np.isfinite(values)
        return envelope(places[there], values[there])

    def _drawable(self, places: Floats, values: Floats) -> Series:
        heights = values
        if self._log.isChecked():
            heights = np.log10(np.where(values > 0, values, np.nan))
        there = np.isfinite(heights)
        return places[there], heights[there]

    def _draw_series(self, drawn: Mapping[str, Series]) -> None:
        """Lines, and a dot for each epoch as long as they are few: a line alone does not show a single one."""
        for name, curve in self.curves.items():
            there = name in drawn
            few = there and drawn[name][0].size < _FEW
            for item, visible in ((curve, there), (self.points[name], few)):
                item.setVisible(visible)
                if visible:
                    item.setData(*drawn[name])

    def _draw_data(self, aside: Aside, events: StepEvents) -> None:
        assert self.history is not None
        drawn = {name: self._series(name) for name in (*_LOSSES, *aside.columns)}
        self._draw_series(drawn)
        steps = self._drawable(*step_losses(self.history))
        self.steps.setData(*steps)
        high = self._fit(np.concatenate((*(drawn[name][1] for name in _LOSSES), steps[1])))
        self._fit_right(aside, np.concatenate([drawn[name][1] for name in aside.columns]))
        self._draw_events(events, high)

    def _draw_events(self, events: StepEvents, high: float) -> None:
        """Ticks as high as the share of clipped steps on the floor, crosses at the ceiling where steps broke."""
        assert self.history is not None
        places = step_places(self.history, events.places + (events.steps - 1) / 2.0)
        there = events.clipped > 0
        self.clipped.setVisible(bool(there.any()))
        if there.any():
            shares = events.clipped[there] / events.steps[there]
            ends = np.column_stack((np.zeros(shares.size), shares)).ravel()
            self.clipped.setData(np.repeat(places[there], 2), ends)
        self.show_marks(self.nonfinite, sparse(places[events.nonfinite > 0], _MARKS), high)

    def _show_key(self, aside: Aside, events: StepEvents) -> None:
        clipped, broken = int(events.clipped.sum()), int(events.nonfinite.sum())
        training, validation, other = self.theme.series[:3]
        parts = [
            tr("{mark} training").format(mark=_dot(training)),
            tr("{mark} validation").format(mark=_dot(validation)),
            tr("— loss"),
        ]
        if aside.columns == _ACCURACIES:
            parts.append(tr("{mark} accuracy").format(mark=_DASHES))
        else:
            parts.append(f'<b style="color:{other}">{_DASHES}</b> {aside.label}')
        if clipped:
            share = escape(share_text(clipped / events.steps.sum()))  # "<1%" is no tag
            parts.append(
                tr('<b style="color:{color}">|||</b> {share} clipped').format(
                    color=self.theme.warning, share=share
                )
            )
        if broken:
            parts.append(
                tr('<b style="color:{color}">✕</b> {count:,} not finite').format(
                    color=self.theme.nonfinite, count=broken
                )
            )
        if self._pinned is not None:
            parts.append(tr("┆ pinned: epoch {epoch}").format(epoch=self._first + self._pinned))
        text = "&nbsp;&nbsp; ".join(_unbroken(part) for part in parts)
        if text != self._key_text:
            self._key_text = text
            self._key.setText(text)

    def _fit(self, heights: Floats) -> float:
        """Ranges that hold everything and seldom change, so that the eye can compare; the highest loss."""
        assert self.history is not None
        last = float(self._first + len(self.history.epochs) - 1)
        if last > self._end:
            planned = float(self.history.started.epochs)
            self._end = max(last, min(planned, np.ceil(last * _ROOM_AHEAD)))
        low, high = (float(heights.min()), float(heights.max())) if heights.size else (0.0, 1.0)
        if not self._log.isChecked():
            low = min(0.0, low)
        room = 0.05 * max(high - low, 0.1 if self._log.isChecked() else 1e-9)
        end = max(self._first + 1.0, self._end)
        margin = 0.02 * (end - self._first)
        ranges = ((self._first - margin, end + margin), (low - room, high + room))
        if ranges != self._ranges:
            self._ranges = ranges
            self.plot.getViewBox().setRange(xRange=ranges[0], yRange=ranges[1], padding=0.0)
        return high

    def _fit_right(self, aside: Aside, values: Floats) -> None:
        """All of 0 to 100 % for accuracies; from zero for the others, or the decades of a learning rate."""
        assert self.history is not None
        logarithmic = aside.columns == ("learning_rate",) and _spans_decades(
            self.history.series("learning_rate")[1:]
        )
        low, high = 0.0, 100.0
        if aside.columns != _ACCURACIES:
            low, high = (float(values.min()), float(values.max())) if values.size else (0.0, 1.0)
            low = low if logarithmic else 0.0
        room = 0.04 * max(high - low, 1e-9)
        wanted = aside.title, logarithmic, low - room, high + room
        if wanted == self._right_ranges:
            return
        self._right_ranges = wanted
        axis = self.plot.getPlotItem().getAxis("right")
        axis.setLogMode(y=logarithmic)
        axis.setLabel(aside.label)
        self._right.setYRange(wanted[2], wanted[3], padding=0.0)

    def _set_log(self, on: bool) -> None:
        self.plot.getPlotItem().getAxis("left").setLogMode(y=on)
        self.data_changed()

    def _follow_size(self) -> None:
        box = self.plot.getPlotItem().vb
        for other in (self._right, self._strip):
            other.setGeometry(box.sceneBoundingRect())
            other.linkedViewChanged(box, other.XAxis)


def _spans_decades(rates: Floats) -> bool:
    """Whether a learning rate is so low most of the time that a logarithmic scale is needed to see it."""
    return bool(rates.size and rates.min() > 0 and rates.max() > _FAR * np.median(rates))


def _unbroken(text: str) -> str:
    """A part of a legend that stays on one line."""
    return text.replace(" ", "&nbsp;").replace("<b&nbsp;", "<b ")


def _dot(color: str) -> str:
    return f'<b style="color:{color}">●</b>'
