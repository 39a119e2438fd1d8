"""What clipping does to the gradient of each step, and a line to move the threshold with while training runs."""

import itertools
from collections.abc import Hashable, Mapping, Sequence
from typing import Any

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PySide6.QtCore import QLocale, QPointF, QSignalBlocker, Qt
from PySide6.QtGui import QFontMetricsF, QKeyEvent, QWheelEvent
from PySide6.QtWidgets import QComboBox, QDoubleSpinBox, QLabel, QSizePolicy

from engine.language import tr
from engine.parameters import ChoiceParameter, FloatParameter, Value
from engine.training import TRAINING_DEFAULTS, TRAINING_PARAMETERS
from gui.common.theme import GRID, ThemeSource
from gui.common.tips import in_lines
from gui.training.clip_reading import (
    StepGroups,
    angles,
    clip_caption,
    decade_ticks,
    epoch_clipping,
    group_places,
    group_text,
    logarithms,
    rounded,
    step_groups,
    threshold_words,
    verdict,
)

from .bounded import Box
from .mark_line import MarkLine
from .pane import Pane
from .plots import fitting_title, keep_pictures

Floats = NDArray[np.float64]
_LESSON = tr(
    "How large the gradient of all weights together is at each step, before and "
    "after clipping. Drag the threshold and watch what it cuts off. Clipping by "
    "norm keeps the gradient's direction; clipping by value turns it, and a step "
    "then goes somewhere else than downhill."
)
_KEYS = {
    Qt.Key.Key_Plus: 1,
    Qt.Key.Key_Equal: 1,
    Qt.Key.Key_Minus: -1,
    Qt.Key.Key_PageUp: 10,
    Qt.Key.Key_PageDown: -10,
}
_SMALLEST = 1e-9
_STEP = 0.25
"""The range of norms grows in steps of this many decades."""
_NEAR = 1.0
"""Decades within which the threshold is in the picture although clipping is off."""
_ROOM_AHEAD = 1.25


class ClipGaugePane(Pane):
    """Norms on a logarithmic axis on the left, the angle between both gradients on the right."""

    def __init__(self, themes: ThemeSource) -> None:
        self.before, self.after = (pg.PlotCurveItem(connect="finite") for _ in range(2))
        self.angle = pg.PlotCurveItem(connect="finite")
        self.nonfinite = pg.ScatterPlotItem(symbol="x", size=9)
        self.line = pg.InfiniteLine(angle=0, movable=True, label="", labelOpts=_LABEL)
        self.line.setCursor(Qt.CursorShape.SizeVerCursor)
        self._now, self._then = MarkLine(), MarkLine()
        self._training: Mapping[str, Value] = TRAINING_DEFAULTS
        self._gestures = itertools.count()
        self._gesture: Hashable = None
        self._groups: StepGroups | None = None
        self._worded: float | None = None
        """How wide the plot was when the words on the line were chosen; None when others are wanted."""
        self._forget()
        super().__init__("clip-gauge", tr("Clip gauge"), _LESSON, themes)
        self.mode_box, self.threshold_box = _ModeBox(), _ThresholdBox()
        self.mode_box.activated.connect(self._choose_mode)
        self.threshold_box.valueChanged.connect(self._enter)
        for box in (self.mode_box, self.threshold_box):
            self.tools.addWidget(box)
        self._key = QLabel()
        self._key.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.legend.addWidget(self._key)
        self.line.sigDragged.connect(self._drag)
        self.line.sigPositionChangeFinished.connect(self._drop)
        self._show_training()

    @property
    def threshold(self) -> float:
        """Where the line stands."""
        return float(self._training["clip_threshold"])

    @property
    def clip_mode(self) -> str:
        """The way of clipping; `none` for none."""
        return str(self._training["clip_mode"])

    def set_training(self, settings: Mapping[str, Value]) -> None:
        if settings != self._training:
            self._training = dict(settings)
            self._show_training()

    def furnish(self, plots: Sequence[pg.PlotItem]) -> None:
        (plot,) = plots
        self._right = Box()
        plot.setLabel("bottom", tr("epoch"))
        plot.setLabel("left", tr("gradient norm"))
        plot.showAxis("right")
        plot.setLabel("right", tr("angle, °"))
        plot.scene().addItem(self._right)
        plot.getAxis("right").linkToView(self._right)
        self._right.setXLink(plot)
        self._right.setMouseEnabled(x=False, y=False)
        self._right.setYRange(0, 90, padding=0.06)
        plot.getAxis("right").setTicks([[(degrees, f"{degrees}") for degrees in (0, 30, 60, 90)]])
        plot.vb.sigResized.connect(self._follow_size)
        self._right.addItem(self.angle)
        for item in (self.before, self.after):
            plot.addItem(item, ignoreBounds=True)
        for line in (self._then, self._now):
            line.join(plot)
        for item in (self.nonfinite, self.line):
            plot.addItem(item, ignoreBounds=True)

    def restart(self) -> None:
        self._forget()

    def draw(self) -> str:
        history = self.history
        assert history is not None
        groups = self._groups
        if groups is None or groups.total != history.step_count:
            groups = self._groups = step_groups(history)
            self._draw_curves(groups)
        keep_pictures((self.before, self.after, self.angle), self._epoch is not None)
        self._word_line()
        self._draw_marks(groups, self._fit(groups, self._first + len(history.epochs) - 1.0))
        for line, epoch in ((self._now, self._epoch), (self._then, self._pinned)):
            line.mark(None if epoch is None else self._first + epoch)
        found = epoch_clipping(history, self._epoch, self.threshold, groups)
        text, color = verdict(found, self.clip_mode)
        self.show_headline(text, getattr(self.theme, color))
        return clip_caption(found, groups, self._training)

    def color_items(self) -> None:
        theme = self.theme
        before, after, angle = theme.series[1], theme.series[0], theme.series[3]
        for curve, color in ((self.before, before), (self.after, after), (self.angle, angle)):
            curve.setPen(self.theme.pen(color, 1.0))
        self.nonfinite.setPen(self.theme.pen(theme.nonfinite, 2.0))
        self.nonfinite.setBrush(None)
        self._now.set_line(self.theme.pen(theme.color("accent", 0.6), 2.0))
        dashed = Qt.PenStyle.DashLine
        self._then.set_line(self.theme.pen(theme.color("muted", 0.8), 1.0, style=dashed))
        self.line.setHoverPen(self.theme.pen(theme.accent, 4.0))
        self._key.setText(
            tr(
                '<b style="color: {before}">—</b>&nbsp;gradient&nbsp;&nbsp; <b style="color: '
                '{after}">—</b>&nbsp;after clipping&nbsp;&nbsp; <b style="color: '
                '{angle}">—</b>&nbsp;angle (right)&nbsp;&nbsp; <b style="color: '
                '{nonfinite}">✕</b>&nbsp;not finite'
            ).format(before=before, after=after, angle=angle, nonfinite=theme.nonfinite)
        )
        self._key.setToolTip(
            in_lines(tr("Norms are of all weights together; the angle is between both gradients"))
        )
        self._describe_line()

    def table(self) -> tuple[Sequence[str], Sequence[Sequence[Any]]]:
        assert self.history is not None
        names = ("gradient_norm", "clipped_norm", "clip_cosine")
        columns = [self.history.steps(name) for name in names]
        turned, size = angles(columns[2]), self.history.started.steps_per_epoch
        rows = [
            (self._first + step // size + 1, step % size + 1, *figures)
            for step, figures in enumerate(zip(*columns[:2], turned, strict=True))
        ]
        return ("epoch", "step", *names[:2], "angle_degrees"), rows

    def read_at(self, place: QPointF, _plot: int) -> tuple[str, str | None]:
        groups = self._groups
        if self.history is None or groups is None or not groups.total:
            return "", None
        places = group_places(self.history, groups)
        nearest = int(np.argmin(np.abs(places - place.x())))
        return group_text(groups, nearest, self._first, self.history.started.steps_per_epoch), None

    def epoch_at(self, place: QPointF, _plot: int) -> int | None:
        if self.history is None or self.line.mouseHovering or self.line.moving:
            return None
        return min(max(0, round(place.x()) - self._first), len(self.history.epochs) - 1)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        steps = _KEYS.get(Qt.Key(event.key()))
        if steps is None:
            super().keyPressEvent(event)
        else:
            self.threshold_box.stepBy(steps)

    # Settings.

    def _show_training(self) -> None:
        with QSignalBlocker(self.mode_box), QSignalBlocker(self.threshold_box):
            self.mode_box.setCurrentIndex(self.mode_box.findData(self.clip_mode))
            self.threshold_box.setValue(self.threshold)
        if self._gesture is None:
            self.line.setValue(float(np.log10(self.threshold)))
        self._describe_line()
        self.data_changed()

    def _drag(self) -> None:
        if self._gesture is None:
            self._gesture = ("clip gauge", next(self._gestures))
        largest = _threshold_parameter().maximum
        value = rounded(min(max(10.0 ** self.line.value(), _SMALLEST), largest))
        if value != self.threshold:
            self.setting_chosen.emit("clip_threshold", value, self._gesture)

    def _drop(self) -> None:
        self._gesture = None
        self.line.setValue(float(np.log10(self.threshold)))
        self.data_changed()

    def _enter(self, value: float) -> None:
        self.setting_chosen.emit("clip_threshold", value, ("training", "clip_threshold"))

    def _choose_mode(self) -> None:
        if self.mode_box.currentData() != self.clip_mode:
            self.setting_chosen.emit("clip_mode", self.mode_box.currentData(), None)

    def _describe_line(self) -> None:
        off = self.clip_mode == "none"
        color = self.theme.muted if off else self.theme.text
        style = Qt.PenStyle.DotLine if off else Qt.PenStyle.SolidLine
        self.line.setPen(self.theme.pen(color, 2.0, style=style))
        self.line.label.setColor(color)
        self.line.label.fill = pg.mkBrush(self.theme.color("surface", 0.85))
        self._worded = None

    # Drawing.

    def _word_line(self) -> None:
        """Say on the line what it means, in as many words as fit."""
        width = self.plot.getViewBox().width()
        if width == self._worded:
            return
        self._worded = width
        metrics = QFontMetricsF(self.line.label.textItem.font())
        words = fitting_title(threshold_words(self._training), metrics, width - 3 * GRID)
        self.line.label.setFormat(words)

    @property
    def _first(self) -> int:
        """The number of the history's first epoch."""
        return self.history.started.first_epoch if self.history is not None else 0

    def _forget(self) -> None:
        self._groups = None
        self._end = 0.0
        self._spanned: StepGroups | None = None
        self._known: object = None
        self._span = (0.0, 1.0)
        self._ranges: object = None
        self._ticks: object = None

    def _draw_curves(self, groups: StepGroups) -> None:
        assert self.history is not None
        places = np.repeat(group_places(self.history, groups), 2)
        for curve, spans in ((self.before, groups.before), (self.after, groups.after)):
            curve.setData(places, logarithms(spans.T.ravel()))
        self.angle.setData(places, angles(groups.cosines.T.ravel()))

    def _draw_marks(self, groups: StepGroups, height: float) -> None:
        assert self.history is not None
        places = group_places(self.history, groups)
        self.show_marks(self.nonfinite, places[groups.nonfinite > 0], height)

    def _fit(self, groups: StepGroups, last: float) -> float:
        """Ranges that hold everything and seldom change; they stand still while the threshold is dragged."""
        assert self.history is not None
        if last > self._end:
            planned = float(self.history.started.epochs)
            self._end = max(last, min(planned, float(np.ceil(last * _ROOM_AHEAD))))
        settings = self.threshold, self.clip_mode
        if self._spanned is not groups or self._known != settings:
            self._spanned, self._known = groups, settings
            self._span = _decades((groups.before, groups.after), self.threshold, self.clip_mode)
        low, high = self._with_label(*self._span)
        end = max(self._first + 1.0, self._end)
        box, margin = self.plot.getViewBox(), 0.02 * (end - self._first)
        ranges = ((self._first - margin, end + margin), (low, high))
        if ranges != self._ranges and self._gesture is None:
            self._ranges = ranges
            box.setRange(xRange=ranges[0], yRange=ranges[1], padding=0.0)
        bottom, top = box.viewRange()[1]
        if (bottom, top, box.height()) != self._ticks:
            self._ticks = bottom, top, box.height()
            axis = self.plot.getPlotItem().getAxis("left")
            axis.setTicks([decade_ticks(bottom, top, box.height())])
        return float(top - 0.06 * (top - bottom))

    def _with_label(self, low: float, high: float) -> tuple[float, float]:
        """An axis that reaches above the threshold as far as the words that stand on its line."""
        place = float(np.log10(self.threshold))
        if not low <= place <= high:
            return low, high
        words = _ABOVE * self.line.label.boundingRect().height()
        share = min(0.5, words / max(1.0, self.plot.getViewBox().height()))
        return low, max(high, (place - share * low) / (1.0 - share))

    def _follow_size(self) -> None:
        box = self.plot.getPlotItem().vb
        self._right.setGeometry(box.sceneBoundingRect())
        self._right.linkedViewChanged(box, self._right.XAxis)


_ABOVE = 1.12
"""Where the line runs below its words, as a part of their height."""
_LABEL = {"position": 0.02, "anchors": [(0.0, _ABOVE), (0.0, _ABOVE)]}


def _decades(norms: Sequence[Floats], threshold: float, mode: str) -> tuple[float, float]:
    """Lower and upper end of an axis that holds all norms, and the threshold when it cuts or is not far away."""
    logs = logarithms(np.concatenate(norms, axis=None))
    place = float(np.log10(threshold))
    known = logs[np.isfinite(logs)]
    low, high = (float(known.min()), float(known.max())) if known.size else (place, place)
    if mode != "none" or low - _NEAR < place < high + _NEAR:
        low, high = min(low, place), max(high, place)
    return float(np.floor(low / _STEP) - 1) * _STEP, float(np.ceil(high / _STEP) + 1) * _STEP


def _threshold_parameter() -> FloatParameter:
    found = next(p for p in TRAINING_PARAMETERS if p.name == "clip_threshold")
    assert isinstance(found, FloatParameter)
    return found


class _ModeBox(QComboBox):
    """The ways of clipping; the wheel turns it only when it has the keyboard."""

    def __init__(self) -> None:
        super().__init__()
        parameter = next(p for p in TRAINING_PARAMETERS if p.name == "clip_mode")
        assert isinstance(parameter, ChoiceParameter)
        for place, choice in enumerate(parameter.choices):
            self.addItem(tr("off") if choice.value == "none" else choice.title, choice.value)
            self.setItemData(place, in_lines(choice.help), Qt.ItemDataRole.ToolTipRole)
        self.setAccessibleName(parameter.title)
        self.setToolTip(
            in_lines(
                tr("{title}: acts at once, also while training runs").format(title=parameter.title)
            )
        )
        self.setMinimumWidth(9 * GRID)

    def wheelEvent(self, event: QWheelEvent) -> None:
        if self.hasFocus():
            super().wheelEvent(event)
        else:
            event.ignore()


class _ThresholdBox(QDoubleSpinBox):
    """The threshold, stepped by a tenth of its size."""

    def __init__(self) -> None:
        super().__init__()
        parameter = _threshold_parameter()
        self.setLocale(QLocale.c())  # numbers have a point everywhere in the lab
        self.setDecimals(9)
        self.setRange(_SMALLEST, parameter.maximum)
        self.setStepType(QDoubleSpinBox.StepType.AdaptiveDecimalStepType)
        self.setKeyboardTracking(False)
        self.setAccessibleName(parameter.title)
        self.setAccessibleDescription(parameter.help)
        self.setToolTip(
            in_lines(
                tr("{help} Keys + and − move it too; so does dragging the line.").format(
                    help=parameter.help
                )
            )
        )
        self.setFixedWidth(11 * GRID)

    def textFromValue(self, value: float) -> str:
        return str(np.format_float_positional(value, precision=6, fractional=False, trim="-"))

    def wheelEvent(self, event: QWheelEvent) -> None:
        if self.hasFocus():
            super().wheelEvent(event)
        else:
            event.ignore()
