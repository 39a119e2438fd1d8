"""The theory of the network that is open, worked out in the background."""

from pathlib import Path
from threading import Thread

from PySide6.QtCore import QObject, Signal

from .init_reading import Theory


class _Answer(QObject):
    """Carries a result from the thread to the window's; it has no parent, so that it outlives a closed window."""

    ready = Signal(int, object)


class TheorySource(QObject):
    """`found` carries a `Prediction`, or a sentence, for the newest wish only; one is worked out at a time.

    A thread of Python's and not of a QThreadPool: a pool waits for its thread when it is destroyed, and does so
    while it keeps Python's lock, which the thread needs to come to its end.
    """

    found = Signal(object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._theory = Theory()
        self._ticket = 0
        self._busy = False
        self._next: tuple[bytes, Path | None] | None = None
        self._answer = _Answer()
        self._answer.ready.connect(self._receive)

    def want(self, network: bytes, folder: Path | None) -> None:
        """Ask for the theory of a network file."""
        self._ticket += 1
        self._next = network, folder
        self._start()

    def _start(self) -> None:
        if self._busy or self._next is None:
            return
        wish, self._next = self._next, None
        self._busy = True
        work = (self._theory, *wish, self._answer, self._ticket)
        Thread(target=_work_out, args=work, name="theory").start()

    def _receive(self, ticket: int, result: object) -> None:
        self._busy = False
        self._start()
        if ticket == self._ticket:
            self.found.emit(result)


def _work_out(
    theory: Theory, network: bytes, folder: Path | None, answer: _Answer, ticket: int
) -> None:
    answer.ready.emit(ticket, theory.predict(network, folder))
