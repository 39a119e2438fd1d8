"""The experiments as people start them: two processes beside, JSON through a pipe, Ctrl-C, a parent that is killed."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.command_runs import PATIENCE, ROOT, on_terminal, run_command

pytestmark = pytest.mark.timeout(300)
LONG = ("experiment", "L02", "--seeds", "2", "--jobs", "2")


def test_two_processes_measure_what_one_does(tmp_path: Path) -> None:
    words = ("experiment", "pascanu2013", "--seeds", 3, "--json")
    one, two = run_command(tmp_path, *words), run_command(tmp_path, *words, "--jobs", 2)
    assert (one.code, one.err, two.code, two.err) == (0, "", 0, "")
    first, second = json.loads(one.out), json.loads(two.out)
    assert first["seeds"] == second["seeds"] == [0, 1, 2]
    assert first["measured"] == second["measured"]
    assert one.changed == two.changed == frozenset()


def test_on_a_terminal_a_bar_counts_the_seeds(tmp_path: Path) -> None:
    seen = on_terminal(tmp_path, "experiment", "ioffe2015", "--seeds", 2)
    assert seen.code == 0
    assert "2/2 seeds" in seen.out
    assert "verdict    holds (seeds 0 to 1;" in seen.out


def test_bad_usage_ends_with_2(tmp_path: Path) -> None:
    outcome = run_command(tmp_path, "experiment", "L99")
    assert (outcome.code, outcome.out) == (2, "")
    assert outcome.err.startswith("There is no experiment called 'L99'.")


@contextlib.contextmanager
def _measuring() -> Iterator[tuple[subprocess.Popen[bytes], set[int]]]:
    """A long experiment in a session of its own, once both of its processes run; all are killed in the end."""
    process = subprocess.Popen(
        [sys.executable, str(ROOT / "main.py"), *LONG],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    try:
        yield process, _two_children(process.pid)
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate(timeout=PATIENCE)


def _two_children(pid: int) -> set[int]:
    """The processes that measure, once they have loaded torch."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        text = Path(f"/proc/{pid}/task/{pid}/children").read_text()
        loaded = {child for child in map(int, text.split()) if _has_torch(child)}
        if len(loaded) == 2:
            return loaded
        time.sleep(0.05)
    raise AssertionError("no two processes began to measure")


def _has_torch(pid: int) -> bool:
    try:
        return "libtorch" in Path(f"/proc/{pid}/maps").read_text()
    except OSError:
        return False


def _gone(pids: set[int], patience: float) -> bool:
    deadline = time.monotonic() + patience
    while any(_alive(pid) for pid in pids) and time.monotonic() < deadline:
        time.sleep(0.05)
    return not any(_alive(pid) for pid in pids)


def _alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


def test_ctrl_c_ends_all_processes_with_a_word() -> None:
    with _measuring() as (process, children):
        os.killpg(process.pid, signal.SIGINT)
        out, err = process.communicate(timeout=PATIENCE)
        assert (process.returncode, out, err) == (130, b"", b"Interrupted\n")
        assert _gone(children, PATIENCE)


def test_processes_do_not_outlive_a_parent_that_is_killed() -> None:
    """They see it once they have loaded, long before they are done: loading twice took `begun` seconds."""
    start = time.monotonic()
    with _measuring() as (process, children):
        begun = time.monotonic() - start
        process.kill()
        assert _gone(children, 2 * begun)
