"""The status line: what the session is doing, how far it is, and how fast."""

from PySide6.QtWidgets import QHBoxLayout, QProgressBar, QWidget

from engine.language import tr
from engine.training import RunFinished, RunHistory
from gui.common.elided import ElidedLabel
from gui.common.theme import GRID

from .session import Session, State


class RunStatus(QWidget):
    """State in words, a progress bar over the whole run, and the newest figures."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._words = ElidedLabel()
        self._bar = QProgressBar()
        self._bar.setMaximumWidth(GRID * 20)
        self._bar.setTextVisible(False)
        self._bar.setAccessibleName(tr("Progress of the training"))
        row = QHBoxLayout(self)
        row.setContentsMargins(GRID, 0, GRID, 0)
        row.setSpacing(GRID)
        row.addWidget(self._bar)
        row.addWidget(self._words, 1)
        for signal in (
            session.state_changed,
            session.worker_ready,
            session.run_started,
            session.epoch_ended,
            session.progressed,
            session.finished,
        ):
            signal.connect(self._update)
        self._update()

    @property
    def text(self) -> str:
        """What the line says."""
        return self._words.text()

    def _update(self) -> None:
        history = self._session.history
        self._bar.setVisible(self._session.active)
        if history is not None and self._session.state is not State.BUILDING:
            self._bar.setRange(0, history.started.epochs * history.started.steps_per_epoch)
            self._bar.setValue(_steps_done(history))
        else:
            self._bar.setRange(0, 0)
        self._words.setText(describe(self._session))


def _steps_done(history: RunHistory) -> int:
    done = max(0, history.next_epoch - 1)
    progress = history.progress
    open_steps = (
        progress.step if progress is not None and progress.epoch == history.next_epoch else 0
    )
    return done * history.started.steps_per_epoch + open_steps


def describe(session: Session) -> str:
    """One line for people: state, epoch, accuracy or loss, seconds an epoch."""
    history = session.history
    if session.state is State.BUILDING:
        return (
            tr("Building the network …")
            if session.worker
            else tr("Starting the training process …")
        )
    if history is None:
        return tr("Ready") if session.worker else tr("Starting the training process …")
    parts = [
        _outcome(history.finished) if history.finished else _STATES[session.state],
        *_figures(history),
    ]
    return "   ·   ".join(parts)


_STATES = {
    State.IDLE: tr("Ready"),
    State.BUILDING: tr("Building"),
    State.RUNNING: tr("Training"),
    State.PAUSED: tr("Paused"),
    State.STOPPING: tr("Stopping"),
}


def _outcome(finished: RunFinished) -> str:
    return {
        "completed": tr("Finished"),
        "stopped": tr("Stopped"),
        "diverged": tr("Diverged"),
    }[finished.outcome]


def _figures(history: RunHistory) -> list[str]:
    if not history.epochs:
        return []
    last = history.epochs[-1]
    parts = [
        tr("epoch {epoch} of {epochs}").format(epoch=last.epoch, epochs=history.started.epochs)
    ]
    progress = history.progress
    if progress is not None and progress.epoch == history.next_epoch and progress.step:
        parts.append(
            tr("batch {step} of {steps}").format(
                step=progress.step, steps=history.started.steps_per_epoch
            )
        )
    if last.validation_accuracy is not None:
        parts.append(
            tr("validation accuracy {accuracy:.1%}").format(accuracy=last.validation_accuracy)
        )
    elif last.validation_loss is not None:
        parts.append(tr("validation loss {loss:.4g}").format(loss=last.validation_loss))
    if last.epoch > 0:
        parts.append(tr("{seconds:.2f} s an epoch").format(seconds=last.seconds))
    return parts
