"""The playhead: one shown epoch and one to compare with, over a session's history."""

from typing import Any, cast

from pytestqt.qtbot import QtBot

from engine.training import RunHistory
from gui.training import Playhead, Session
from tests.gui.fake_session import FakeSession


class _History:
    def __init__(self, epochs: int) -> None:
        self.epochs = list(range(epochs))


def _begun(epochs: int) -> tuple[FakeSession, Playhead]:
    session = FakeSession()
    session.history = cast(RunHistory, _History(epochs))
    return session, Playhead(cast(Session, session), session)


def test_follows_the_newest_until_told_otherwise(qtbot: QtBot) -> None:
    session, playhead = _begun(5)
    assert (playhead.epoch, playhead.shown, playhead.last) == (None, 4, 4)
    cast(Any, session.history).epochs.append(5)
    with qtbot.waitSignal(playhead.grown):
        session.epoch_ended.emit()
    assert playhead.shown == 5
    with qtbot.waitSignal(playhead.moved):
        playhead.go(2)
    cast(Any, session.history).epochs.append(6)
    assert playhead.shown == 2
    with qtbot.assertNotEmitted(playhead.moved):
        playhead.go(2)


def test_steps_end_at_the_first_epoch_and_past_the_newest_follow() -> None:
    _, playhead = _begun(4)
    playhead.step(-1)
    assert playhead.epoch == 2
    playhead.step(-10)
    assert playhead.epoch == 0
    playhead.step(10)
    assert playhead.epoch is None


def test_another_run_is_followed_and_compared_with_nothing(qtbot: QtBot) -> None:
    session, playhead = _begun(4)
    playhead.go(1)
    playhead.pin(0)
    with qtbot.waitSignals([playhead.replaced, playhead.moved, playhead.pin_changed]):
        session.run_started.emit()
    assert (playhead.epoch, playhead.pinned) == (None, None)


def test_without_a_run_there_is_nothing_to_show() -> None:
    playhead = Playhead(cast(Session, FakeSession()))
    playhead.go(3)
    assert (playhead.last, playhead.shown, playhead.view, playhead.pinned_view) == (
        -1,
        -1,
        None,
        None,
    )
