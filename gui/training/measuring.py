"""Which network is to be measured next: at most one is on its way, and only the newest counts."""

from collections.abc import Callable

from engine.training import Measure, Measured


class Measuring:
    """Hands the newest wish on when the worker is there and idle, and drops every older answer. Knows no Qt."""

    def __init__(self, send: Callable[[Measure], None]) -> None:
        self._send = send
        self._number = 0
        self._waiting: Measure | None = None
        self._under_way: Measure | None = None
        self._reachable = False

    def want(self, network: bytes, folder: str) -> int:
        """Wish for a measurement; takes the place of an earlier wish that was not yet sent. The request's number."""
        self._number += 1
        self._waiting = Measure(self._number, network, folder)
        self._next()
        return self._number

    def connect(self) -> None:
        """The worker is there."""
        self._reachable = True
        self._next()

    def take(self, answer: Measured) -> Measured | None:
        """The answer if it is to the newest wish, else None; the latest wish is sent on."""
        if self._under_way is None or answer.request != self._under_way.request:
            return None
        self._under_way = None
        self._next()
        return answer if answer.request == self._number else None

    def disconnect(self, sentence: str) -> Measured | None:
        """The worker is gone: what was on its way is not sent again, as it may be what ended the worker."""
        self._reachable = False
        lost, self._under_way = self._under_way, None
        if lost is None or lost.request != self._number:
            return None
        return Measured(lost.request, (), None, sentence)

    def _next(self) -> None:
        if self._reachable and self._under_way is None and self._waiting is not None:
            self._under_way, self._waiting = self._waiting, None
            self._send(self._under_way)
