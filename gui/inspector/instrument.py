"""What the inspector's live instruments have in common: when to draw, and which epoch."""

from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QVBoxLayout, QWidget

from engine.training import RunHistory
from gui.common.frames import FrameClock
from gui.common.theme import GRID


class Instrument(QWidget):
    """Follows a run while it can be seen."""

    def __init__(self) -> None:
        super().__init__()
        self.history: RunHistory | None = None
        self.epoch: int | None = None
        self._clock = FrameClock(self)
        self.column = QVBoxLayout(self)
        self.column.setContentsMargins(0, 0, 0, 0)
        self.column.setSpacing(GRID)

    def use_clock(self, clock: FrameClock) -> None:
        """Share the frames with others."""
        self._clock.forget(self)
        self._clock = clock
        self.data_changed()

    def show_history(self, history: RunHistory | None) -> None:
        """Show another run, its newest epoch."""
        self.history, self.epoch = history, None
        self.data_changed()

    def set_epoch(self, epoch: int | None) -> None:
        """Show the epoch at a place in the history, or with None the newest."""
        self.epoch = epoch
        self.data_changed()

    def data_changed(self) -> None:
        """The history has grown, or something else that is drawn is another one."""
        if self.isVisible():
            self._clock.ask(self, self.draw)

    def draw(self) -> None:
        """Bring everything up to date."""
        raise TypeError(f"{type(self).__name__} draws nothing")

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.data_changed()
