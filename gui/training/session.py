"""The training session: one state machine between the person's buttons and the worker's messages."""

from collections.abc import Mapping
from enum import Enum

from PySide6.QtCore import QObject, Signal

from engine.language import tr
from engine.parameters import Value
from engine.stats import EpochStats
from engine.training import (
    Adopt,
    Adopted,
    AdoptionRefused,
    Advance,
    EpochEnded,
    Examine,
    Examined,
    Look,
    Measured,
    Message,
    Pause,
    Progress,
    Resume,
    Rewind,
    RunFailed,
    RunFinished,
    RunHistory,
    RunStarted,
    SetHyperparameters,
    Start,
    Stop,
    WorkerReady,
)

from .client import WorkerClient
from .measuring import Measuring

_MAXIMUM_EARLY_DEATHS = 3


class State(Enum):
    """Where the session is."""

    IDLE = "idle"
    BUILDING = "building"
    RUNNING = "running"
    PAUSED = "paused"
    STOPPING = "stopping"


class Session(QObject):
    """At most one run at a time, its history, and what can be done with it.

    `epoch_ended` and `progressed` say that the history has grown; `run_started` that there is a new one;
    `adopted` what became of an edited network's layers, before the new history begins; `adoption_refused` carries
    a sentence and the node that it is about; `examined` carries `Examined`, `measured` `Measured`, `finished`
    `RunFinished`; `failed` a sentence, the node that it is about ("" for none) and details; `worried` a sentence
    about what goes on none the less.
    """

    state_changed = Signal()
    worker_ready = Signal(object)
    run_started = Signal()
    epoch_ended = Signal()
    progressed = Signal()
    adopted = Signal(object)
    adoption_refused = Signal(str, str)
    examined = Signal(object)
    measured = Signal(object)
    finished = Signal(object)
    failed = Signal(str, str, str)
    worried = Signal(str)

    def __init__(self, client: WorkerClient, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._client = client
        self._client.message.connect(self._receive)
        self._client.died.connect(self._bury)
        self._state = State.IDLE
        self._run_id = 0
        self._ready: WorkerReady | None = None
        self._waiting: Start | None = None
        self._early_deaths = 0
        self._measuring = Measuring(client.send)
        self._after_adoption: Advance = "hold"
        self.history: RunHistory | None = None

    @property
    def state(self) -> State:
        """Where the session is."""
        return self._state

    @property
    def worker(self) -> WorkerReady | None:
        """What the worker said of itself; None while it is starting."""
        return self._ready

    @property
    def active(self) -> bool:
        """Whether a run is under way, waiting or not."""
        return self._state is not State.IDLE

    def warm_up(self) -> None:
        """Start the worker, so that the first run need not wait for it."""
        self._client.start()

    def close(self) -> None:
        """End the run and the worker; called once, when the window closes."""
        self._waiting = None
        if self.history is not None:
            self.history.close()
        self._client.close()
        self._ready = None
        self._set_state(State.IDLE)

    def start(self, network: bytes, folder: str, advance: Advance) -> None:
        """Begin a new run; one that is under way is stopped by the worker first."""
        self._run_id += 1
        command = Start(self._run_id, network, folder, advance)
        self._set_state(State.BUILDING)
        if self._ready is not None:
            self._client.send(command)
        else:
            self._waiting = command
            self._early_deaths = 0
            self._client.start()

    def resume(self, advance: Advance) -> None:
        """Go on from a pause."""
        if self._state is State.PAUSED:
            self._client.send(Resume(self._run_id, advance))
            self._set_state(State.RUNNING)

    def adopt(self, network: bytes, folder: str, advance: Advance) -> None:
        """Go on from a pause with an edited network; when it is refused, the run still waits as it was."""
        if self._state is State.PAUSED:
            self._client.send(Adopt(self._run_id, network, folder))
            self._after_adoption = advance
            self._set_state(State.BUILDING)

    def pause(self) -> None:
        """Wait after the batch under way."""
        if self._state is State.RUNNING:
            self._client.send(Pause(self._run_id))

    def stop(self) -> None:
        """End the run; a worker that does not answer within a second is replaced."""
        if self._state is State.BUILDING and self._ready is None:
            self._waiting = None
            self._set_state(State.IDLE)
        elif self._state in (State.BUILDING, State.RUNNING, State.PAUSED):
            self._client.send(Stop(self._run_id))
            self._set_state(State.STOPPING)
            self._client.expect_answer()

    def rewind(self) -> None:
        """Return to the identical initial weights and wait there."""
        if self._state in (State.RUNNING, State.PAUSED):
            old, self._run_id = self._run_id, self._run_id + 1
            self._client.send(Rewind(old, self._run_id))
            self._set_state(State.BUILDING)

    def look(self) -> None:
        """Have the layers looked into now."""
        if self._state in (State.RUNNING, State.PAUSED):
            self._client.send(Look(self._run_id))

    def examine(self) -> None:
        """Have the network looked at thoroughly; `examined` carries what was found."""
        if self._state in (State.RUNNING, State.PAUSED):
            self._client.send(Examine(self._run_id))

    def measure(self, network: bytes, folder: str) -> None:
        """Have a network measured before any training, whatever a run does; `measured` answers the newest wish only."""
        self._measuring.want(network, folder)

    def set_live(self, values: Mapping[str, Value]) -> None:
        """Change settings that act while training runs."""
        if self._state in (State.BUILDING, State.RUNNING, State.PAUSED):
            self._client.send(SetHyperparameters(self._run_id, dict(values)))

    def _set_state(self, state: State) -> None:
        if state is not self._state:
            if self._state is State.STOPPING:
                self._client.answered()
            self._state = state
            self.state_changed.emit()

    def _receive(self, message: Message) -> None:
        if isinstance(message, WorkerReady):
            self._greet(message)
        elif isinstance(message, Measured):
            self._take_measured(self._measuring.take(message))
        elif message.run_id == self._run_id and self.active:
            self._follow(message)

    def _greet(self, ready: WorkerReady) -> None:
        self._ready = ready
        self._early_deaths = 0
        self.worker_ready.emit(ready)
        if self._waiting is not None:
            command, self._waiting = self._waiting, None
            self._client.send(command)
        self._measuring.connect()

    def _take_measured(self, answer: Measured | None) -> None:
        if answer is not None:
            self.measured.emit(answer)

    def _follow(self, message: Message) -> None:
        match message:
            case RunStarted():
                self._begin(RunHistory(message))
                if self._state is State.BUILDING:
                    self._set_state(State.RUNNING)
            case Adopted() | AdoptionRefused():
                self._take_answer(message)
            case EpochEnded():
                self._record(message.stats)
            case Progress():
                self._move(message)
            case Examined():
                self.examined.emit(message)
            case RunFinished():
                self._end(message)
            case RunFailed():
                self._set_state(State.IDLE)
                self.failed.emit(message.sentence, message.node_id or "", message.traceback)

    def _begin(self, history: RunHistory) -> None:
        old, self.history = self.history, history
        self.run_started.emit()
        if old is not None:
            old.close()  # only now: until then it is still shown

    def _record(self, stats: EpochStats) -> None:
        if self.history is None:
            return
        worried = bool(self.history.problem)
        self.history.add_epoch(stats)
        self.epoch_ended.emit()
        if self.history.problem and not worried:
            self.worried.emit(_NO_ROOM.format(place=self.history.problem))

    def _take_answer(self, answer: Adopted | AdoptionRefused) -> None:
        if isinstance(answer, AdoptionRefused):
            self._set_state(State.PAUSED)
            self.adoption_refused.emit(answer.sentence, answer.node_id or "")
            return
        self.adopted.emit(answer)
        if self._after_adoption != "hold":
            self._client.send(Resume(self._run_id, self._after_adoption))

    def _move(self, progress: Progress) -> None:
        if self.history is None:
            return
        self.history.add_progress(progress)
        if self._state is not State.STOPPING:
            self._set_state(State.PAUSED if progress.paused else State.RUNNING)
        self.progressed.emit()

    def _end(self, finished: RunFinished) -> None:
        if self.history is not None:
            self.history.finished = finished
        self._set_state(State.IDLE)
        self.finished.emit(finished)

    def _bury(self, sentence: str) -> None:
        """The worker is gone: keep what was recorded, say so, and keep a fresh worker warm."""
        was, log = self._state, self._client.log
        born = self._ready is not None
        self._ready = None
        self._take_measured(self._measuring.disconnect(sentence))
        self._early_deaths = 0 if born else self._early_deaths + 1
        if self._early_deaths >= _MAXIMUM_EARLY_DEATHS:
            self._waiting = None
            self._set_state(State.IDLE)
            self.failed.emit(
                tr("{sentence} before it was ready, {count} times. {advice}").format(
                    sentence=sentence, count=self._early_deaths, advice=_TRY
                ),
                "",
                log,
            )
            return
        self._client.start()
        if self._waiting is not None:
            return
        self._set_state(State.IDLE)
        if was is State.STOPPING:
            self.finished.emit(RunFinished(self._run_id, "stopped", self._epochs()))
        elif was is not State.IDLE:
            self.failed.emit(f"{sentence}. {_KEPT}", "", log)

    def _epochs(self) -> int:
        return max(0, self.history.next_epoch - 1) if self.history else 0


_TRY = tr("Run “python main.py worker” in a terminal to see why, or install the lab anew")
_NO_ROOM = tr(
    "Older epochs cannot be put aside in {place}, so they stay in memory. "
    "Nothing is lost, but the lab needs more memory the longer it trains: make "
    "room there"
)
_KEPT = tr("What was recorded is kept, and a new process is ready: press Run to train again")
