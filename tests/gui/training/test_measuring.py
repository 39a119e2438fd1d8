"""Measuring networks at their initialisation: the newest wish counts, at most one is on its way."""

from collections.abc import Callable

import pytest
from pytestqt.qtbot import QtBot

from engine.training import Measure, Measured
from gui.training import Session, State
from gui.training.measuring import Measuring

MakeSession = Callable[[str], Session]


@pytest.fixture
def sent() -> list[Measure]:
    """What was sent to the worker."""
    return []


@pytest.fixture
def measuring(sent: list[Measure]) -> Measuring:
    """Has a worker."""
    made = Measuring(sent.append)
    made.connect()
    return made


def _answer(request: int) -> Measured:
    return Measured(request, (), None)


def test_a_wish_waits_for_the_worker(sent: list[Measure]) -> None:
    measuring = Measuring(sent.append)
    measuring.want(b"a", "")
    measuring.want(b"b", "here")
    assert sent == []
    measuring.connect()
    assert sent == [Measure(2, b"b", "here")]


def test_only_the_latest_wish_follows_the_one_under_way(
    measuring: Measuring, sent: list[Measure]
) -> None:
    for network in (b"a", b"b", b"c"):
        measuring.want(network, "")
    assert [command.network for command in sent] == [b"a"]
    assert measuring.take(_answer(1)) is None
    assert [command.network for command in sent] == [b"a", b"c"]
    assert measuring.take(_answer(3)) == _answer(3)


def test_an_answer_that_nobody_waits_for_is_dropped(
    measuring: Measuring, sent: list[Measure]
) -> None:
    assert measuring.take(_answer(0)) is None
    measuring.want(b"a", "")
    assert measuring.take(_answer(0)) is None
    assert measuring.take(_answer(1)) == _answer(1)
    assert measuring.take(_answer(1)) is None
    assert len(sent) == 1


def test_what_may_have_ended_the_worker_is_not_sent_again(
    measuring: Measuring, sent: list[Measure]
) -> None:
    measuring.want(b"a", "")
    assert measuring.disconnect("It is gone") == Measured(1, (), None, "It is gone")
    measuring.connect()
    assert len(sent) == 1
    measuring.want(b"b", "")
    measuring.want(b"c", "")
    assert measuring.disconnect("It is gone") is None
    measuring.connect()
    assert [command.network for command in sent] == [b"a", b"b", b"c"]


def test_only_the_newest_of_a_burst_is_answered(session_of: MakeSession, qtbot: QtBot) -> None:
    session = session_of("slow")
    answers: list[Measured] = []
    session.measured.connect(answers.append)
    with qtbot.waitSignal(session.worker_ready, timeout=20_000):
        session.warm_up()
    for network in (b"1", b"2", b"3", b"4"):
        session.measure(network, "")
    qtbot.waitUntil(lambda: bool(answers), timeout=10_000)
    qtbot.wait(400)
    (answer,) = answers
    assert (answer.request, answer.layers[0].id) == (4, "linear_1")
    assert answer.table is not None
    assert answer.table.activation_std.tolist() == [4.0]
    assert session.state is State.IDLE


def test_late_answers_are_dropped(session_of: MakeSession, qtbot: QtBot) -> None:
    session = session_of("late")
    answers: list[Measured] = []
    session.measured.connect(answers.append)
    session.measure(b"7", "")
    session.warm_up()
    qtbot.waitUntil(lambda: bool(answers), timeout=20_000)
    qtbot.wait(50)
    assert [answer.request for answer in answers] == [1]


def test_a_worker_that_dies_of_it_answers_in_a_sentence(
    session_of: MakeSession, qtbot: QtBot
) -> None:
    session = session_of("mortal")
    with qtbot.waitSignal(session.worker_ready, timeout=20_000):
        session.warm_up()
    with qtbot.waitSignal(session.measured, timeout=20_000) as measured:
        session.measure(b"1", "")
    assert "SIGKILL" in measured.args[0].sentence
    assert measured.args[0].table is None
    qtbot.waitSignal(session.worker_ready, timeout=20_000).wait()
    assert session.worker is not None
