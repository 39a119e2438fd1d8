"""What mean-field theory says of the open network, computed beside the window and never in its way."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
from PySide6.QtCore import QObject, QRunnable, QThreadPool, QTimer, Signal

from engine.data import DataError, DataInfo, DataSpec, Split, load
from engine.graph import NetworkGraph, decode, encode, infer
from engine.training import LayerInfo, training_config

from .document import Document

if TYPE_CHECKING:  # its modules are loaded by the first question: the window opens sooner
    from engine.theory import Prediction

WAIT_MS = 200
"""A drag of a slider makes many edits; the theory is asked when they rest."""


@dataclass(frozen=True, slots=True)
class _Question:
    network: bytes
    info: DataInfo
    folder: Path | None


@dataclass(frozen=True, slots=True, eq=False)
class Foretold:
    """A prediction, and the rows that it has."""

    layers: tuple[LayerInfo, ...]
    prediction: "Prediction"


class _Shelf:
    """Keeps the data that were read last; used by one thread at a time."""

    def __init__(self) -> None:
        self._of: tuple[DataSpec, Path | None] | None = None
        self._split: Split | None = None

    def split(self, spec: DataSpec, folder: Path | None) -> Split | None:
        """The samples, or None when they cannot be read: the theory does without."""
        if self._of != (spec, folder):
            try:
                self._split = load(spec, folder)
            except DataError:
                self._split = None
            self._of = spec, folder
        return self._split


class _Answer(QObject):
    """Carries a result from a pool thread to the window's thread."""

    ready = Signal(int, object)


class _Asking(QRunnable):
    def __init__(
        self,
        ticket: int,
        question: _Question,
        shelf: _Shelf,
        wanted: Callable[[int], bool],
        answer: _Answer,
    ) -> None:
        super().__init__()
        self._ticket, self._question, self._shelf = ticket, question, shelf
        self._wanted, self._answer = wanted, answer

    def run(self) -> None:
        question = self._question
        if not self._wanted(self._ticket):
            return
        graph = decode(question.network)
        split = self._shelf.split(graph.data, question.folder)
        if self._wanted(self._ticket):
            self._answer.ready.emit(self._ticket, foretell(graph, question.info, split))


def foretell(graph: NetworkGraph, info: DataInfo, split: Split | None) -> Foretold | None:
    """The prediction for a network; None when it has an error or no layer between its ends."""
    from engine.theory import predict

    inference = infer(graph, info)
    if inference.errors:
        return None
    nodes = [graph.nodes[node_id] for node_id in inference.trained]
    inner = [n for n in nodes if n.spec and n.spec.has_output and n.spec.inputs.maximum]
    if not inner:
        return None
    layers = tuple(
        LayerInfo(n.id, n.kind, n.label, "weight" in inference.tensors.get(n.id, {})) for n in inner
    )
    batch_size = training_config(graph.training).batch_size
    return Foretold(layers, predict(graph, inference, batch_size=batch_size, split=split))


class TheorySource(QObject):
    """Holds the newest prediction; `changed` when it is another one, or when there is none any more.

    It asks from `begin` to `close`. Edits are gathered for `WAIT_MS`; the work is done by a thread of its own, and
    an answer that has become stale is dropped.
    """

    changed = Signal()

    def __init__(self, document: Document, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.foretold: Foretold | None = None
        """None while there is nothing to say: the network has an error, or the first answer is on its way."""
        self._document = document
        self._ticket = 0
        self._has_begun = False
        self._asked: bytes | None = None
        self._shelf = _Shelf()
        self._answer = _Answer(self)
        self._answer.ready.connect(self._receive)
        self._pool = QThreadPool(self)
        self._pool.setMaxThreadCount(1)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(WAIT_MS)
        self._timer.timeout.connect(self._ask)
        document.inferred.connect(self._timer.start)

    @property
    def essence(self) -> bytes:
        """What the prediction depends on, to be compared: two networks of one essence are foretold alike."""
        document = self._document
        graph, info = document.graph, document.data_info
        layers = [
            (i, graph.nodes[i].label, graph.nodes[i].kind, graph.nodes[i].params)
            for i in graph.order()
        ]
        known = (info.title, info.samples, info.input_shape, info.classes, info.target_shape)
        size = graph.training.get("batch_size")
        content = (layers, sorted(graph.edges), graph.data, known, size, str(document.folder))
        return msgspec.json.encode(content, order="deterministic")

    def begin(self) -> None:
        """Ask from now on; before the window is painted there is better to do."""
        self._has_begun = True
        self._timer.start()

    def close(self) -> None:
        """Ask no more, and wait for the answer that is on its way."""
        self._has_begun = False
        self._timer.stop()
        self._ticket += 1
        self._pool.waitForDone()

    def _ask(self) -> None:
        if not self._has_begun:
            return
        essence = b"" if self._document.errors else self.essence
        if essence == self._asked:
            return
        self._asked = essence
        self._ticket += 1
        if not essence:
            self._receive(self._ticket, None)
            return
        document = self._document
        question = _Question(encode(document.graph), document.data_info, document.folder)
        self._pool.start(
            _Asking(self._ticket, question, self._shelf, self._is_newest, self._answer)
        )

    def _is_newest(self, ticket: int) -> bool:
        return ticket == self._ticket

    def _receive(self, ticket: int, foretold: Foretold | None) -> None:
        if self._is_newest(ticket):
            self.foretold = foretold
            self.changed.emit()
