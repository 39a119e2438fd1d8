"""What the buttons Run, Pause, Step, Stop and Rewind do, given the document and the session."""

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple, Protocol

import msgspec
from PySide6.QtCore import QObject, Signal

from engine.graph import Edit, NetworkGraph, Problem, SetTraining
from engine.language import tr
from engine.training import LIVE_PARAMETERS, Advance

from .session import Session, State


class NetworkSource(Protocol):
    """What a run is made from; the open document is one."""

    @property
    def graph(self) -> NetworkGraph: ...

    @property
    def folder(self) -> Path | None: ...

    @property
    def errors(self) -> tuple[Problem, ...]: ...

    def encoded(self) -> bytes: ...


class RunControl(QObject):
    """Decides whether a button goes on with the run or begins a new one.

    `refused` carries the first problem that stops a training and the node that it is about ("" for none).
    """

    refused = Signal(str, str)

    def __init__(
        self, session: Session, source: NetworkSource, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._session = session
        self._source = source
        self._running: _Essence | None = None
        self._wanted: _Essence | None = None
        self._trained = self._offered = self._adopting = b""
        session.run_started.connect(self._note_start)
        session.adopted.connect(self._settle)

    @property
    def outdated(self) -> bool:
        """Whether the network was changed so that the run under way is no longer its own."""
        return self._session.active and self._running != _essence(self._source.graph)

    @property
    def trained(self) -> bytes:
        """The network file of the newest run, as it was when the run began or took an edit over; b"" without any."""
        return self._trained

    def advance(self, how: Advance) -> None:
        """Run, or step a batch or an epoch: go on from a pause, if need be with the edited network; else begin anew."""
        if self._session.state is State.PAUSED and not self.outdated:
            self._session.resume(how)
        elif self._session.state is State.PAUSED and self._fits_the_run:
            self._adopt(how)
        elif self._session.state in (State.IDLE, State.PAUSED):
            self._begin(how)

    def run_or_pause(self) -> None:
        """The space bar's choice."""
        if self._session.state is State.RUNNING:
            self._session.pause()
        else:
            self.advance("run")

    def rewind(self) -> None:
        """Back to the initial weights: of the run under way, or of a new one that waits at its beginning."""
        if self._session.active and not self.outdated:
            self._session.rewind()
        else:
            self._begin("hold")

    def follow(self, edit: Edit) -> None:
        """Send a live setting to the run under way; any other edit acts at the next run."""
        if isinstance(edit, SetTraining):
            live = {
                name: self._source.graph.training[name]
                for name in edit.values
                if name in LIVE_PARAMETERS
            }
            if live:
                self._session.set_live(live)

    @property
    def _fits_the_run(self) -> bool:
        """Whether only layers and wires were changed: the run under way can go on with them."""
        essence = _essence(self._source.graph)
        return self._running is not None and essence.settings == self._running.settings

    def _begin(self, how: Advance) -> None:
        if self._refuses():
            return
        self._running = _essence(self._source.graph)
        self._offered = self._source.encoded()
        self._session.start(self._offered, self._folder, how)

    def _adopt(self, how: Advance) -> None:
        if self._refuses():
            return
        self._wanted = _essence(self._source.graph)
        self._adopting = self._source.encoded()
        self._session.adopt(self._adopting, self._folder, how)

    def _settle(self) -> None:
        """The worker has taken the edited network over."""
        self._running, self._offered = self._wanted, self._adopting

    def _note_start(self) -> None:
        self._trained = self._offered

    def _refuses(self) -> bool:
        errors = self._source.errors
        if errors:
            sentence = errors[0].sentence
            if len(errors) > 1:
                sentence = tr("{sentence} (and {count} more)").format(
                    sentence=sentence, count=len(errors) - 1
                )
            self.refused.emit(sentence, errors[0].node_id or "")
        return bool(errors)

    @property
    def _folder(self) -> str:
        folder = self._source.folder
        return str(folder) if folder else ""


class _Essence(NamedTuple):
    """What a run depends on: everything but places, names and live settings."""

    network: bytes
    settings: bytes
    """Data set and training: a run keeps them from its start to its end."""


def _essence(graph: NetworkGraph) -> _Essence:
    training = {
        name: value for name, value in graph.training.items() if name not in LIVE_PARAMETERS
    }
    layers: Mapping[str, object] = {
        node_id: (graph.nodes[node_id].kind, graph.nodes[node_id].params)
        for node_id in graph.order()
    }
    return _Essence(_fixed((layers, sorted(graph.edges))), _fixed((graph.data, training)))


def _fixed(content: object) -> bytes:
    return msgspec.json.encode(content, order="deterministic")
