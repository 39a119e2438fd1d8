"""Two processes that can die: the worker in mid-epoch, and the window itself."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from pytestqt.qtbot import QtBot

from gui.app import Lab
from gui.training import State

SESSION = """
import sys
from pathlib import Path
from gui import app
from gui.application import make_application

application = make_application()
usual = app.Folders.of_person()
lab = app.Lab(application, app.Folders(Path(sys.argv[1]), Path(sys.argv[1]), usual.examples), app.worker_program())
lab.show(run_at_once=lab.open_first(None))

def told():
    print(lab.client.process_id, len(lab.session.history.epochs), "torch" in sys.modules, flush=True)

def ended(finished):
    print(finished.outcome, "torch" in sys.modules, flush=True)
    lab.window.close()

lab.session.epoch_ended.connect(told)
lab.session.finished.connect(ended)
application.exec()
"""


def start_window(root: Path, folder: Path) -> subprocess.Popen[str]:
    """The lab in a process of its own; it trains the ready example and prints a line an epoch."""
    command = [sys.executable, "-c", SESSION, str(folder)]
    return subprocess.Popen(command, cwd=root, stdout=subprocess.PIPE, text=True)


def is_alive(process_id: int) -> bool:
    """Whether there is such a process, and it is no zombie."""
    try:
        return ") Z " not in Path(f"/proc/{process_id}/stat").read_text()
    except FileNotFoundError:
        return False


def test_the_window_trains_a_whole_session_without_torch(root: Path, tmp_path: Path) -> None:
    with start_window(root, tmp_path) as window:
        lines = window.communicate(timeout=90)[0].splitlines()
    assert len(lines) == 32  # epoch 0 to 30, and the end
    assert lines[-1] == "completed False"
    assert all(line.endswith(" False") for line in lines)
    assert window.returncode == 0


def test_a_killed_window_leaves_no_worker_behind(root: Path, tmp_path: Path) -> None:
    with start_window(root, tmp_path) as window:
        assert window.stdout is not None
        worker = int(window.stdout.readline().split()[0])
        assert is_alive(worker)
        window.kill()
        window.wait(10)
    deadline = time.monotonic() + 10
    while is_alive(worker) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not is_alive(worker)


def test_a_worker_killed_in_mid_epoch_is_reported_and_replaced(
    lab: Lab, example: Path, qtbot: QtBot
) -> None:
    lab.document.open(example, as_copy=True)
    lab.control.advance("run")
    qtbot.waitUntil(lambda: lab.session.history is not None, timeout=20_000)
    qtbot.waitUntil(lambda: len(lab.session.history.epochs) > 2, timeout=20_000)
    with qtbot.waitSignal(lab.session.failed, timeout=10_000) as failed:
        os.kill(lab.client.process_id, signal.SIGKILL)
    assert "training process was ended by SIGKILL" in failed.args[0]
    assert failed.args[0] in lab.notice.sentence
    recorded = len(lab.session.history.epochs)
    assert recorded > 2
    assert lab.actions["run"].isEnabled()
    run_again(lab, qtbot)


def run_again(lab: Lab, qtbot: QtBot) -> None:
    """The fresh worker takes the next run to its end."""
    with qtbot.waitSignal(lab.session.finished, timeout=60_000) as finished:
        lab.control.advance("run")
    assert finished.args[0].outcome == "completed"
    assert len(lab.session.history.epochs) == 31
    assert lab.session.state is State.IDLE
