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
LONG = ("experiment", "--all", "--seeds", "1", "--jobs", "2", "--json")


def test_two_processes_measure_what_one_does(tmp_path: Path) -> None:
    words = ("experiment", "pascanu2013", "--seeds", 2, "--json")
    one, two = run_command(tmp_path, *words), run_command(tmp_path, *words, "--jobs", 2)
    assert (one.code, one.err, two.code, two.err) == (0, "", 0, "")
    first, second = json.loads(one.out), json.loads(two.out)
    assert first["seeds"] == second["seeds"] == [0, 1]
    assert first["measured"] == second["measured"]
    assert one.changed == two.changed == frozenset()


def test_on_a_terminal_a_bar_counts_the_seeds(tmp_path: Path) -> None:
    seen = on_terminal(tmp_path, "experiment", "ioffe2015", "--seeds", 2)
    assert seen.code == 0
    assert "2/2 seeds" in seen.out
    assert "verdict    holds (seeds 0 to 1;" in seen.out


@contextlib.contextmanager
def _measuring() -> Iterator[tuple[subprocess.Popen[bytes], set[int]]]:
    """All experiments in a session of its own, once three are done and the next, a long one, has begun."""
    process = subprocess.Popen(
        [sys.executable, str(ROOT / "main.py"), *LONG],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    try:
        assert process.stdout is not None
        done = [json.loads(process.stdout.readline())["name"] for _ in range(3)]
        assert set(done) == {"bengio1994", "glorot2010", "pascanu2013"}
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text()
        yield process, {int(child) for child in children.split()}
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate(timeout=PATIENCE)


def _gone(pids: set[int]) -> bool:
    """Whether all are gone before a long experiment can be done."""
    deadline = time.monotonic() + 4
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
        assert len(children) >= 2
        os.killpg(process.pid, signal.SIGINT)
        _, err = process.communicate(timeout=PATIENCE)
        assert (process.returncode, err) == (130, b"Interrupted\n")
        assert _gone(children)


def test_processes_do_not_outlive_a_parent_that_is_killed() -> None:
    with _measuring() as (process, children):
        process.kill()
        assert _gone(children)
