"""Nothing is lost: the document is written aside a second after each change, and found again after a crash."""

from pathlib import Path

import msgspec
from PySide6.QtCore import QObject, QTimer, Signal

from engine.graph import NetworkGraph, StorageError, decode, write_atomically
from engine.language import tr

from .document import Document

DELAY_MS = 1_000


class _Recovery(msgspec.Struct):
    """What lies in the recovery file: the network, and the file that it belongs to ("" for none)."""

    path: str
    network: msgspec.Raw


class Autosave(QObject):
    """Keeps `file` up to date while the document has unsaved changes, and removes it when it has none.

    `failed` carries a sentence, once until it works again.
    """

    failed = Signal(str)

    def __init__(self, document: Document, file: Path, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._document = document
        self._file = file
        self._complained = False
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(DELAY_MS)
        self._timer.timeout.connect(self.write)
        document.edited.connect(self._timer.start)
        document.file_changed.connect(self._timer.start)

    def found(self) -> tuple[NetworkGraph, Path | None] | None:
        """The network that an earlier session could not save; None when there is none or it is damaged."""
        try:
            kept = msgspec.json.decode(self._file.read_bytes(), type=_Recovery)
            return decode(bytes(kept.network)), Path(kept.path) if kept.path else None
        except (OSError, msgspec.DecodeError, UnicodeDecodeError, StorageError):
            return None

    def write(self) -> None:
        """Write or remove the file now."""
        self._timer.stop()
        try:
            if not self._document.modified:
                self._file.unlink(missing_ok=True)
            else:
                self._file.parent.mkdir(parents=True, exist_ok=True)
                write_atomically(self._file, self._content())
            self._complained = False
        except (OSError, StorageError) as error:
            if not self._complained:
                self._complained = True
                self.failed.emit(
                    tr("The safety copy of your network cannot be written: {error}").format(
                        error=error
                    )
                )

    def forget(self) -> None:
        """Remove the file: the person saved, or chose to drop the changes."""
        self._timer.stop()
        self._file.unlink(missing_ok=True)

    def _content(self) -> bytes:
        path = self._document.path
        return msgspec.json.encode(
            _Recovery(str(path or ""), msgspec.Raw(self._document.encoded()))
        )
