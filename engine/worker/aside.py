"""Work that goes on beside the training, in a thread of its own, where a core is idle."""

import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Generic, TypeVar

import torch

from .devices import cores

T = TypeVar("T")
WORTH_A_THREAD = 1_000_000
"""Numbers from which on a look is made aside; with fewer, both threads wait for Python's lock most of the time."""


class Aside(Generic[T]):
    """The outcome of some work, done at once, or in a thread while the caller goes on.

    torch lets go of Python's lock while it computes, so that a thread of its own costs the caller little. What the
    work reads must not change meanwhile.
    """

    def __init__(self, work: Callable[[], T], *, threaded: bool) -> None:
        self._outcome: Future[T] = Future()
        if threaded:
            threading.Thread(target=self._do, args=(work,), name="aside", daemon=True).start()
        else:
            self._do(work)

    def result(self) -> T:
        """Wait for the outcome; what the work raised is raised here."""
        return self._outcome.result()

    def _do(self, work: Callable[[], T]) -> None:
        try:
            self._outcome.set_result(work())
        except BaseException as error:  # noqa: BLE001 - it is the caller's, and raised there
            self._outcome.set_exception(error)


def has_idle_core(device: torch.device) -> bool:
    """Whether the training leaves a core of this machine to others."""
    return device.type == "cpu" and torch.get_num_threads() < cores()
