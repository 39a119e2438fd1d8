"""The whole lab in this process, with a real worker, and a person who has only a mouse and a keyboard."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, QProcess, QRect, QTimer
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from gui.app import Folders, Lab, worker_program

_STEPS = 6
"""Stops of the pointer on its way: a drag begins only after the pointer has moved."""


class Person:
    """Acts on the screen through xdotool, while the window's event loop goes on."""

    def __init__(self, qtbot: QtBot, program: str) -> None:
        self._qtbot = qtbot
        self._program = program

    def act(self, *words: str) -> None:
        """Run a chain of xdotool commands to its end."""
        process = QProcess()
        process.start(self._program, list(words))
        self._qtbot.waitUntil(
            lambda: process.state() == QProcess.ProcessState.NotRunning, timeout=20_000
        )
        assert process.exitCode() == 0, bytes(process.readAllStandardError().data()).decode()
        self._qtbot.wait(50)

    def click(self, place: QPoint) -> None:
        """Press and release the left button."""
        self.act(*_move(place), "sleep", "0.05", "click", "1")

    def drag(self, start: QPoint, end: QPoint) -> None:
        """Press at one place, release at another."""
        words = [*_move(start), "sleep", "0.05", "mousedown", "1"]
        for step in range(1, _STEPS + 1):
            words += [*_move(start + (end - start) * (step / _STEPS)), "sleep", "0.03"]
        self.act(*words, "sleep", "0.05", "mouseup", "1", "sleep", "0.05")

    def press(self, *keys: str) -> None:
        """Press keys one after the other."""
        self.act("key", "--delay", "20", *keys)

    def write(self, text: str) -> None:
        """Replace the text of the field that has the keyboard."""
        self.act("key", "ctrl+a", "type", "--delay", "20", text)

    def answer_file_dialogue(self, window: QWidget, shortcut: str, path: Path) -> None:
        """Open a file dialogue with a shortcut, type a path, and confirm."""
        typing, waiting = QProcess(), QTimer()
        words = ["key", "ctrl+a", "type", "--delay", "5", "--args", "1", str(path), "key", "Return"]

        def answer() -> None:
            dialogue = QApplication.activeModalWidget()
            if dialogue is None or not dialogue.isVisible():
                return
            if dialogue.isActiveWindow():
                waiting.stop()
                QTimer.singleShot(300, lambda: typing.start(self._program, words))
            else:  # there is no window manager here that would hand on the keyboard
                dialogue.activateWindow()

        waiting.timeout.connect(answer)
        window.activateWindow()
        self._qtbot.wait(100)
        waiting.start(100)
        self.act("key", shortcut)
        self._qtbot.waitUntil(lambda: typing.state() == QProcess.ProcessState.NotRunning)


def _move(place: QPoint) -> tuple[str, ...]:
    return "mousemove", str(place.x()), str(place.y())


@pytest.fixture
def person(qtbot: QtBot, xvfb: object) -> Person:
    """Somebody with a mouse and a keyboard, on a virtual screen."""
    program = shutil.which("xdotool")
    if program is None or xvfb is None:  # the real screen's pointer is not ours to move
        pytest.skip("needs a virtual screen: install xvfb and xdotool")
    return Person(qtbot, program)


@pytest.fixture
def folders(tmp_path: Path, root: Path) -> Folders:
    """Folders of the lab's own that nobody has used yet."""
    return Folders(tmp_path / "config", tmp_path / "state", root / "resources" / "examples")


@pytest.fixture
def lab(qapp: QApplication, qtbot: QtBot, folders: Folders) -> Iterator[Lab]:
    """The lab with an empty network, its window shown and its worker ready."""
    lab = Lab(qapp, folders, worker_program())
    lab.document.new()
    with qtbot.waitSignal(lab.session.worker_ready, timeout=60_000):
        lab.show(run_at_once=False)
    yield lab
    lab.document.undo_stack.setClean()
    lab.window.close()
    lab.window.deleteLater()
    lab.deleteLater()
    qtbot.wait(10)


def middle_of(widget: QWidget, room: QRect | None = None) -> QPoint:
    """The middle of a widget, or of a part of it, on the screen."""
    return widget.mapToGlobal((room or widget.rect()).center())


def keep_picture(name: str) -> None:
    """Keep a picture of the screen, to be looked at."""
    folder = Path(__file__).parents[2] / ".screenshots"
    folder.mkdir(exist_ok=True)
    assert QGuiApplication.primaryScreen().grabWindow(0).save(str(folder / f"{name}.png"))
