"""Garbage is collected by the window's thread alone."""

import gc
from typing import Any


class Cleaning:
    """Looks for garbage once a second, from `begin` to `close`, instead of whenever memory is asked for.

    Python collects in the thread that happens to ask for memory. What belongs to Qt must not be taken down in any but
    the window's: when a thread that reckons met a closed window's remains, both could wait for each other for good.
    """

    def __init__(self) -> None:
        self._collector: Any = None

    def begin(self) -> None:
        """Collect in this thread from now on."""
        if self._collector is None:
            from pyqtgraph.util.garbage_collector import (
                GarbageCollector,  # late: it loads all of it
            )

            self._collector = GarbageCollector()

    def close(self) -> None:
        """Leave it to Python again."""
        if self._collector is not None:
            self._collector.timer.stop()
            self._collector = None
            gc.enable()
