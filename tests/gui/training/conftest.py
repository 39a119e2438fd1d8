"""Sessions whose training process only plays a scenario."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from gui.training import Session, WorkerClient


@pytest.fixture
def session_of(qtbot: QtBot) -> Iterator[Callable[[str], Session]]:
    """Makes a session whose worker plays a scenario of `fake_worker.py`; closes it in the end."""
    made: list[Session] = []

    def make(scenario: str) -> Session:
        program = [sys.executable, str(Path(__file__).with_name("fake_worker.py")), scenario]
        session = Session(WorkerClient(program))
        made.append(session)
        return session

    yield make
    for session in made:
        session.close()
