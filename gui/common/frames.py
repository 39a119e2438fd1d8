"""When what moves is drawn: at most sixty times a second, and never for longer than a frame may take."""

from collections.abc import Callable, Hashable
from time import perf_counter

from PySide6.QtCore import QElapsedTimer, QObject, QTimer, Signal

FRAME_MS = 16
BUDGET_MS = 10.0
"""How long drawing may take within a frame, so that mouse and keyboard are answered in the rest of it."""
_MEMORY = 0.25
"""Weight of the newest time in what a picture is expected to take."""

Draw = Callable[[], None]


class FrameClock(QObject):
    """Draws what asks for it, the longest waiting first; what does not fit into a frame waits for the next.

    With many panes a picture may therefore skip frames, and no frame is late. `drawn` carries how many milliseconds
    a frame took.
    """

    drawn = Signal(float)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._waiting: dict[Hashable, Draw] = {}
        self._expected: dict[Hashable, float] = {}
        self._since_frame = QElapsedTimer()
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self._frame)

    @property
    def is_idle(self) -> bool:
        """Whether nobody waits to be drawn."""
        return not self._waiting

    def ask(self, who: Hashable, draw: Draw) -> None:
        """Have something drawn in one of the next frames; asked for twice it is drawn once."""
        self._waiting.setdefault(who, draw)
        self._wind()

    def forget(self, who: Hashable) -> None:
        """Draw nothing more of somebody."""
        self._waiting.pop(who, None)
        self._expected.pop(who, None)

    def _wind(self) -> None:
        if self._waiting and not self._timer.isActive():
            gone = self._since_frame.elapsed() if self._since_frame.isValid() else FRAME_MS
            self._timer.start(max(0, FRAME_MS - int(gone)))

    def _frame(self) -> None:
        """Draw as many as fit, at least one."""
        self._since_frame.start()
        spent = 0.0
        for who, draw in list(self._waiting.items()):
            if spent and spent + self._expected.get(who, 0.0) > BUDGET_MS:
                break
            # it may ask again while it is drawn, or have been forgotten by what was drawn before it
            if self._waiting.pop(who, None) is None:
                continue
            begun = perf_counter()
            draw()
            took = (perf_counter() - begun) * 1e3
            spent += took
            known = self._expected.get(who, took)
            self._expected[who] = known + _MEMORY * (took - known)
        self._wind()
        self.drawn.emit(spent)
