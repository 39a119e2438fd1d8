"""Work that takes a while, done piece by piece between the window's events, with progress that can be cancelled."""

from collections.abc import Callable, Generator

from PySide6.QtCore import QObject, Qt, QTimer
from PySide6.QtWidgets import QProgressDialog, QWidget

from engine.graph import StorageError
from engine.language import tr

Pieces = Generator[int | None, None, None]
"""Yields how many pieces are done, or None while it waits for somebody; `close` makes it tidy up."""
_WAIT_MS = 10
_SHOW_AFTER_MS = 400


class WorkError(Exception):
    """The work cannot go on; the message is a sentence for people."""


class LongWork(QObject):
    """At most one work at a time; the window stays alive meanwhile."""

    def __init__(self, window: QWidget) -> None:
        super().__init__(window)
        self._window = window
        self._pieces: Pieces | None = None
        self._fail: Callable[[str], None] = print
        self._dialog: QProgressDialog | None = None
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self._next)

    @property
    def busy(self) -> bool:
        """Whether there is work under way."""
        return self._pieces is not None

    def begin(self, title: str, count: int, pieces: Pieces, fail: Callable[[str], None]) -> None:
        """Do `count` pieces; `fail` gets the sentence of an error that ended the work."""
        self.cancel()
        self._pieces, self._fail = pieces, fail
        self._dialog = QProgressDialog(title, tr("Cancel"), 0, count, self._window)
        self._dialog.setWindowTitle(title)
        self._dialog.setWindowModality(Qt.WindowModality.WindowModal)
        self._dialog.setMinimumDuration(_SHOW_AFTER_MS)
        self._dialog.setAutoReset(False)
        self._dialog.canceled.connect(self.cancel)
        self._timer.start(0)

    def cancel(self) -> None:
        """Give the work up, and tidy up after it."""
        if self._pieces is not None:
            self._pieces.close()
            self._end()

    def _next(self) -> None:
        if self._pieces is None:
            return
        try:
            done = next(self._pieces)
        except StopIteration:
            self._end()
        except (WorkError, StorageError, ValueError) as error:
            self._end()
            self._fail(str(error))
        else:
            if done is not None and self._dialog is not None:
                self._dialog.setValue(done)
            # while the dialogue was drawn, somebody may have pressed Cancel
            if self._pieces is not None:
                self._timer.start(_WAIT_MS if done is None else 0)

    def _end(self) -> None:
        self._timer.stop()
        self._pieces = None
        if self._dialog is not None:
            self._dialog.canceled.disconnect(self.cancel)
            self._dialog.close()
            self._dialog.deleteLater()
            self._dialog = None
