"""Taking a run along: the report of real panes, and films by real and by broken encoders."""

import base64
import os
import re
import stat
import struct
import sys
import zlib
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import cast
from xml.etree import ElementTree

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import QTimer
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QProgressDialog, QPushButton, QWidget
from pytestqt.qtbot import QtBot

from engine.graph import AddNodes
from engine.training import RunHistory
from gui.common.theme import DARK, LIGHT, ThemeSource
from gui.document import Document
from gui.panes import PANES
from gui.panes import animation as animation_module
from gui.panes.animation import FRAMES, find_encoder, thinned_epochs
from gui.panes.exports import WHOLE_WINDOW, Exports, export_actions
from gui.panes.pane import Pane
from gui.training import Playhead, RunControl, Session
from tests.gui.fake_session import FakeSession

STAND_IN = """#!{python}
import sys
content = sys.stdin.buffer.read()
open(sys.argv[-1], "wb").write(content)
open({log!r}, "w").write("\\n".join(sys.argv[1:]))
"""
BROKEN = """#!{python}
import sys
sys.stdin.buffer.read(10)
sys.stderr.write("Unknown encoder 'libx264'\\n")
sys.exit(3)
"""
ENDLESS = """#!{python}
import sys, time
open(sys.argv[-1], "wb").write(b"half")
time.sleep(60)
"""


class _Desk:
    """A window of panes over a run, and what takes it along."""

    def __init__(self, exports: Exports, playhead: Playhead, panes: list[Pane]) -> None:
        self.exports, self.playhead, self.panes = exports, playhead, panes
        self.done: list[Path] = []
        self.failed: list[str] = []
        exports.done.connect(lambda _sentence, path: self.done.append(path))
        exports.failed.connect(self.failed.append)


Desk = Callable[..., _Desk]


@pytest.fixture
def desk(
    themes: ThemeSource, qtbot: QtBot, document: Document, chain: Callable[..., AddNodes]
) -> Desk:
    """Builds the window; its panes are shown, or stay hidden and were never drawn."""

    def build(history: RunHistory | None, *, shown: bool = True) -> _Desk:
        assert document.do(chain("Input", "Flatten", "Linear", "Output"))
        window = QWidget()
        qtbot.addWidget(window)
        window.resize(640, 480)
        session = FakeSession(history)
        session.setParent(window)
        playhead = Playhead(cast(Session, session), window)
        panes = []
        for spec in PANES:
            pane = spec.factory(themes)
            pane.setParent(window)
            pane.resize(480, 320)
            pane.show_history(history)
            pane.setVisible(shown)
            panes.append(pane)
        playhead.moved.connect(lambda: [pane.set_epoch(playhead.epoch) for pane in panes])
        window.show()
        control = cast(RunControl, SimpleNamespace(trained=document.encoded()))
        return _Desk(
            Exports(window, panes, playhead, control, document, lambda: "lab 1\ntorch 2"),
            playhead,
            panes,
        )

    return build


def _pictures(page: str) -> list[ElementTree.Element]:
    found = re.findall(r'src="data:image/svg\+xml;base64,([^"]+)"', page)
    return [ElementTree.fromstring(base64.b64decode(content)) for content in found]


def _wait(qtbot: QtBot, desk: _Desk, timeout: int = 30_000) -> None:
    qtbot.waitUntil(lambda: not desk.exports.work.busy, timeout=timeout)


@pytest.mark.parametrize("shown", [True, False])
def test_the_report_holds_the_picture_and_the_caption_of_every_pane(
    desk: Desk, history: RunHistory, qtbot: QtBot, tmp_path: Path, shown: bool
) -> None:
    found = desk(history, shown=shown)
    found.exports.report(tmp_path / "run.html")
    _wait(qtbot, found)
    assert (found.failed, found.done) == ([], [tmp_path / "run.html"])
    page = (tmp_path / "run.html").read_text("utf-8")
    pictures = _pictures(page)
    titles = re.findall(r"<h3>(.*?)</h3>", page)
    assert {"Activations", "Gradient flow", "Loss"} <= set(titles)
    assert not {"Decision surface", "Through time"} & set(titles)  # this run has none
    captions = re.findall(r"<figcaption>(.+?)</figcaption>", page)
    assert len(pictures) == len(titles) == len(captions)
    for picture in pictures:
        shapes = [e for e in picture.iter() if e.tag.endswith(("path", "polyline", "image"))]
        assert len(shapes) >= 3
        assert float(str(picture.get("viewBox")).split()[2]) >= 300
    assert "Linear 1" in page
    assert "torch 2" in page


def test_the_report_tells_of_the_shown_epoch_and_leaves_everything_as_it_was(
    desk: Desk, history: RunHistory, qtbot: QtBot, tmp_path: Path
) -> None:
    found = desk(history)
    found.playhead.go(1)
    qtbot.wait(50)
    before = [pane.caption.text() for pane in found.panes]
    found.exports.report(tmp_path / "run.html")
    _wait(qtbot, found)
    page = (tmp_path / "run.html").read_text("utf-8")
    assert "What it looked like at epoch 1" in page
    assert before[0].startswith("Epoch 1:")
    assert before[0].replace("<", "&lt;") in page
    qtbot.wait(50)
    assert [pane.caption.text() for pane in found.panes] == before
    assert found.playhead.epoch == 1


def test_the_pictures_of_a_dark_window_are_light_so_that_they_print(
    desk: Desk, history: RunHistory, qtbot: QtBot, tmp_path: Path, themes: ThemeSource
) -> None:
    themes.choose("dark")
    found = desk(history)
    found.exports.report(tmp_path / "run.html")
    _wait(qtbot, found)
    page = (tmp_path / "run.html").read_text("utf-8")
    for picture in _pictures(page):
        text = ElementTree.tostring(picture, "unicode").lower()
        assert LIGHT.surface in text
        assert DARK.surface not in text
    assert found.panes[0].theme is DARK
    seen = found.panes[0].plot.grab().toImage()
    assert seen.pixelColor(2, 2).name() == DARK.surface


def test_a_folder_that_cannot_be_written_is_said_in_a_sentence(
    desk: Desk, history: RunHistory, qtbot: QtBot, tmp_path: Path
) -> None:
    found = desk(history)
    found.exports.report(tmp_path / "absent" / "run.html")
    _wait(qtbot, found)
    assert found.done == []
    assert len(found.failed) == 1
    assert str(tmp_path / "absent" / "run.html") in found.failed[0]
    assert "No such file or directory" in found.failed[0]


def test_without_a_run_there_is_nothing_to_report(desk: Desk, qtbot: QtBot, tmp_path: Path) -> None:
    found = desk(None)
    found.exports.report(tmp_path / "run.html")
    _wait(qtbot, found)
    assert found.failed == ["There is nothing to report yet. Press Run first"]
    assert list(tmp_path.iterdir()) == []


def test_a_report_that_is_given_up_leaves_no_file(
    desk: Desk, history: RunHistory, qtbot: QtBot, tmp_path: Path
) -> None:
    found = desk(history)
    found.exports.report(tmp_path / "run.html")
    qtbot.waitUntil(lambda: found.exports.work.busy)
    found.exports.work.cancel()
    qtbot.wait(50)
    assert list(tmp_path.iterdir()) == []
    assert (found.done, found.failed) == ([], [])


def test_numbers_are_copied_as_the_csv_file_has_them(
    desk: Desk, history: RunHistory, tmp_path: Path
) -> None:
    for pane in desk(history).panes:
        pane.taking.save(tmp_path / f"{pane.name}.csv")
        pane.taking.copy_numbers()
        copied = QGuiApplication.clipboard().text()
        assert copied.replace("\r\n", "\n") == (tmp_path / f"{pane.name}.csv").read_text("utf-8")


def test_without_a_run_there_are_no_numbers_to_copy(desk: Desk, qtbot: QtBot) -> None:
    pane = desk(None).panes[0]
    with qtbot.waitSignal(pane.failed) as failed:
        pane.taking.copy_numbers()
    assert "Press Run first" in str(failed.args)


# Films.


def _stub(tmp_path: Path, text: str, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Put a program called ffmpeg on the path; it notes its arguments in the file that is returned."""
    folder, log = tmp_path / "bin", tmp_path / "arguments"
    folder.mkdir()
    program = folder / "ffmpeg"
    program.write_text(text.format(python=sys.executable, log=str(log)))
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    return log


def _pngs(content: bytes) -> list[tuple[int, int, int]]:
    """Width, height and check sum of the pixels of each PNG in a row of them."""
    found, place = [], 0
    while place < len(content):
        assert content[place : place + 8] == b"\x89PNG\r\n\x1a\n"
        place, kind, body, size = place + 8, b"", b"", (0, 0)
        while kind != b"IEND":
            (length,) = struct.unpack_from(">I", content, place)
            kind, data = content[place + 4 : place + 8], content[place + 8 : place + 8 + length]
            size = struct.unpack(">II", data[:8]) if kind == b"IHDR" else size
            body += data if kind == b"IDAT" else b""
            place += 12 + length
        found.append((*size, zlib.crc32(zlib.decompress(body))))
    return found


@pytest.mark.parametrize("name", [*(spec.name for spec in PANES), WHOLE_WINDOW])
def test_ffmpeg_gets_a_picture_of_every_epoch(
    desk: Desk,
    history: RunHistory,
    qtbot: QtBot,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
) -> None:
    log = _stub(tmp_path, STAND_IN, monkeypatch)
    found = desk(history)
    found.playhead.go(2)
    qtbot.wait(50)
    found.exports.animate(name, tmp_path / "run.mp4")
    _wait(qtbot, found)
    assert (found.failed, found.done) == ([], [tmp_path / "run.mp4"])
    pictures = _pngs((tmp_path / "run.mp4").read_bytes())
    assert len(pictures) == len(history.epochs)
    assert len({size[:2] for size in pictures}) == 1
    assert all(side % 2 == 0 for side in pictures[0][:2])
    if name in ("activations", "gradient-flow"):  # others may look the same at every epoch
        assert len({check for *_, check in pictures}) == len(pictures)
    assert found.playhead.epoch == 2
    arguments = log.read_text().splitlines()
    assert arguments[arguments.index("-pix_fmt") + 1] == "yuv420p"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["arguments", "bin", "run.mp4"]


def test_a_gif_by_ffmpeg_gets_a_palette_of_its_own(
    desk: Desk,
    history: RunHistory,
    qtbot: QtBot,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    log = _stub(tmp_path, STAND_IN, monkeypatch)
    found = desk(history)
    found.exports.animate("loss", tmp_path / "run.gif")
    _wait(qtbot, found)
    assert "palettegen" in log.read_text()
    assert found.done == [tmp_path / "run.gif"]


def test_an_encoder_that_fails_is_told_in_its_own_words(
    desk: Desk,
    history: RunHistory,
    qtbot: QtBot,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    _stub(tmp_path, BROKEN, monkeypatch)
    found = desk(history)
    (tmp_path / "run.mp4").write_bytes(b"an older film")
    found.exports.animate(WHOLE_WINDOW, tmp_path / "run.mp4")
    _wait(qtbot, found)
    assert len(found.failed) == 1
    assert "Unknown encoder 'libx264'" in found.failed[0]
    assert (tmp_path / "run.mp4").read_bytes() == b"an older film"
    assert found.playhead.epoch is None


def test_an_encoder_that_is_gone_is_told_in_a_sentence(
    desk: Desk,
    history: RunHistory,
    qtbot: QtBot,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    _stub(tmp_path, STAND_IN, monkeypatch)
    found = desk(history)
    (tmp_path / "bin" / "ffmpeg").unlink()
    found.exports.animate("loss", tmp_path / "run.mp4")
    _wait(qtbot, found)
    assert "cannot be started" in found.failed[0]


def test_a_film_that_is_given_up_ends_the_encoder_and_leaves_no_file(
    desk: Desk,
    history: RunHistory,
    qtbot: QtBot,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    _stub(tmp_path, ENDLESS, monkeypatch)
    found = desk(history)
    found.playhead.go(1)
    found.exports.animate("loss", tmp_path / "run.mp4")
    qtbot.waitUntil((tmp_path / ".run.part.mp4").exists, timeout=10_000)
    (dialogue,) = found.exports.parent().findChildren(QProgressDialog)
    button = dialogue.findChild(QPushButton)
    assert isinstance(button, QPushButton)
    button.click()
    assert not found.exports.work.busy
    assert [path.name for path in tmp_path.iterdir()] == ["bin"]
    assert found.playhead.epoch == 1
    assert (found.done, found.failed) == ([], [])


def test_the_window_lives_while_a_film_is_made(
    desk: Desk,
    history: RunHistory,
    qtbot: QtBot,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    _stub(tmp_path, STAND_IN, monkeypatch)
    found, ticks, seen, timer = desk(history), [0], [], QTimer()
    timer.timeout.connect(lambda: ticks.append(ticks[-1] + 1))
    found.playhead.moved.connect(lambda: seen.append(ticks[-1]))
    timer.start(0)
    found.exports.animate("gradient-flow", tmp_path / "run.mp4")
    _wait(qtbot, found)
    timer.stop()
    assert len(seen) >= len(history.epochs)
    assert (
        np.diff(seen[: len(history.epochs)]) > 0
    ).all()  # other events came between the pictures


@pytest.mark.parametrize(
    ("programs", "kinds"),
    [({"ffmpeg", "PIL"}, (".mp4", ".gif")), ({"PIL"}, (".gif",)), (set(), None)],
)
def test_the_best_installed_encoder_is_taken(
    monkeypatch: pytest.MonkeyPatch, programs: set[str], kinds: tuple[str, ...] | None
) -> None:
    monkeypatch.setattr(
        animation_module.shutil, "which", lambda name: name if name in programs else None
    )
    monkeypatch.setattr(
        animation_module.importlib.util, "find_spec", lambda name: name in programs or None
    )
    encoder = find_encoder()
    assert (encoder.kinds if encoder else None) == kinds


def test_without_an_encoder_the_action_says_what_to_install(
    desk: Desk, history: RunHistory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gui.panes.exports.find_encoder", lambda: None)
    exports = desk(history).exports
    specs = {spec.id: spec for spec in export_actions(exports, [("loss", "Loss")])}
    for name in ("animate_window", "animate_loss"):
        enabled = specs[name].enabled
        assert enabled is not None
        assert not enabled()
        assert "ffmpeg" in specs[name].tip
        assert "pillow" in specs[name].tip


def test_other_endings_are_refused(desk: Desk, history: RunHistory, tmp_path: Path) -> None:
    found = desk(history)
    found.exports.animate("loss", tmp_path / "run.avi")
    assert ".avi" in found.failed[0]
    assert list(tmp_path.iterdir()) == []


def test_pillow_writes_a_gif_with_a_frame_for_every_epoch(
    desk: Desk,
    history: RunHistory,
    qtbot: QtBot,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(animation_module.shutil, "which", lambda _name: None)
    found = desk(history)
    found.exports.animate("activations", tmp_path / "run.gif")
    _wait(qtbot, found)
    assert (found.failed, found.done) == ([], [tmp_path / "run.gif"])
    with Image.open(tmp_path / "run.gif") as film:
        assert film.n_frames == len(history.epochs)
        assert film.size == (480, 320)
        assert film.info["duration"] == 100


@pytest.mark.parametrize("count", [0, 1, 2, 199, 200, 201, 10_000])
def test_long_runs_are_thinned_evenly(count: int) -> None:
    places = np.array(thinned_epochs(count))
    assert places.size == min(count, FRAMES)
    if count > 1:
        assert (places[0], places[-1]) == (0, count - 1)
        gaps = np.diff(places)
        assert gaps.min() >= 1
        assert gaps.max() - gaps.min() <= 1
