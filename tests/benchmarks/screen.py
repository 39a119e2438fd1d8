"""A virtual screen for benchmarks that open windows."""

import os
import subprocess
import sys
from collections.abc import Sequence


def rerun_on_screen(name: str, arguments: Sequence[str] = ()) -> int | None:
    """Without a display, run the benchmark again on a virtual screen and give its exit code; else None."""
    if "DISPLAY" in os.environ or "WAYLAND_DISPLAY" in os.environ:
        return None
    command = [sys.executable, "-m", "tests.benchmarks", name, *arguments]
    return subprocess.call(["xvfb-run", "-a", "-s", "-screen 0 1440x900x24", *command])
