"""The theory of the network that is open, worked out in the background."""

from pathlib import Path

from PySide6.QtCore import QObject, QRunnable, QThreadPool, Signal

from .init_reading import Theory


class _Answer(QObject):
    """Carries a result from a pool thread to the window's thread."""

    ready = Signal(int, object)


class _Job(QRunnable):
    def __init__(
        self, ticket: int, theory: Theory, network: bytes, folder: Path | None, answer: _Answer
    ) -> None:
        super().__init__()
        self._ticket, self._theory, self._answer = ticket, theory, answer
        self._network, self._folder = network, folder

    def run(self) -> None:
        found = self._theory.predict(self._network, self._folder)
        self._answer.ready.emit(self._ticket, found)


class TheorySource(QObject):
    """`found` carries a `Prediction`, or a sentence, for the newest wish only; one is worked out at a time."""

    found = Signal(object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._theory = Theory()
        self._ticket = 0
        self._busy = False
        self._next: tuple[bytes, Path | None] | None = None
        self._answer = _Answer(self)
        self._answer.ready.connect(self._receive)
        self._pool = QThreadPool(self)
        self._pool.setMaxThreadCount(1)

    def want(self, network: bytes, folder: Path | None) -> None:
        """Ask for the theory of a network file."""
        self._ticket += 1
        self._next = network, folder
        self._start()

    def _start(self) -> None:
        if self._busy or self._next is None:
            return
        (network, folder), self._next = self._next, None
        self._busy = True
        self._pool.start(_Job(self._ticket, self._theory, network, folder, self._answer))

    def _receive(self, ticket: int, result: object) -> None:
        self._busy = False
        self._start()
        if ticket == self._ticket:
            self.found.emit(result)
