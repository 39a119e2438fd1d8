"""The epoch scrubber: which epoch the panes show, the newest or an earlier one."""

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSizePolicy, QSlider, QToolButton, QWidget

from gui.common.theme import GRID

from .session import Session


class EpochBar(QWidget):
    """A slider over the recorded epochs. `epoch_chosen` carries an epoch, or None for the newest."""

    epoch_chosen = Signal(object)

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
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
        session.run_started.connect(self._restart)
        session.epoch_ended.connect(self._grow)
        self._restart()

    def _restart(self) -> None:
        self._newest.setChecked(True)
        self._grow()

    def _grow(self) -> None:
        """The history has grown: the newest stays shown when it is followed."""
        last = self._last()
        with QSignalBlocker(self._slider):
            self._slider.setRange(0, max(0, last))
            if self._newest.isChecked():
                self._slider.setValue(last)
        self._slider.setEnabled(last > 0)
        self._newest.setEnabled(last > 0)
        self._say()

    def _last(self) -> int:
        history = self._session.history
        return len(history.epochs) - 1 if history else -1

    def _choose(self, epoch: int) -> None:
        newest = epoch >= self._last()
        with QSignalBlocker(self._newest):
            self._newest.setChecked(newest)
        self._say()
        self.epoch_chosen.emit(None if newest else epoch)

    def _follow_newest(self, follow: bool) -> None:
        with QSignalBlocker(self._slider):
            if follow:
                self._slider.setValue(self._last())
        self._say()
        self.epoch_chosen.emit(None if follow else self._slider.value())

    def _say(self) -> None:
        last, history = self._last(), self._session.history
        first = history.started.first_epoch if history else 0
        text = (
            "No epoch yet"
            if last < 0
            else f"Epoch {first + self._slider.value()} of {first + last}"
        )
        self._label.setText(text)
