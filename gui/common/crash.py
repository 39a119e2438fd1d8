"""The one place where a bug of ours ends: the work is saved, the trace is kept, and the window says so."""

import sys
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from types import TracebackType

from engine.language import tr

_LOG_LIMIT = 1_000_000


class CrashKeeper:
    """Takes over `sys.excepthook` until `release`. `save` must not raise; `tell` shows sentence and details."""

    def __init__(
        self, log: Path, save: Callable[[], None], tell: Callable[[str, str], None]
    ) -> None:
        self._log = log
        self._save = save
        self._tell = tell
        self._before = sys.excepthook
        self._busy = False
        sys.excepthook = self._catch

    def release(self) -> None:
        """Give the hook back."""
        sys.excepthook = self._before

    def _catch(
        self, kind: type[BaseException], error: BaseException, trace: TracebackType | None
    ) -> None:
        if self._busy or issubclass(kind, KeyboardInterrupt):
            self._before(kind, error, trace)
            return
        self._busy = True
        try:
            details = "".join(traceback.format_exception(kind, error, trace))
            self._save()
            self._write(details)
            self._before(kind, error, trace)
            self._tell(tr("Something went wrong inside the lab. Your network is saved"), details)
        finally:
            self._busy = False

    def _write(self, details: str) -> None:
        try:
            self._log.parent.mkdir(parents=True, exist_ok=True)
            if self._log.exists() and self._log.stat().st_size > _LOG_LIMIT:
                self._log.unlink()
            with self._log.open("a", encoding="utf-8") as file:
                file.write(f"{time.strftime('%Y-%m-%d %H:%M:%S')}\n{details}\n")
        except OSError as error:
            details_lost = tr("The trace could not be written to {log}: {error}\n").format(
                log=self._log, error=error
            )
            sys.stderr.write(details_lost)
