"""The session's state machine against a real process that behaves, misbehaves and dies."""

import os
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from engine.training import archive
from gui.training import Session, State, WorkerClient
from gui.training.status import RunStatus

MakeSession = Callable[[str], Session]


def test_a_run_from_start_to_end(session_of: MakeSession, qtbot: QtBot) -> None:
    session = session_of("train")
    status = RunStatus(session)
    qtbot.addWidget(status)
    states: list[State] = []
    session.state_changed.connect(lambda: states.append(session.state))
    with qtbot.waitSignal(session.finished, timeout=20_000) as finished:
        session.start(b"{}", "", "run")
        assert status.text == "Starting the training process …"
    assert finished.args[0].outcome == "completed"
    assert states == [State.BUILDING, State.RUNNING, State.IDLE]
    assert session.history is not None
    assert [stats.epoch for stats in session.history.epochs] == [0, 1, 2]
    assert session.history.started.epochs == 2
    assert "Finished" in status.text
    assert "validation accuracy 40.0%" in status.text


def test_pause_is_what_the_worker_says(session_of: MakeSession, qtbot: QtBot) -> None:
    session = session_of("pause")
    session.start(b"{}", "", "batch")
    qtbot.waitUntil(lambda: session.state is State.PAUSED, timeout=20_000)
    assert session.history is not None
    assert session.history.steps("gradient_norm").tolist() == [2.0]
    with qtbot.waitSignal(session.finished):
        session.stop()
        assert session.state is State.STOPPING
    assert session.state is State.IDLE


def test_a_full_disk_is_told_once_and_loses_no_epoch(
    session_of: MakeSession, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(archive, "_NEWEST_BYTES", 0)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "missing"))
    monkeypatch.setenv("TMPDIR", "named")
    session = session_of("long")
    told: list[str] = []
    session.worried.connect(told.append)
    with qtbot.waitSignal(session.finished, timeout=20_000):
        session.start(b"{}", "", "run")
    assert len(told) == 1
    assert (
        f"in {tmp_path / 'missing'} (No such file or directory), so they stay in memory" in told[0]
    )
    assert session.history is not None
    assert [stats.epoch for stats in session.history.epochs] == list(range(12))


def test_a_run_gives_its_file_back_when_another_begins_and_at_the_end(
    session_of: MakeSession, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archive, "_NEWEST_BYTES", 0)
    session = session_of("long")
    histories = []
    for _ in range(2):
        with qtbot.waitSignal(session.finished, timeout=20_000):
            session.start(b"{}", "", "run")
        assert session.history is not None
        assert session.history.epochs[1].epoch == 1
        histories.append(session.history)
    with pytest.raises(ValueError, match="closed"):
        histories[0].epochs[2]
    assert histories[1].epochs[2].epoch == 2
    session.close()
    with pytest.raises(ValueError, match="closed"):
        histories[1].epochs[3]


def test_a_failed_run_names_the_layer(session_of: MakeSession, qtbot: QtBot) -> None:
    session = session_of("fail")
    with qtbot.waitSignal(session.failed, timeout=20_000) as failed:
        session.start(b"{}", "", "run")
    assert failed.args == ["Linear 1 does not fit", "linear_1", "Traceback: here"]
    assert session.state is State.IDLE


def test_a_killed_worker_is_replaced(session_of: MakeSession, qtbot: QtBot) -> None:
    session = session_of("die")
    with qtbot.waitSignal(session.failed, timeout=20_000) as failed:
        session.start(b"{}", "", "run")
    assert "SIGKILL" in failed.args[0]
    assert "press Run" in failed.args[0]
    assert session.state is State.IDLE
    assert session.history is not None
    assert len(session.history.epochs) == 1
    qtbot.waitSignal(session.worker_ready, timeout=20_000).wait()


def test_garbage_ends_the_worker_not_the_window(session_of: MakeSession, qtbot: QtBot) -> None:
    session = session_of("garbage")
    with qtbot.waitSignal(session.failed, timeout=20_000) as failed:
        session.start(b"{}", "", "run")
    assert "a frame could not be read" in failed.args[2]


@pytest.mark.parametrize("scenario", ["deaf", "muttering"])
def test_a_deaf_worker_is_killed_after_a_second(
    session_of: MakeSession, qtbot: QtBot, scenario: str
) -> None:
    session = session_of(scenario)
    session.start(b"{}", "", "run")
    qtbot.waitUntil(lambda: session.state is State.RUNNING, timeout=20_000)
    assert session.worker is not None
    deaf = session.worker.process_id
    with qtbot.waitSignal(session.finished, timeout=20_000) as finished:
        session.stop()
    assert finished.args[0].outcome == "stopped"
    qtbot.waitUntil(
        lambda: session.worker is not None and session.worker.process_id != deaf, timeout=20_000
    )
    with pytest.raises(ProcessLookupError):
        os.kill(deaf, 0)


def test_a_worker_that_stops_in_time_is_not_killed_later(
    session_of: MakeSession, qtbot: QtBot
) -> None:
    session = session_of("pause")
    session.start(b"{}", "", "run")
    qtbot.waitUntil(lambda: session.state is State.PAUSED, timeout=20_000)
    with qtbot.waitSignal(session.finished, timeout=20_000) as finished:
        session.stop()
    assert finished.args[0].outcome == "stopped"
    with qtbot.assertNotEmitted(session.failed, wait=1_500):
        assert session.worker is not None
        os.kill(session.worker.process_id, 0)


def test_messages_of_another_run_are_dropped(session_of: MakeSession, qtbot: QtBot) -> None:
    session = session_of("stale")
    with qtbot.waitSignal(session.finished, timeout=20_000):
        session.start(b"{}", "", "run")
    assert session.history is not None
    assert [stats.epoch for stats in session.history.epochs] == [0, 1]


def test_a_worker_that_cannot_live_is_given_up(session_of: MakeSession, qtbot: QtBot) -> None:
    session = session_of("stillborn")
    with qtbot.waitSignal(session.failed, timeout=30_000) as failed:
        session.start(b"{}", "", "run")
    assert "ended with code 3 before it was ready, 3 times" in failed.args[0]
    assert "no torch here" in failed.args[2]
    assert session.state is State.IDLE


def test_stop_while_the_worker_is_starting(session_of: MakeSession, qtbot: QtBot) -> None:
    session = session_of("train")
    session.start(b"{}", "", "run")
    session.stop()
    assert session.state is State.IDLE
    qtbot.waitSignal(session.worker_ready, timeout=20_000).wait()
    qtbot.wait(50)
    assert session.history is None


def test_a_program_that_is_not_there(qtbot: QtBot) -> None:
    session = Session(WorkerClient(["/nowhere/at/all"]))
    with qtbot.waitSignal(session.failed, timeout=10_000) as failed:
        session.start(b"{}", "", "run")
    assert "could not be started" in failed.args[0]
    session.close()
