"""Commands as people give them: processes without a display, pipes, terminals, and what they left on disk."""

import contextlib
import hashlib
import json
import os
import pty
import subprocess
import sys
import termios
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NoReturn

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "resources" / "examples" / "digits_mlp.json"
PATIENCE = 120

BATCH = """
import contextlib, io, json, sys, traceback
sys.path.insert(0, sys.argv[1])
import main
for arguments in json.load(sys.stdin):
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            code = main.main(arguments)
        except SystemExit as leaving:
            code = leaving.code
        except BaseException:
            code = traceback.print_exc()
    print(json.dumps([code, out.getvalue(), err.getvalue()]))
"""
"""Many short commands in one process, because each process loads torch anew."""


@dataclass(frozen=True)
class Outcome:
    """How a command ended."""

    code: int | None
    out: str
    err: str
    folder: Path = Path()
    changed: frozenset[str] = frozenset()
    """Files of its folder that are new, gone or different afterwards."""


@dataclass(frozen=True)
class Batch:
    """How many commands in one folder ended, and which files of the folder they changed."""

    outcomes: Mapping[str, Outcome]
    changed: frozenset[str]


def _environment(home: Path, **extra: str) -> dict[str, str]:
    """A machine without a display, on which nothing is set that would change what is printed."""
    unwanted = ("DISPLAY", "WAYLAND_DISPLAY", "QT_", "PYTHON", "COLUMNS", "LINES", "FORCE_COLOR")
    kept = {key: value for key, value in os.environ.items() if not key.startswith(unwanted)}
    return {**kept, "HOME": str(home), "PYTHONIOENCODING": "utf-8", "TERM": "xterm", **extra}


def _command(*words: object) -> list[str]:
    return [sys.executable, str(ROOT / "main.py"), *(str(word) for word in words)]


def _start(
    folder: Path, command: list[str], source: int, sink: int, **extra: str
) -> subprocess.Popen[bytes]:
    environment = _environment(folder, **extra)
    return subprocess.Popen(
        command, cwd=folder, env=environment, stdin=source, stdout=sink, stderr=sink
    )


def _ended(process: subprocess.Popen[bytes], given: bytes | None = None) -> Outcome:
    try:
        out, err = process.communicate(given, timeout=PATIENCE)
    finally:
        process.kill()
    return Outcome(process.returncode, out.decode(), err.decode())


def run_command(folder: Path, *words: object) -> Outcome:
    before = listing(folder)
    outcome = _ended(_start(folder, _command(*words), subprocess.DEVNULL, subprocess.PIPE))
    return replace(outcome, folder=folder, changed=changes(before, folder))


def run_commands(folder: Path, commands: list[list[str]]) -> list[Outcome]:
    batch = [sys.executable, "-c", BATCH, str(ROOT)]
    process = _start(folder, batch, subprocess.PIPE, subprocess.PIPE)
    done = _ended(process, json.dumps(commands).encode())
    assert (done.code, done.err) == (0, "")
    return [Outcome(*json.loads(line)) for line in done.out.splitlines()]


@contextlib.contextmanager
def after_first_line(folder: Path, *words: object) -> Iterator[subprocess.Popen[bytes]]:
    """A command that has printed its first line and goes on; ended at the latest when the block is left."""
    process = _start(folder, _command(*words), subprocess.DEVNULL, subprocess.PIPE)
    try:
        assert process.stdout is not None
        assert process.stdout.readline().startswith(b"epoch 1 ")
        yield process
    finally:
        process.kill()
        process.communicate(timeout=PATIENCE)


def on_terminal(folder: Path, *words: object, **extra: str) -> Outcome:
    """Run on a terminal of 100 columns; `out` is all that it was sent."""
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, (40, 100))
    process = _start(folder, _command(*words), theirs, theirs, **extra)
    os.close(theirs)
    text = b"".join(_pieces(ours))
    os.close(ours)
    return Outcome(process.wait(PATIENCE), text.decode(), "")


def _pieces(terminal: int) -> Iterator[bytes]:
    with contextlib.suppress(OSError):  # Linux says so when the other end is closed
        while piece := os.read(terminal, 65_536):
            yield piece


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else "not a file"


def listing(folder: Path) -> set[tuple[str, str]]:
    return {(str(path.relative_to(folder)), _digest(path)) for path in folder.rglob("*")}


def changes(before: set[tuple[str, str]], folder: Path) -> frozenset[str]:
    return frozenset(name for name, _ in before ^ listing(folder))


def _refuse(constant: str) -> NoReturn:
    raise AssertionError(f"{constant} is not JSON")


def epochs_of(text: str) -> list[dict[str, Any]]:
    return [json.loads(line, parse_constant=_refuse) for line in text.splitlines()]


def write_files(folder: Path, files: Mapping[str, bytes]) -> Path:
    for name, content in files.items():
        (folder / name).write_bytes(content)
    return folder


def printed(outcome: Outcome) -> list[dict[str, Any]]:
    """The epochs of a command that trained and had nothing to complain of."""
    assert (outcome.code, outcome.err) == (0, "")
    return epochs_of(outcome.out)


def sentences_of(outcome: Outcome) -> list[str]:
    """What a refused command said; fails unless it is sentences, and nothing but sentences."""
    lines = outcome.err.splitlines()
    assert outcome.code == 2
    assert "Traceback" not in outcome.err
    assert lines
    assert all(len(line.split()) >= 4 for line in lines)
    return lines
