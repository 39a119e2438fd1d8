"""A session without a training process, for what only follows its history."""

from PySide6.QtCore import QObject, Signal

from engine.training import RunHistory


class FakeSession(QObject):
    """As much of a session as the playhead sees."""

    run_started = Signal()
    epoch_ended = Signal()
    progressed = Signal()

    def __init__(self, history: RunHistory | None = None) -> None:
        super().__init__()
        self.history = history
