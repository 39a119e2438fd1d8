"""Garbage is collected by the window's thread alone."""

import gc
from typing import Any


class Cleaning:
    """Looks for garbage once a second, from `begin` to `close`, instead of whenever memory is asked for.

    Python collects in the thread that happens to ask for memory, but what belongs to Qt must not be taken down in any
    but the window's: a thread that reckons could meet what a closed window has left behind.
    """

    def __init__(self) -> None:
        self._collector: Any = None

    def begin(self) -> None:
        """Collect in this thread from now on."""
        if self._collector is None:
            # not before the first paint, because it loads all of pyqtgraph
            from pyqtgraph.util.garbage_collector import GarbageCollector

            self._collector = GarbageCollector()

    def close(self) -> None:
        """Leave it to Python again."""
        if self._collector is not None:
            self._collector.timer.stop()
            self._collector = None
            gc.enable()
