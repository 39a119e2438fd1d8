"""The training process: commands in, messages out, one run at a time."""

import math
import os
import platform
import queue
import sys
import threading
import time
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

import torch

from engine.graph import StorageError, decode
from engine.language import tr
from engine.parameters import Value
from engine.stats import EpochStats, LayerTable, Picture
from engine.training import (
    Adopt,
    Adopted,
    AdoptionRefused,
    Advance,
    Command,
    ConfigError,
    EpochEnded,
    Examine,
    Examined,
    FrameError,
    FrameReader,
    Look,
    Measure,
    Message,
    Pause,
    Progress,
    Resume,
    Rewind,
    RunFailed,
    RunFinished,
    RunStarted,
    SetHyperparameters,
    Shutdown,
    Start,
    Stop,
    WorkerReady,
    decode_command,
    frame,
)

from .build import LayerError
from .clipping import Clipping
from .devices import found_devices, found_precisions
from .divergence import DivergenceError
from .epoch import Step, step_stats
from .faults import fault_sentence
from .measuring import measured
from .picture import Painter
from .prepare import RunError, prepare
from .threads import use_threads
from .trainer import Trainer

PROGRESS_SECONDS = 1 / 30
_NICENESS = 10
_PIECE = 1 << 16

Send = Callable[[Message], None]


@dataclass(slots=True)
class _Run:
    """The run under way, and how far it may go before it waits."""

    run_id: int
    trainer: Trainer
    advance: Advance
    unsent: list[Step] = field(default_factory=list)
    sent_at: float = 0.0
    painter: Painter = field(init=False)

    def __post_init__(self) -> None:
        self.begin_pictures()

    def begin_pictures(self) -> None:
        """Look at the network that the trainer has now."""
        self.painter = Painter(self.trainer.parts)

    def pictured(self, stats: EpochStats, *, always: bool) -> EpochStats:
        """The figures of an epoch with a picture, when one is due; `always` when a person will look at it."""
        picture = self.painter.picture((stats.epoch, self.trainer.steps_done), always=always)
        if picture is None:
            return stats
        return replace(stats, picture=picture, seconds=stats.seconds + picture.seconds)


class Server:
    """Carries out commands; `serve` returns at `Shutdown`."""

    def __init__(self, commands: queue.SimpleQueue[Command], send: Send) -> None:
        self._commands = commands
        self._send = send
        self._run: _Run | None = None
        self._starting: int | None = None

    def serve(self) -> None:
        """Obey commands, and train between them."""
        while True:
            command = self._next_command()
            if isinstance(command, Shutdown):
                return
            try:
                if command is not None:
                    self._obey(command)
                elif self._run is not None:
                    self._move(self._run)
            except Exception as error:  # noqa: BLE001 - a fault ends the run, never the worker
                self._fail(error)

    def _next_command(self) -> Command | None:
        moving = self._run is not None and self._run.advance != "hold"
        try:
            return self._commands.get(block=not moving)
        except queue.Empty:
            return None

    def _obey(self, command: Command) -> None:
        run = self._run
        if isinstance(command, Start):
            self._finish("stopped")
            self._start(command)
            return
        if isinstance(command, Measure):
            self._send(measured(command))
            return
        if run is None or isinstance(command, Shutdown) or command.run_id != run.run_id:
            return
        self._obey_run(run, command)

    def _obey_run(self, run: _Run, command: Command) -> None:
        """Carry out a command about the run that is under way."""
        match command:
            case Resume(advance=advance):
                run.advance = advance
            case Pause():
                self._rest(run)
            case SetHyperparameters(values=values):
                _set_live(run.trainer, values)
            case Adopt():
                self._adopt(run, command)
            case Look():
                self._report(run, paused=run.advance == "hold", layers=run.trainer.look())
            case Examine():
                trainer = run.trainer
                place = trainer.epochs_done, trainer.steps_done
                self._send(Examined(run.run_id, *place, trainer.examine()))
            case Stop():
                self._finish("stopped")
            case Rewind(new_run_id=new_run_id):
                trainer = run.trainer
                self._finish("stopped")
                trainer.rewind()
                self._begin(_Run(new_run_id, trainer, "hold"))

    def _start(self, command: Start) -> None:
        self._starting = command.run_id
        graph = decode(command.network)
        prepared = prepare(graph, Path(command.folder) if command.folder else None)
        trainer = Trainer(prepared)
        use_threads(trainer)
        self._begin(_Run(command.run_id, trainer, command.advance))

    def _begin(self, run: _Run, notes: tuple[str, ...] = ()) -> None:
        self._run, self._starting = run, None
        self._send(_started(run, notes))
        self._send(EpochEnded(run.run_id, run.pictured(run.trainer.measure(), always=True)))
        if run.advance == "hold":
            self._rest(run)

    def _adopt(self, run: _Run, command: Adopt) -> None:
        """Go on with an edited network and wait; a fault of the network's changes nothing."""
        trainer = run.trainer
        try:
            graph = decode(command.network)
            prepared = prepare(graph, Path(command.folder) if command.folder else None)
            adoption = trainer.adopt(prepared)
        except (RunError, StorageError, LayerError) as error:
            failure = _failure(run.run_id, error)
            self._send(AdoptionRefused(run.run_id, failure.sentence, failure.node_id))
            return
        kept, fresh, changed = adoption.kept, adoption.fresh, adoption.changed
        self._send(Adopted(run.run_id, trainer.layers, kept, fresh, changed, adoption.notes))
        run.unsent.clear()
        run.advance = "hold"
        run.begin_pictures()
        self._begin(
            run,
            (
                tr("continued from epoch {epochs_done}").format(epochs_done=trainer.epochs_done),
                *adoption.notes,
            ),
        )

    def _move(self, run: _Run) -> None:
        """Train one batch, and report what is due."""
        single = run.advance == "batch"
        wanted = single or run.trainer.look_is_due
        try:
            step = run.trainer.step(look=wanted)
        except DivergenceError as outcome:
            norm = outcome.gradient_norm
            run.unsent.append(Step(outcome.loss, Clipping(norm, norm, math.nan)))
            self._report(run, paused=False)
            self._finish("diverged", outcome)
            return
        run.unsent.append(step)
        if single:
            self._rest(run, step.layers)
        elif wanted and step.layers is not None and not run.trainer.epoch_is_over:
            self._report(run, paused=False, layers=step.layers)
        elif time.monotonic() - run.sent_at >= PROGRESS_SECONDS:
            self._report(run, paused=False)
        if run.trainer.epoch_is_over:
            self._end_epoch(run)

    def _end_epoch(self, run: _Run) -> None:
        run.unsent.clear()
        stats, rests = run.trainer.end_epoch(), run.advance in ("epoch", "hold")
        is_over = run.trainer.is_over
        self._send(EpochEnded(run.run_id, run.pictured(stats, always=rests or is_over)))
        if is_over:
            self._finish("completed")
        elif rests:
            self._rest(run)

    def _rest(self, run: _Run, layers: LayerTable | None = None) -> None:
        run.advance = "hold"
        self._report(run, paused=True, layers=layers)

    def _report(self, run: _Run, *, paused: bool, layers: LayerTable | None = None) -> None:
        run.sent_at = time.monotonic()
        trainer = run.trainer
        steps, run.unsent = step_stats(run.unsent), []
        done, step = trainer.epochs_done, trainer.steps_done
        picture: Picture | None = None
        if paused and not trainer.epoch_is_over:  # else the end of the epoch brings it
            picture = run.painter.picture((done, step), always=True)
        self._send(Progress(run.run_id, done + 1, step, steps, paused, layers, picture))

    def _finish(self, outcome: str, divergence: DivergenceError | None = None) -> None:
        run, self._run = self._run, None
        if run is None:
            return
        epoch = run.trainer.epochs_done
        if divergence is not None:
            sentence, node_id, step = divergence.sentence, divergence.node_id, divergence.step
            self._send(RunFinished(run.run_id, "diverged", epoch, sentence, node_id, step))
        else:
            word: Literal["completed", "stopped"] = (
                "completed" if outcome == "completed" else "stopped"
            )
            sentence = run.trainer.stopped_early if word == "completed" else ""
            self._send(RunFinished(run.run_id, word, epoch, sentence))

    def _fail(self, error: Exception) -> None:
        run_id = self._run.run_id if self._run else self._starting
        self._run, self._starting = None, None
        if run_id is None:
            traceback.print_exception(error)
        else:
            self._send(_failure(run_id, error))


def _started(run: _Run, notes: tuple[str, ...]) -> RunStarted:
    trainer = run.trainer
    prepared = trainer.prepared
    return RunStarted(
        run_id=run.run_id,
        layers=trainer.layers,
        epochs=trainer.config.epochs,
        steps_per_epoch=trainer.steps_per_epoch,
        batch_size=trainer.config.batch_size * trainer.config.accumulate,
        parameters=prepared.inference.total_parameters,
        train_samples=len(prepared.split.train_inputs),
        validation_samples=len(prepared.split.validation_inputs),
        data_title=prepared.info.title,
        notes=(*prepared.info.notes, *_machine(trainer), *notes),
        first_epoch=trainer.epochs_done,
        backdrop=run.painter.backdrop,
    )


def _machine(trainer: Trainer) -> tuple[str, ...]:
    """What a person wants to know of device, precision and threads where they are not the usual ones."""
    notes = []
    if trainer.device.type != "cpu":
        notes.append(tr("trained on {device}").format(device=trainer.device.type))
    elif torch.get_num_threads() > 1:
        notes.append(tr("trained with {count} threads").format(count=torch.get_num_threads()))
    if trainer.config.precision != "float32":
        notes.append(tr("layers compute in {precision}").format(precision=trainer.config.precision))
    return tuple(notes)


def _set_live(trainer: Trainer, values: Mapping[str, Value]) -> None:
    try:
        trainer.set_live(values)
    except ConfigError as error:
        sys.stderr.write(f"Ignored: {error}\n")


def _failure(run_id: int, error: Exception) -> RunFailed:
    """What a person is told: their own mistakes without the traceback that a fault of ours has."""
    if isinstance(error, RunError):
        return RunFailed(run_id, error.sentence, error.node_id)
    if isinstance(error, StorageError):
        return RunFailed(run_id, tr("The network cannot be read: {error}").format(error=error))
    details = "".join(traceback.format_exception(error))
    node_id = error.node_id if isinstance(error, LayerError) else None
    return RunFailed(run_id, fault_sentence(error), node_id, details)


def _read_commands(commands: queue.SimpleQueue[Command]) -> None:
    """Runs in a thread of its own, so that the worker ends at once when the window is gone."""
    reader = FrameReader()
    while piece := os.read(0, _PIECE):
        try:
            for body in reader.feed(piece):
                commands.put(decode_command(body))
        except FrameError as error:
            sys.stderr.write(f"The training process ends: {error}\n")
            sys.stderr.flush()
            os._exit(2)
    os._exit(0)


def _give_way() -> None:
    """Let the window go first where both want the same core: it draws for milliseconds, and training loses little."""
    if hasattr(os, "nice"):
        os.nice(_NICENESS)


def main() -> int:
    """Serve on standard input and output until told to shut down, or until input ends."""
    # a stray print must not end up between two frames
    out = os.dup(1)
    os.dup2(2, 1)

    def send(message: Message) -> None:
        content = memoryview(frame(message))
        while content:
            content = content[os.write(out, content) :]

    _give_way()
    torch.set_num_threads(1)
    commands: queue.SimpleQueue[Command] = queue.SimpleQueue()
    threading.Thread(target=_read_commands, args=(commands,), daemon=True).start()
    devices = found_devices()
    versions = platform.python_version(), str(torch.__version__)
    send(WorkerReady(os.getpid(), *versions, devices, found_precisions(devices)))
    try:
        Server(commands, send).serve()
    except BrokenPipeError:
        return 0
    return 0
