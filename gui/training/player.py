"""Playing the recording of a run: the playhead walks from epoch to epoch by itself."""

from PySide6.QtCore import QElapsedTimer, QObject, QTimer, Signal

from gui.common.frames import FRAME_MS

from .playhead import Playhead

SPEEDS = (0.5, 1.0, 2.0, 4.0, 8.0, 16.0)
EPOCHS_PER_SECOND = 2.0
"""At speed 1."""
_CALM_MS = 500
"""With reduced motion the picture changes at most twice a second; WCAG 2.3.1 warns from three on."""
_LONGEST_S = 0.5
"""After a hold-up the recording goes on where it was, instead of jumping over what was missed."""


class Player(QObject):
    """Moves a playhead at a steady pace, however long drawing takes: at high speeds epochs are left out.

    `changed` says that it plays or rests, that its speed is another one, or that other things can be done.
    """

    changed = Signal()

    def __init__(self, playhead: Playhead, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._playhead = playhead
        self._speed = 1.0
        self._calm = False
        self._due = 0.0
        self._clock = QElapsedTimer()
        self._timer = QTimer(self)
        self._timer.timeout.connect(self._advance)
        self._said: object = None
        playhead.replaced.connect(self.pause)
        for signal in (playhead.replaced, playhead.grown, playhead.moved, playhead.pin_changed):
            signal.connect(self._announce)

    @property
    def playing(self) -> bool:
        """Whether the playhead walks by itself."""
        return self._timer.isActive()

    @property
    def speed(self) -> float:
        """One of `SPEEDS`."""
        return self._speed

    @property
    def pace(self) -> float:
        """Epochs per second."""
        return self._speed * EPOCHS_PER_SECOND

    @property
    def has_epochs(self) -> bool:
        """Whether there is more than one epoch, so that there is a way to go."""
        return self._playhead.last > 0

    @property
    def can_go_back(self) -> bool:
        """Whether an earlier epoch than the shown one was recorded."""
        return self._playhead.shown > 0

    @property
    def can_go_forward(self) -> bool:
        """Whether a later epoch than the shown one was recorded."""
        return self._playhead.shown < self._playhead.last

    @property
    def can_pin(self) -> bool:
        """Whether there is an epoch to pin, or a pin to take away."""
        return self._playhead.last >= 0

    def toggle(self) -> None:
        """Play from the shown epoch, from the first one when the newest is shown; or rest."""
        if self.playing:
            self.pause()
        elif self.has_epochs:
            if not self.can_go_forward:
                self._playhead.go(0)
            self._due = 0.0
            self._clock.start()
            self._timer.start(self._interval)
            self._announce()

    def pause(self) -> None:
        """Rest at the shown epoch."""
        self._timer.stop()
        self._announce()

    def set_speed(self, speed: float) -> None:
        """Play at one of `SPEEDS`."""
        self._speed = speed
        if self.playing:
            self._timer.start(self._interval)
        self._announce()

    def faster(self) -> None:
        """Play at the next higher speed."""
        self.set_speed(SPEEDS[min(SPEEDS.index(self._speed) + 1, len(SPEEDS) - 1)])

    def slower(self) -> None:
        """Play at the next lower speed."""
        self.set_speed(SPEEDS[max(SPEEDS.index(self._speed) - 1, 0)])

    def set_calm(self, calm: bool) -> None:
        """With reduced motion, go in few large steps at the same pace."""
        self._calm = calm
        self.set_speed(self._speed)

    def step(self, by: int) -> None:
        """Rest, and show an earlier or a later epoch."""
        self.pause()
        self._playhead.step(by)

    def go_first(self) -> None:
        """Rest, and show the first epoch."""
        self.pause()
        self._playhead.go(0)

    def go_newest(self) -> None:
        """Rest, and follow the newest epoch."""
        self.pause()
        self._playhead.go(None)

    def toggle_pin(self) -> None:
        """Pin the shown epoch, to compare the others with it, or take the pin away."""
        pinned = self._playhead.pinned
        self._playhead.pin(self._playhead.shown if pinned is None and self.can_pin else None)

    @property
    def _interval(self) -> int:
        return max(_CALM_MS if self._calm else int(FRAME_MS), round(1_000 / self.pace))

    def _advance(self) -> None:
        self._due += min(self._clock.restart() / 1_000, max(_LONGEST_S, 1 / self.pace)) * self.pace
        whole = int(self._due + 0.05)  # a timer may be a little early
        if whole:
            self._due -= whole
            self._playhead.step(whole)
        if self._playhead.epoch is None:
            self.pause()

    def _announce(self) -> None:
        state = (
            self.playing,
            self._speed,
            self.has_epochs,
            self.can_go_back,
            self.can_go_forward,
            self.can_pin,
            self._playhead.epoch is None,
            self._playhead.pinned,
        )
        if state != self._said:
            self._said = state
            self.changed.emit()
