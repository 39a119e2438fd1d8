"""Opening and saving: dialogues, the question about unsaved changes, recent files."""

from pathlib import Path

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QFileDialog, QMessageBox, QWidget

from engine.graph import StorageError
from engine.language import tr

from .document import Document

_FILTER = tr("Gradient Lab networks (*.json)")


class FileControl(QObject):
    """What the File menu does. `failed` carries the sentence of a file that cannot be read or written."""

    failed = Signal(str)
    used = Signal(Path)

    def __init__(self, document: Document, window: QWidget) -> None:
        super().__init__(window)
        self._document = document
        self._window = window

    def new(self) -> None:
        """Open an empty network."""
        if self.may_leave():
            self._document.new()

    def ask_and_open(self) -> None:
        """Let the person choose a file, and open it."""
        start = str(self._document.folder or Path.home())
        name, _ = QFileDialog.getOpenFileName(self._window, tr("Open a network"), start, _FILTER)
        if name:
            self.open(Path(name))

    def open(self, path: Path, *, as_copy: bool = False) -> None:
        """Open a file, after asking about unsaved changes; an example is opened as a copy."""
        if not self.may_leave():
            return
        try:
            self._document.open(path, as_copy=as_copy)
        except StorageError as error:
            self.failed.emit(str(error))
            return
        if not as_copy:
            self.used.emit(path)

    def save(self) -> bool:
        """Save to the document's file, or ask for one; False when it was not saved."""
        path = self._document.path
        return self._write(path) if path is not None else self.save_as()

    def save_as(self) -> bool:
        """Ask for a file and save there."""
        start = self._document.path or Path.home() / "network.json"
        name, _ = QFileDialog.getSaveFileName(
            self._window, tr("Save the network"), str(start), _FILTER
        )
        if not name:
            return False
        path = Path(name)
        return self._write(path if path.suffix else path.with_suffix(".json"))

    def may_leave(self) -> bool:
        """Ask what to do with unsaved changes; False when the person wants to stay."""
        if not self._document.modified:
            return True
        answer = _ask_about_changes(self._window)
        if answer == QMessageBox.StandardButton.Save:
            return self.save()
        return answer == QMessageBox.StandardButton.Discard

    def _write(self, path: Path) -> bool:
        try:
            self._document.save(path)
        except StorageError as error:
            self.failed.emit(str(error))
            return False
        self.used.emit(path)
        return True


def _ask_about_changes(window: QWidget) -> QMessageBox.StandardButton:
    buttons = QMessageBox.StandardButton
    return QMessageBox.question(
        window,
        tr("Unsaved changes"),
        tr("The network has changes that are not in a file.\nSave them first?"),
        buttons.Save | buttons.Discard | buttons.Cancel,
        buttons.Save,
    )
