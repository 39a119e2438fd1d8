"""Garbage is collected by the window's thread, whoever makes it."""

import gc
import threading
import weakref
from collections.abc import Iterator

import pytest
from pytestqt.qtbot import QtBot

from gui.common.cleaning import Cleaning


class _Knot:
    """Something that only the collector can find: it holds itself."""

    def __init__(self, found_by: list[int]) -> None:
        self.itself = self
        weakref.finalize(self, lambda: found_by.append(threading.get_ident()))


@pytest.fixture
def cleaning(qtbot: QtBot) -> Iterator[Cleaning]:
    cleaning = Cleaning()
    cleaning.begin()
    yield cleaning
    cleaning.close()


def _fill(found_by: list[int]) -> None:
    """Far more knots than Python would bear before it collects."""
    for _ in range(10 * gc.get_threshold()[0]):
        _Knot(found_by)


def test_what_another_thread_leaves_behind_is_found_by_the_windows(
    cleaning: Cleaning, qtbot: QtBot
) -> None:
    found_by: list[int] = []
    worker = threading.Thread(target=_fill, args=[found_by])
    worker.start()
    worker.join()
    assert found_by == []
    qtbot.waitUntil(lambda: len(found_by) > 0)
    assert set(found_by) == {threading.get_ident()}


def test_closed_it_leaves_collecting_to_python(cleaning: Cleaning) -> None:
    cleaning.begin()  # a second time changes nothing
    assert not gc.isenabled()
    cleaning.close()
    cleaning.close()
    assert gc.isenabled()
    found_by: list[int] = []
    _fill(found_by)
    assert found_by
