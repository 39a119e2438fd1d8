"""Which epoch is shown: one place in the run for panes, canvas and inspector."""

from PySide6.QtCore import QObject, Signal

from engine.training import RunHistory

from .reading import View, current_view
from .session import Session


class Playhead(QObject):
    """Stands at an epoch of the session's history, or follows the newest.

    `replaced` says that there is another history, `grown` that it has grown, `moved` that another epoch is shown,
    `pin_changed` that another one is compared with.
    """

    replaced = Signal()
    grown = Signal()
    moved = Signal()
    pin_changed = Signal()

    def __init__(self, session: Session, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._epoch: int | None = None
        self._pinned: int | None = None
        session.run_started.connect(self._restart)
        session.epoch_ended.connect(self.grown)
        session.progressed.connect(self.grown)

    @property
    def history(self) -> RunHistory | None:
        """The run that is shown; None before the first."""
        return self._session.history

    @property
    def last(self) -> int:
        """The place of the newest epoch in the history; -1 without any."""
        history = self.history
        return len(history.epochs) - 1 if history else -1

    @property
    def epoch(self) -> int | None:
        """The place of the shown epoch in the history; None while the newest is followed."""
        return self._epoch

    @property
    def shown(self) -> int:
        """The place of the shown epoch, also while the newest is followed; -1 without any."""
        return self.last if self._epoch is None else min(self._epoch, self.last)

    @property
    def pinned(self) -> int | None:
        """The place of the epoch that is compared with; None without any."""
        return self._pinned

    @property
    def view(self) -> View | None:
        """The table that is shown."""
        return current_view(self.history, self._epoch)

    @property
    def pinned_view(self) -> View | None:
        """The table that is compared with."""
        return None if self._pinned is None else current_view(self.history, self._pinned)

    def go(self, epoch: int | None) -> None:
        """Show the epoch at a place in the history, or with None follow the newest."""
        wanted = None if epoch is None else min(max(0, epoch), max(0, self.last))
        if wanted != self._epoch:
            self._epoch = wanted
            self.moved.emit()

    def step(self, by: int) -> None:
        """Show an earlier or a later epoch; past the newest it is followed."""
        wanted = self.shown + by
        self.go(None if wanted >= self.last else wanted)

    def pin(self, epoch: int | None) -> None:
        """Compare with the epoch at a place in the history, or with none."""
        if epoch != self._pinned:
            self._pinned = epoch
            self.pin_changed.emit()

    def _restart(self) -> None:
        moved, pinned = self._epoch is not None, self._pinned is not None
        self._epoch = self._pinned = None
        self.replaced.emit()
        if moved:
            self.moved.emit()
        if pinned:
            self.pin_changed.emit()
