"""When what moves is drawn: each picture at most sixty times a second, and never for longer than a frame may take."""

import math
from collections.abc import Callable, Hashable
from time import perf_counter

from PySide6.QtCore import QObject, QTimer, Signal

FRAME_MS = 16.0
BUDGET_MS = 10.0
"""How long is drawn before mouse and keyboard are listened to again."""
_MEMORY = 0.25
"""Weight of the newest time in what a picture is expected to take."""

Draw = Callable[[], None]


class FrameClock(QObject):
    """Draws what asks for it, the longest waiting first; what does not fit waits until the window has listened.

    With many panes a picture may therefore come late, and mouse and keyboard never do. `drawn` carries how many
    milliseconds were drawn in one go.
    """

    drawn = Signal(float)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._waiting: dict[Hashable, Draw] = {}
        self._expected: dict[Hashable, float] = {}
        self._drawn_at: dict[Hashable, float] = {}
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self._frame)

    @property
    def is_idle(self) -> bool:
        """Whether nobody waits to be drawn."""
        return not self._waiting

    def ask(self, who: Hashable, draw: Draw, *, rest: bool = False) -> None:
        """Have something drawn soon; asked for twice it is drawn once.

        A `rest` is of a picture that was begun, and need not keep its distance from what was drawn of it before.
        """
        self._waiting.setdefault(who, draw)
        if rest:
            self._drawn_at.pop(who, None)
        if self._timer.remainingTime() != 0:  # else all is drawn at once anyhow
            self._wind()

    def forget(self, who: Hashable) -> None:
        """Draw nothing more of somebody."""
        for known in (self._waiting, self._expected, self._drawn_at):
            known.pop(who, None)

    def _wind(self) -> None:
        if self._waiting:
            delay = min(self._delay(who) for who in self._waiting)
            if not self._timer.isActive() or self._timer.remainingTime() > delay:
                self._timer.start(math.ceil(delay))

    def _delay(self, who: Hashable) -> float:
        """Milliseconds until somebody may be drawn again."""
        gone = (perf_counter() - self._drawn_at.get(who, -math.inf)) * 1e3
        return max(0.0, FRAME_MS - gone)

    def _frame(self) -> None:
        """Draw as many as fit, at least one of those whose time has come."""
        spent = 0.0
        for who in [who for who in self._waiting if self._delay(who) < 1.0]:
            if spent and spent + self._expected.get(who, 0.0) > BUDGET_MS:
                break
            draw = self._waiting.pop(who, None)
            if draw is not None:  # it may have been forgotten by what was drawn before it
                spent += self._timed(who, draw)
        self._wind()
        self.drawn.emit(spent)

    def _timed(self, who: Hashable, draw: Draw) -> float:
        begun = self._drawn_at[who] = perf_counter()
        draw()
        took = (perf_counter() - begun) * 1e3
        known = self._expected.get(who, took)
        self._expected[who] = known + _MEMORY * (took - known)
        return took
