"""The epoch scrubber: which epoch the panes show, the newest or an earlier one, and playing the recording."""

from collections.abc import Sequence

from PySide6.QtCore import QPointF, QSignalBlocker, QSize, Qt
from PySide6.QtGui import QAction, QMouseEvent, QPainter, QPaintEvent, QPolygonF, QResizeEvent
from PySide6.QtWidgets import (
    QComboBox,
    QHBoxLayout,
    QLabel,
    QSizePolicy,
    QStyle,
    QToolButton,
    QWidget,
)

from engine.language import tr, trn
from gui.common.slider import HANDLE, Slider
from gui.common.still import Still
from gui.common.theme import GRID
from gui.common.tips import in_lines

from .player import EPOCHS_PER_SECOND, SPEEDS, Player
from .playhead import Playhead

PIN = "◆"
_NARROW = 72 * GRID
"""Below this width the texts are numbers only."""
_PAGES = 20
"""Page up and page down cross the whole run in so many steps."""


class EpochSlider(Slider):
    """A slider that goes where it is clicked, and shows where the pin is."""

    def __init__(self) -> None:
        super().__init__()
        self.pin: int | None = None
        self.setMinimumWidth(GRID * 8)

    def set_pin(self, place: int | None) -> None:
        """Mark an epoch, or with None none."""
        if place != self.pin:
            self.pin = place
            self.update()

    def place_of(self, value: int) -> int:
        """The pixel at which a value's handle has its middle."""
        room = self.width() - HANDLE
        low, high = self.minimum(), self.maximum()
        return HANDLE // 2 + QStyle.sliderPositionFromValue(low, high, value, room)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            place, room = round(event.position().x()) - HANDLE // 2, self.width() - HANDLE
            low, high = self.minimum(), self.maximum()
            self.setValue(QStyle.sliderValueFromPosition(low, high, place, room))
        super().mousePressEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if self.pin is None:
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(self.palette().text())
        x, half = float(self.place_of(self.pin)), GRID / 2
        corners = ((x - half, 0.0), (x + half, 0.0), (x, float(GRID)))
        painter.drawPolygon(QPolygonF([QPointF(*corner) for corner in corners]))
        painter.end()


class EpochBar(QWidget):
    """A slider over the recorded epochs that moves the playhead and follows it, and the player's buttons."""

    def __init__(
        self,
        playhead: Playhead,
        player: Player,
        actions: Sequence[QAction] = (),
        parent: QWidget | None = None,
    ) -> None:
        """`actions` become buttons, before the slider; the last one, which pins, stands behind it."""
        super().__init__(parent)
        # else tool bar and window are painted with every step of the slider
        self.setAutoFillBackground(True)
        self._playhead = playhead
        self._player = player
        self.slider = EpochSlider()
        self.slider.setRange(0, 0)
        self.slider.setAccessibleName(tr("Epoch shown in the panes"))
        self.slider.setToolTip(
            in_lines(
                tr("Drag to see an earlier epoch; epoch 0 is the network before its first step")
            )
        )
        self.slider.valueChanged.connect(self._choose)
        self.label = QLabel()
        self._place = Still(self.label)
        self.pin_label = QLabel()
        self.speed = self._speed_box()
        row = QHBoxLayout(self)
        row.setContentsMargins(GRID, 0, GRID, 0)
        row.setSpacing(GRID // 2)
        for action in actions[:-1]:
            row.addWidget(_button(action))
        row.addWidget(self.slider, 1)
        row.addWidget(self._place)
        row.addWidget(self.pin_label)
        for action in actions[-1:]:
            row.addWidget(_button(action))
        row.addWidget(self.speed)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        for signal in (playhead.replaced, playhead.grown, playhead.moved, playhead.pin_changed):
            signal.connect(self._follow)
        player.changed.connect(self._show_speed)
        self._follow()
        self._show_speed()

    def _speed_box(self) -> QComboBox:
        box = QComboBox()
        for row, speed in enumerate(SPEEDS):
            box.addItem(f"{speed:g}×")
            box.setItemData(row, in_lines(_pace(speed)), Qt.ItemDataRole.ToolTipRole)
        box.setAccessibleName(tr("Speed at which the recording plays"))
        box.currentIndexChanged.connect(lambda row: self._player.set_speed(SPEEDS[row]))
        return box

    def _show_speed(self) -> None:
        with QSignalBlocker(self.speed):
            self.speed.setCurrentIndex(SPEEDS.index(self._player.speed))
        self.speed.setToolTip(
            in_lines(tr("The recording plays {speed}").format(speed=_pace(self._player.speed)))
        )
        self.speed.setEnabled(self._player.has_epochs)

    def _follow(self) -> None:
        """The history has grown, or another epoch is shown."""
        last = self._playhead.last
        with QSignalBlocker(self.slider):
            self.slider.setRange(0, max(0, last))
            self.slider.setPageStep(max(1, last // _PAGES))
            self.slider.setValue(max(0, self._playhead.shown))
        self.slider.setEnabled(last > 0)
        self.slider.set_pin(self._playhead.pinned)
        self._say()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._say()

    def _choose(self, epoch: int) -> None:
        self._playhead.go(None if epoch >= self._playhead.last else epoch)

    def _say(self) -> None:
        last, history = self._playhead.last, self._playhead.history
        pinned = self._playhead.pinned
        first = history.started.first_epoch if history else 0
        shown, narrow = first + self._playhead.shown, self.width() < _NARROW
        text = (
            tr("No epoch yet")
            if last < 0
            else tr("Epoch {shown} of {last}").format(shown=shown, last=first + last)
        )
        pin = "" if pinned is None else _pin_text(first + pinned, narrow=narrow)
        self.label.setText(f"{shown}" if narrow and last >= 0 else text)
        self.pin_label.setText(pin)
        # as wide as its longest text in this run, so that the slider does not move under the pointer
        longest = self.label.text().replace(str(shown), str(first + last))
        self._place.setFixedWidth(self.label.fontMetrics().horizontalAdvance(longest))
        self.pin_label.setVisible(bool(pin))
        if pinned is not None:
            text = f"{text}. {_pin_text(first + pinned, narrow=False)}"
        self.slider.setAccessibleDescription(text)


def _pace(speed: float) -> str:
    pace = speed * EPOCHS_PER_SECOND
    count = 1 if pace == 1 else 2
    return trn("{pace:g} epoch per second", "{pace:g} epochs per second", count).format(pace=pace)


def _pin_text(epoch: int, *, narrow: bool) -> str:
    text = "{glyph} {epoch}" if narrow else tr("{glyph} {epoch} pinned")
    return text.format(glyph=PIN, epoch=epoch)


def _button(action: QAction) -> QToolButton:
    button = QToolButton()
    button.setDefaultAction(action)
    button.setAutoRaise(True)
    button.setIconSize(QSize(GRID * 5 // 2, GRID * 5 // 2))
    button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
    return button
