"""The open document: every change goes through `do`, every view follows its signals."""

from collections.abc import Hashable
from pathlib import Path

from PySide6.QtCore import QObject, QTimer, Signal
from PySide6.QtGui import QUndoStack

from engine.data import DataInfo
from engine.graph import (
    Edit,
    EditError,
    Inference,
    NetworkGraph,
    Problem,
    SetData,
    encode,
    infer,
    load,
    save,
)
from engine.training import TRAINING_DEFAULTS, training_complaints

from .commands import EditCommand
from .data_info import DataInfoSource
from .selection import Selection

UNDO_LIMIT = 1_000


class Document(QObject):
    """A network graph with undo, selection, problems and a file.

    `edited` carries each edit after it was made, undone or redone; `replaced` says that another network is
    open; `inferred` that shapes or problems may have changed (once for a burst of edits); `refused` carries
    the sentence of an edit that could not be made.
    """

    edited = Signal(object)
    replaced = Signal()
    inferred = Signal()
    refused = Signal(str)
    file_changed = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.selection = Selection(self)
        self.undo_stack = QUndoStack(self)
        self.undo_stack.setUndoLimit(UNDO_LIMIT)
        self._path: Path | None = None
        self._inference: Inference | None = None
        self._data_info = DataInfoSource(self)
        self._data_info.changed.connect(self._forget_inference)
        self._announce = QTimer(self)
        self._announce.setSingleShot(True)
        self._announce.setInterval(0)
        self._announce.timeout.connect(self.inferred)
        self._graph = _with_training(NetworkGraph())
        self._graph.subscribe(self._follow)
        self._ask_for_data()

    @property
    def graph(self) -> NetworkGraph:
        """The network; change it through `do` only."""
        return self._graph

    @property
    def path(self) -> Path | None:
        """The file that the document came from or was saved to."""
        return self._path

    @property
    def folder(self) -> Path | None:
        """Where relative paths of the document begin."""
        return self._path.parent if self._path else None

    @property
    def modified(self) -> bool:
        """Whether there are changes that are not in the file."""
        return not self.undo_stack.isClean()

    @property
    def data_info(self) -> DataInfo:
        """The description of the data set; the last good one while another is being read."""
        return self._data_info.info

    @property
    def data_problem(self) -> str:
        """What is wrong with the data set that was asked for; "" when nothing is."""
        return self._data_info.sentence

    @property
    def inference(self) -> Inference:
        """Shapes and problems of the network as it is now."""
        if self._inference is None:
            self._inference = infer(self._graph, self.data_info)
        return self._inference

    @property
    def problems(self) -> tuple[Problem, ...]:
        """Everything that is wrong: data, training settings, layers."""
        general = [
            Problem(None, sentence) for sentence in training_complaints(self._graph.training)
        ]
        if self.data_problem:
            general.insert(0, Problem(None, self.data_problem))
        return (*general, *self.inference.problems)

    @property
    def errors(self) -> tuple[Problem, ...]:
        """The problems that stop a training."""
        return tuple(problem for problem in self.problems if problem.severity == "error")

    def do(self, edit: Edit, merge_key: Hashable | None = None) -> bool:
        """Make an edit that can be undone; False (and `refused`) when it does not fit."""
        try:
            inverse = self._graph.apply(edit)
        except EditError as error:
            self.refused.emit(str(error))
            return False
        self.undo_stack.push(EditCommand(self._graph, edit, inverse, merge_key))
        return True

    def new(self) -> None:
        """Open an empty network."""
        self._replace(NetworkGraph(), None)

    def open(self, path: Path, *, as_copy: bool = False) -> None:
        """Open a file; `StorageError` leaves the document as it is. A copy has no file to save to."""
        self._replace(load(path), None if as_copy else path)

    def restore(self, graph: NetworkGraph, path: Path | None) -> None:
        """Bring back an autosaved network; it counts as modified."""
        self._replace(graph, path)
        self.undo_stack.resetClean()
        self.file_changed.emit()

    def save(self, path: Path) -> None:
        """Write the file; `StorageError` leaves the old file and the document as they are."""
        save(self._graph, path)
        moved = self._path is None or self._path.parent != path.parent
        self._path = path
        self.undo_stack.setClean()
        self.file_changed.emit()
        if moved:
            self._ask_for_data()

    def encoded(self) -> bytes:
        """The document as a network file, for the worker."""
        return encode(self._graph)

    def _replace(self, graph: NetworkGraph, path: Path | None) -> None:
        self._graph = _with_training(graph)
        self._graph.subscribe(self._follow)
        self._path = path
        self.undo_stack.clear()
        self.selection.choose()
        self._ask_for_data()
        self._forget_inference()
        self.replaced.emit()
        self.file_changed.emit()

    def _follow(self, edit: Edit) -> None:
        if isinstance(edit, SetData):
            self._ask_for_data()
        chosen = self.selection
        edges = self._graph.edges
        chosen.choose(
            (i for i in chosen.nodes if i in self._graph.nodes),
            (e for e in chosen.edges if e in edges),
        )
        self._forget_inference()
        self.edited.emit(edit)

    def _ask_for_data(self) -> None:
        self._data_info.request(self._graph.data, self.folder)

    def _forget_inference(self) -> None:
        self._inference = None
        self._announce.start()


def _with_training(graph: NetworkGraph) -> NetworkGraph:
    """Fill in the training settings that a file left out, so that every one can be edited."""
    graph.training = {**TRAINING_DEFAULTS, **graph.training}
    return graph
