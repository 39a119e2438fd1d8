"""The frame clock: nobody is drawn twice in a frame, nobody waits for ever, and a slow picture costs others a frame."""

import time
from collections import Counter

from pytestqt.qtbot import QtBot

from gui.common.frames import BUDGET_MS, FRAME_MS, FrameClock


def _busy(milliseconds: float) -> None:
    end = time.perf_counter() + milliseconds / 1e3
    while time.perf_counter() < end:
        pass


def test_what_asks_twice_is_drawn_once(qtbot: QtBot) -> None:
    clock, drawn = FrameClock(), Counter[str]()
    for _ in range(5):
        clock.ask("a", lambda: drawn.update("a"))
    qtbot.waitUntil(lambda: drawn["a"] > 0)
    qtbot.wait(int(3 * FRAME_MS))
    assert drawn == {"a": 1}


def test_frames_keep_their_distance(qtbot: QtBot) -> None:
    clock, times = FrameClock(), []

    def draw() -> None:
        times.append(time.perf_counter())
        if len(times) < 6:
            clock.ask("a", draw)

    clock.ask("a", draw)
    qtbot.waitUntil(lambda: len(times) == 6)
    assert times[-1] - times[0] >= 5 * (FRAME_MS - 2) / 1e3


def test_slow_pictures_share_the_frames_and_all_have_their_turn(qtbot: QtBot) -> None:
    clock, drawn = FrameClock(), Counter[int]()
    frames: list[list[int]] = []
    original = clock._frame

    def frame() -> None:
        frames.append([])
        original()

    clock._timer.timeout.disconnect()
    clock._timer.timeout.connect(frame)

    def draw(who: int) -> None:
        _busy(0.7 * BUDGET_MS)
        drawn[who] += 1
        frames[-1].append(who)
        if drawn[who] < 5:
            clock.ask(who, lambda: draw(who))

    for who in range(3):
        clock.ask(who, lambda who=who: draw(who))
    qtbot.waitUntil(lambda: drawn == {0: 5, 1: 5, 2: 5})
    assert [who for frame in frames for who in frame] == [0, 1, 2] * 5
    # in the first two frames nothing is known yet of what some of them take
    assert all(len(frame) == 1 for frame in frames[2:] if frame)


def test_who_is_forgotten_is_not_drawn(qtbot: QtBot) -> None:
    clock, drawn = FrameClock(), Counter[str]()
    clock.ask("a", lambda: clock.forget("b"))
    clock.ask("b", lambda: drawn.update("b"))
    qtbot.wait(int(4 * FRAME_MS))
    assert not drawn
