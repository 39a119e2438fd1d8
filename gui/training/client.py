"""The worker process seen from the window: commands in, messages out, and word of its death."""

import signal
import sys
from collections import deque
from collections.abc import Sequence

from PySide6.QtCore import QObject, QProcess, QTimer, Signal

from engine.language import tr
from engine.training import Command, FrameError, FrameReader, Shutdown, decode_message, frame

STOP_PATIENCE_MS = 1_000
_LOG_LINES = 200


class WorkerClient(QObject):
    """Starts the worker with QProcess and turns its frames into `message` signals.

    `died` carries a sentence when the process ended without having been asked to.
    """

    message = Signal(object)
    died = Signal(str)

    def __init__(self, program: Sequence[str], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._program = list(program)
        self._process: QProcess | None = None
        self._reader = FrameReader()
        self._log: deque[str] = deque(maxlen=_LOG_LINES)
        self._patience = QTimer(self)
        self._patience.setSingleShot(True)
        self._patience.timeout.connect(self._lose_patience)

    @property
    def process_id(self) -> int:
        """The worker's process id; 0 when there is no worker."""
        return int(self._process.processId()) if self._process else 0

    @property
    def log(self) -> str:
        """The last lines that the worker wrote to stderr."""
        return "".join(self._log)

    def start(self) -> None:
        """Start a worker unless there is one; it says `WorkerReady` when torch is loaded."""
        if self._process is not None:
            return
        self._reader = FrameReader()
        self._log.clear()
        process = QProcess(self)
        process.setProgram(self._program[0])
        process.setArguments(self._program[1:])
        process.readyReadStandardOutput.connect(self._read_frames)
        process.readyReadStandardError.connect(self._read_log)
        process.finished.connect(self._finished)
        process.errorOccurred.connect(self._failed)
        self._process = process
        process.start()

    def send(self, command: Command) -> None:
        """Send a command; without a worker it is lost, and `died` has said so before."""
        if self._process is not None:
            self._process.write(frame(command))

    def expect_answer(self) -> None:
        """End the worker when it is silent for a second before it was `answered`; `died` is emitted then."""
        self._patience.start(STOP_PATIENCE_MS)

    def answered(self) -> None:
        """What was expected has come."""
        self._patience.stop()

    def close(self) -> None:
        """End the worker: ask, wait a second, terminate, kill. Returns when it is gone."""
        process, self._process = self._process, None
        self._patience.stop()
        if process is None:
            return
        process.blockSignals(True)
        if process.state() != QProcess.ProcessState.NotRunning:
            process.write(frame(Shutdown()))
            process.closeWriteChannel()
            _await_end(process)
        process.deleteLater()

    def _lose_patience(self) -> None:
        if self._process is not None:
            self._process.kill()

    def _read_frames(self) -> None:
        if self._process is None:
            return
        try:
            for body in self._reader.feed(bytes(self._process.readAllStandardOutput().data())):
                if (
                    self._patience.isActive()
                ):  # it lives, and this may have been under way before it was asked
                    self._patience.start(STOP_PATIENCE_MS)
                self.message.emit(decode_message(body))
        except FrameError as error:
            self._log.append(f"{error}\n")
            self._process.kill()

    def _read_log(self) -> None:
        if self._process is not None:
            text = bytes(self._process.readAllStandardError().data()).decode("utf-8", "replace")
            self._log.extend(text.splitlines(keepends=True))
            if sys.stderr is not None:
                sys.stderr.write(text)

    def _failed(self, error: QProcess.ProcessError) -> None:
        if error == QProcess.ProcessError.FailedToStart:
            self._forget(
                tr("The training process could not be started ({program})").format(
                    program=self._program[0]
                )
            )

    def _finished(self, code: int, status: QProcess.ExitStatus) -> None:
        self._read_frames()
        self._read_log()
        crashed = status == QProcess.ExitStatus.CrashExit
        self._forget(
            tr("The training process was ended by {signal}").format(signal=_signal_name(code))
            if crashed
            else tr("The training process ended with code {code}").format(code=code)
        )

    def _forget(self, sentence: str) -> None:
        process, self._process = self._process, None
        self._patience.stop()
        if process is not None:
            process.blockSignals(True)
            process.deleteLater()
            self.died.emit(sentence)


def _await_end(process: QProcess) -> None:
    if process.waitForFinished(STOP_PATIENCE_MS):
        return
    process.terminate()
    if not process.waitForFinished(STOP_PATIENCE_MS):
        process.kill()
        process.waitForFinished(STOP_PATIENCE_MS)


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return tr("signal {number}").format(number=number)
