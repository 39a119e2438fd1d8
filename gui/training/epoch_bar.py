"""The epoch scrubber: which epoch the panes show, the newest or an earlier one."""

from PySide6.QtCore import QSignalBlocker, Qt
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSizePolicy, QSlider, QToolButton, QWidget

from gui.common.theme import GRID

from .playhead import Playhead


class EpochBar(QWidget):
    """A slider over the recorded epochs that moves the playhead and follows it."""

    def __init__(self, playhead: Playhead, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._playhead = playhead
        self._slider = QSlider(Qt.Orientation.Horizontal)
        self._slider.setRange(0, 0)
        self._slider.setMinimumWidth(GRID * 14)
        self._slider.setAccessibleName("Epoch shown in the panes")
        self._slider.setToolTip(
            "Drag to see an earlier epoch; epoch 0 is the network before its first step"
        )
        self._slider.valueChanged.connect(self._choose)
        self._label = QLabel()
        self._label.setMinimumWidth(
            self._label.fontMetrics().horizontalAdvance("Epoch 0000 of 0000")
        )
        self._newest = QToolButton()
        self._newest.setText("Newest")
        self._newest.setCheckable(True)
        self._newest.setChecked(True)
        self._newest.setToolTip("Follow the newest epoch as it arrives")
        self._newest.toggled.connect(self._follow_newest)
        row = QHBoxLayout(self)
        row.setContentsMargins(GRID, 0, GRID, 0)
        row.setSpacing(GRID)
        row.addWidget(self._label)
        row.addWidget(self._slider, 1)
        row.addWidget(self._newest)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        for signal in (playhead.replaced, playhead.grown, playhead.moved):
            signal.connect(self._follow)
        self._follow()

    def _follow(self) -> None:
        """The history has grown, or another epoch is shown."""
        last = self._playhead.last
        with QSignalBlocker(self._slider), QSignalBlocker(self._newest):
            self._slider.setRange(0, max(0, last))
            self._slider.setValue(self._playhead.shown)
            self._newest.setChecked(self._playhead.epoch is None)
        self._slider.setEnabled(last > 0)
        self._newest.setEnabled(last > 0)
        self._say()

    def _choose(self, epoch: int) -> None:
        self._playhead.go(None if epoch >= self._playhead.last else epoch)

    def _follow_newest(self, follow: bool) -> None:
        self._playhead.go(None if follow else self._slider.value())

    def _say(self) -> None:
        last, history = self._playhead.last, self._playhead.history
        first = history.started.first_epoch if history else 0
        text = (
            "No epoch yet"
            if last < 0
            else f"Epoch {first + self._slider.value()} of {first + last}"
        )
        self._label.setText(text)
