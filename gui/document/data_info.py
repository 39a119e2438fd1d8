"""The description of the document's data set; files are read in the background."""

from pathlib import Path

from PySide6.QtCore import QObject, QRunnable, QThreadPool, Signal

from engine.data import DATA_SETS, DataError, DataInfo, DataSpec, describe


class _Answer(QObject):
    """Carries a result from a pool thread to the window's thread."""

    ready = Signal(int, object)


class _Reading(QRunnable):
    def __init__(self, ticket: int, spec: DataSpec, folder: Path | None, answer: _Answer) -> None:
        super().__init__()
        self._ticket, self._spec, self._folder, self._answer = ticket, spec, folder, answer

    def run(self) -> None:
        self._answer.ready.emit(self._ticket, _described(self._spec, self._folder))


def _described(spec: DataSpec, folder: Path | None) -> DataInfo | str:
    try:
        return describe(spec, folder)
    except DataError as error:
        return str(error)


class DataInfoSource(QObject):
    """Holds the newest description; `changed` when it or its error is another one."""

    changed = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.info: DataInfo = describe(DataSpec("digits"), None)
        self.sentence = ""
        """What is wrong with the data set that was asked for; "" when nothing is."""
        self._ticket = 0
        self._answer = _Answer(self)
        self._answer.ready.connect(self._receive)
        self._pool = QThreadPool(self)
        self._pool.setMaxThreadCount(1)

    def request(self, spec: DataSpec, folder: Path | None) -> None:
        """Describe another data set: at once when it is bundled, in the background when it is a file."""
        self._ticket += 1
        known = DATA_SETS.get(spec.kind)
        if known is not None and known.reads_file:
            self._pool.start(_Reading(self._ticket, spec, folder, self._answer))
        else:
            self._receive(self._ticket, _described(spec, folder))

    def _receive(self, ticket: int, result: DataInfo | str) -> None:
        if ticket != self._ticket:
            return
        if isinstance(result, str):
            self.sentence = result
        else:
            self.info, self.sentence = result, ""
        self.changed.emit()
