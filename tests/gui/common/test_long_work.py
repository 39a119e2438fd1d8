"""Long work: its pieces in order, between the window's events; giving up and going wrong tidy up."""

from collections.abc import Callable, Generator

import pytest
from PySide6.QtWidgets import QProgressDialog, QWidget
from pytestqt.qtbot import QtBot

from gui.common.long_work import LongWork, WorkError


@pytest.fixture
def work(qtbot: QtBot) -> LongWork:
    """A work place in a shown window."""
    window = QWidget()
    qtbot.addWidget(window)
    window.show()
    place = LongWork(window)
    place.setProperty("keeps", window)
    return place


def _counting(log: list[object], end: Callable[[], None] | None = None) -> Generator[int | None]:
    try:
        for done in range(5):
            log.append(done)
            yield done if done % 2 else None
        if end is not None:
            end()
    finally:
        log.append("tidied up")


def test_pieces_are_done_in_order_and_tidied_up(work: LongWork, qtbot: QtBot) -> None:
    log: list[object] = []
    work.begin("Counting", 5, _counting(log), log.append)
    assert log == []
    assert work.busy
    qtbot.waitUntil(lambda: not work.busy)
    assert log == [0, 1, 2, 3, 4, "tidied up"]
    qtbot.wait(10)
    assert not work.parent().findChildren(QProgressDialog)


def test_giving_up_tidies_up_and_says_nothing(work: LongWork, qtbot: QtBot) -> None:
    log: list[object] = []
    work.begin("Counting", 5, _counting(log), log.append)
    qtbot.waitUntil(lambda: len(log) >= 2)
    work.cancel()
    work.cancel()
    assert log[-1] == "tidied up"
    assert log.count("tidied up") == 1
    assert not work.busy
    seen = list(log)
    qtbot.wait(50)
    assert log == seen


@pytest.mark.parametrize("error", [WorkError("The disk is full"), ValueError("The disk is full")])
def test_an_error_is_told_after_tidying_up(work: LongWork, qtbot: QtBot, error: Exception) -> None:
    log: list[object] = []

    def fail() -> None:
        raise error

    work.begin("Counting", 5, _counting(log, fail), log.append)
    qtbot.waitUntil(lambda: not work.busy)
    assert log[-2:] == ["tidied up", "The disk is full"]


def test_new_work_takes_the_place_of_the_old(work: LongWork, qtbot: QtBot) -> None:
    first: list[object] = []
    second: list[object] = []
    work.begin("First", 5, _counting(first), first.append)
    qtbot.waitUntil(lambda: bool(first))
    work.begin("Second", 5, _counting(second), second.append)
    qtbot.waitUntil(lambda: not work.busy)
    assert first[-1] == "tidied up"
    assert 4 not in first
    assert second == [0, 1, 2, 3, 4, "tidied up"]
