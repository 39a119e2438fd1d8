"""When a server sends pictures; every message is sent through a frame."""

import itertools
import queue
from typing import Any

import pytest

from engine.training import (
    EpochEnded,
    FrameError,
    Message,
    Progress,
    Resume,
    Rewind,
    RunFinished,
    RunStarted,
    Shutdown,
    Start,
    decode_message,
    frame,
)
from engine.worker.serve import Server
from tests.engine.worker.wire import DOCUMENT

RELUS = (
    ("Linear", {"out_features": 20}),
    ("ReLU", {}),
    ("Linear", {"out_features": 6}),
    ("ReLU", {}),
)
TWO = ("Linear", {"out_features": 2})
MOONS = {"kind": "moons", "params": {"samples": 80}}


def _served(*commands: Any) -> list[Message]:
    """What a server without a process answers, each message sent through a frame."""
    waiting: queue.SimpleQueue[Any] = queue.SimpleQueue()
    answers: list[Message] = []

    def send(message: Message) -> None:
        answers.append(decode_message(frame(message)[4:]))
        if isinstance(message, RunFinished) and message.outcome == "completed":
            waiting.put(Shutdown())

    for command in commands:
        waiting.put(command)
    Server(waiting, send).serve()
    return answers


def test_a_run_sends_its_first_and_its_last_picture_over_the_wire(document: DOCUMENT) -> None:
    network = document(*RELUS, TWO, data=MOONS, batch_size=16, epochs=5)
    answers = _served(Start(1, network, ""))
    (started,) = (answer for answer in answers if isinstance(answer, RunStarted))
    assert started.backdrop is not None
    started.backdrop.check()
    epochs = [answer.stats for answer in answers if isinstance(answer, EpochEnded)]
    assert len(epochs) == 6
    for stats in (epochs[0], epochs[-1]):
        assert stats.picture is not None
        assert stats.picture.place == (stats.epoch, 0)
        assert stats.picture.fits(started.backdrop)
        assert stats.seconds > stats.picture.seconds > 0


def test_a_rewound_run_begins_with_a_picture(document: DOCUMENT) -> None:
    network = document(*RELUS, TWO, data=MOONS, batch_size=16, epochs=2)
    answers = _served(Start(1, network, "", "hold"), Rewind(1, 2), Shutdown())
    begun = [a for a in answers if isinstance(a, EpochEnded)]
    assert [a.run_id for a in begun] == [1, 2]
    assert all(a.stats.picture is not None for a in begun)
    assert all(a.picture is None for a in answers if isinstance(a, Progress)), "known already"


def test_stepping_by_epoch_always_brings_a_picture(document: DOCUMENT) -> None:
    network = document(*RELUS, TWO, data=MOONS, batch_size=16, epochs=4)
    waiting: queue.SimpleQueue[Any] = queue.SimpleQueue()
    epochs: list[EpochEnded] = []

    def send(message: Message) -> None:
        if isinstance(message, EpochEnded):
            epochs.append(message)
        if isinstance(message, Progress) and message.paused:
            waiting.put(Resume(1, "epoch"))
        if isinstance(message, RunFinished):
            waiting.put(Shutdown())

    waiting.put(Start(1, network, "", "hold"))
    Server(waiting, send).serve()
    assert [e.stats.picture is not None for e in epochs] == [True] * 5


def test_stepping_by_batch_brings_a_picture_of_each_batch(document: DOCUMENT) -> None:
    network = document(*RELUS, TWO, data=MOONS, batch_size=16, epochs=2)
    waiting: queue.SimpleQueue[Any] = queue.SimpleQueue()
    places: list[tuple[int, int]] = []

    def send(message: Message) -> None:
        if isinstance(message, EpochEnded) and message.stats.picture is not None:
            places.append(message.stats.picture.place)
        if isinstance(message, Progress):
            if message.picture is not None:
                places.append(message.picture.place)
            if message.paused:
                waiting.put(Resume(1, "batch"))
        if isinstance(message, RunFinished):
            waiting.put(Shutdown())

    waiting.put(Start(1, network, "", "hold"))
    Server(waiting, send).serve()
    assert places == [*itertools.product((0, 1), range(4)), (2, 0)]


def test_a_picture_that_does_not_fit_is_no_message(document: DOCUMENT) -> None:
    answers = _served(Start(1, document(TWO, data=MOONS, batch_size=16, epochs=1), ""))
    broken = next(a for a in answers if isinstance(a, EpochEnded))
    assert broken.stats.picture is not None
    surface = broken.stats.picture.surface
    assert surface is not None
    object.__setattr__(surface, "scores", surface.scores[:-1])
    with pytest.raises(FrameError, match=r"surface\.scores"):
        decode_message(frame(broken)[4:])
