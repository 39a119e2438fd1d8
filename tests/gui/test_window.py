"""The whole window as people without a mouse, without sight or with little of it meet it."""

import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from PySide6.QtCore import QByteArray, QSize, Qt
from PySide6.QtGui import QAccessible, QColor, QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QDockWidget, QLabel, QMenu, QWidget
from pytestqt.qtbot import QtBot

from gui.app import Folders, Lab
from gui.common.comfort import SIZE_ACTIONS, use_size
from gui.common.settings import SIZES, Settings
from gui.common.theme import THEMES, ThemeName
from gui.panes import PANES
from gui.training import State
from tests.gui.keyboard import give_keyboard

MANY_TABS = 400


def _until(condition: Callable[[], bool]) -> None:
    """Let the window live until something holds, for at most half a minute."""
    end = time.monotonic() + 30.0
    while not condition():
        assert time.monotonic() < end
        QTest.qWait(10)


@contextmanager
def _opened(qapp: QApplication, folder: Path, root: Path) -> Iterator[Lab]:
    """The lab with the ready example, after a run of a worker that only plays one."""
    worker = root / "tests" / "gui" / "training" / "fake_worker.py"
    folders = Folders(folder / "config", folder / "state", root / "resources" / "examples")
    lab = Lab(qapp, folders, [sys.executable, str(worker), "train"])
    lab.themes.choose("light")
    lab.open_first(None)
    lab.show(run_at_once=False)
    _until(lambda: lab.session.worker is not None)
    lab.window.activateWindow()
    lab.actions["run"].trigger()
    _until(lambda: lab.session.state is State.IDLE)
    try:
        yield lab
    finally:
        lab.themes.choose("light")
        lab.document.undo_stack.setClean()
        lab.window.close()
        lab.window.deleteLater()
        lab.deleteLater()
        QTest.qWait(10)


@pytest.fixture(scope="module")
def shared(qapp: QApplication, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """A lab for all tests that leave it as it was."""
    root = Path(__file__).parents[2]
    with _opened(qapp, tmp_path_factory.mktemp("lab"), root) as lab:
        yield lab


@pytest.fixture
def lab(shared: Lab) -> Lab:
    """The shared lab, with the keyboard on the canvas and nothing chosen."""
    shared.themes.choose("light")
    shared.document.selection.choose()
    shared.palette.search.clear()
    shared.player.go_newest()
    shared.canvas.setFocus()
    QTest.qWait(20)
    return shared


def _focusable(lab: Lab) -> list[QWidget]:
    """What Tab or a click can reach in the shown window; parts of a compound count as the compound."""
    return [
        widget
        for widget in lab.window.findChildren(QWidget)
        if widget.focusPolicy() != Qt.FocusPolicy.NoFocus
        and widget.isVisibleTo(lab.window)
        and widget.focusProxy() is None
        and not widget.objectName().startswith("qt_")
        and not (isinstance(widget, QLabel) and not widget.text())
    ]


def _heard(widget: QWidget) -> str:
    """The name that a screen reader gets."""
    interface = QAccessible.queryAccessibleInterface(widget)
    return str(interface.text(QAccessible.Text.Name)).strip() if interface else ""


def test_everything_that_takes_the_keyboard_has_a_name_that_can_be_heard(
    lab: Lab, qtbot: QtBot
) -> None:
    nameless = set()
    for page in range(lab.inspector.count()):
        for chosen in ([], ["linear_1"], ["relu_1"]):
            lab.document.selection.choose(chosen)
            lab.inspector.setCurrentIndex(page)
            qtbot.wait(20)
            nameless |= {
                f"{type(widget).__name__} {widget.objectName()} in {type(widget.parent()).__name__}"
                for widget in _focusable(lab)
                if not _heard(widget)
            }
    assert nameless == set()
    assert len(_focusable(lab)) > 30


def test_every_pane_and_the_canvas_describe_what_they_show(lab: Lab) -> None:
    for widget in (lab.canvas, *(pane for pane in lab.panes if pane.isVisible())):
        interface = QAccessible.queryAccessibleInterface(widget)
        assert interface is not None
        assert len(interface.text(QAccessible.Text.Description)) > 10


def test_tab_goes_through_every_part_of_the_window_and_comes_back(lab: Lab, qtbot: QtBot) -> None:
    parts: dict[str, QWidget] = {
        "palette": lab.palette,
        "canvas": lab.canvas,
        "inspector": lab.inspector,
        "epoch bar": lab.epoch_bar,
        "quick settings": lab.quick_settings,
        **{pane.name: pane for pane in lab.panes if pane.isVisible()},
    }
    assert len(parts) >= 8
    lab.canvas.setFocus()
    start, reached, seen = lab.window.focusWidget(), set(), []
    for _ in range(MANY_TABS):
        focus = lab.window.focusWidget()
        assert focus is not None
        seen.append(focus)
        reached |= {n for n, part in parts.items() if part is focus or part.isAncestorOf(focus)}
        qtbot.keyClick(focus, Qt.Key.Key_Tab)
        if lab.window.focusWidget() is start:
            break
    assert lab.window.focusWidget() is start, "Tab is caught somewhere"
    assert reached == set(parts)
    assert {pane for pane in lab.panes if pane.isVisible()} <= set(seen)


def test_backtab_comes_back_too(lab: Lab, qtbot: QtBot) -> None:
    lab.canvas.setFocus()
    start = lab.window.focusWidget()
    for _ in range(MANY_TABS):
        qtbot.keyClick(lab.window.focusWidget(), Qt.Key.Key_Backtab)
        if lab.window.focusWidget() is start:
            return
    pytest.fail("Shift+Tab is caught somewhere")


def _menus(lab: Lab) -> set[str]:
    """The ids of all actions that the menus hold."""
    return {
        action.objectName()
        for menu in lab.window.findChildren(QMenu)
        for action in menu.actions()
        if action.objectName()
    }


def test_every_action_is_in_a_menu(lab: Lab) -> None:
    assert set(lab.actions.actions) - _menus(lab) == set()


def test_no_shortcut_is_given_twice(lab: Lab) -> None:
    keys = [
        action.shortcut().toString()
        for action in lab.actions.actions.values()
        if not action.shortcut().isEmpty()
    ]
    assert sorted(keys) == sorted(set(keys))


def test_no_two_entries_of_a_menu_have_the_same_letter(lab: Lab) -> None:
    doubled = []
    for menu in lab.window.findChildren(QMenu):
        texts = [action.text() for action in menu.actions() if "&" in action.text()]
        letters = [text[text.index("&") + 1].lower() for text in texts]
        doubled += [
            (menu.title(), text)
            for text, letter in zip(texts, letters, strict=True)
            if letters.count(letter) > 1
        ]
    assert doubled == []


def _ringed(picture: QImage, color: str) -> bool:
    """Whether all four borders of a picture have a line of this colour."""
    width, height = picture.width(), picture.height()
    middles = (1, height // 2), (width - 2, height // 2), (width // 2, 1), (width // 2, height - 2)
    return all(QColor(picture.pixel(*middle)).name() == color for middle in middles)


@pytest.mark.parametrize("name", THEMES)
def test_the_keyboard_can_be_seen_on_the_canvas_and_in_panes(
    lab: Lab, qtbot: QtBot, name: ThemeName
) -> None:
    lab.themes.choose(name)
    accent = THEMES[name].accent
    for widget in (lab.canvas, *(pane for pane in lab.panes if pane.isVisible())):
        lab.palette.search.setFocus()
        qtbot.wait(20)
        assert not _ringed(widget.grab().toImage(), accent)
        give_keyboard(widget, qtbot)
        assert _ringed(widget.grab().toImage(), accent)


def test_the_list_of_layers_shows_where_the_keyboard_is(lab: Lab) -> None:
    lab.palette.search.setFocus()
    lab.palette.list.clearSelection()
    lab.palette.list.setFocus(Qt.FocusReason.TabFocusReason)
    assert len(lab.palette.list.selectedItems()) == 1
    assert lab.palette.list.currentItem().isSelected()


# One pane alone.


@pytest.mark.parametrize("name", [spec.name for spec in PANES])
def test_a_pane_fills_the_screen_and_escape_brings_everything_back(
    lab: Lab, qtbot: QtBot, name: str
) -> None:
    pane = next(pane for pane in lab.panes if pane.name == name)
    before = {n for n, dock in lab.window.docks.items() if dock.isVisible()}
    lab.window.docks[name].raise_()
    size = pane.size()
    pane.alone_wanted.emit()
    qtbot.waitUntil(lambda: lab.window.isFullScreen() and pane.isVisible())
    assert {n for n, dock in lab.window.docks.items() if dock.isVisible()} == {name}
    assert not lab.canvas.isVisible()
    assert lab.epoch_bar.isVisible()
    qtbot.waitUntil(lambda: pane.width() > 0.9 * lab.window.width())
    qtbot.waitUntil(lambda: pane.height() > 1.5 * size.height())
    assert lab.actions["pane_alone"].isChecked()
    qtbot.keyClick(lab.window, Qt.Key.Key_Escape)
    qtbot.waitUntil(lab.canvas.isVisible)
    assert {n for n, dock in lab.window.docks.items() if dock.isVisible()} == before
    assert not lab.window.isFullScreen()
    assert lab.window.menuBar().isVisible()
    assert not lab.actions["pane_alone"].isChecked()


def test_a_window_closed_with_a_pane_alone_opens_whole_again(
    qapp: QApplication, tmp_path: Path, root: Path
) -> None:
    with _opened(qapp, tmp_path, root) as lab:
        lab.actions["pane_alone"].trigger()
        assert lab.window.is_alone
        lab.document.undo_stack.setClean()
        lab.window.close()
        lab.window.restore_layout(*Settings(lab.folders.settings).window())
        assert not lab.window.docks["palette"].isHidden()
        assert not lab.window.docks["inspector"].isHidden()


# Size and motion.


def test_the_size_is_kept_for_the_next_start(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    lab.actions["size_150"].trigger()
    lab._refresh()
    checked = [name for name in SIZE_ACTIONS if lab.actions[name].isChecked()]
    assert checked == ["size_150"]
    assert "150 %" in lab.notice.sentence
    monkeypatch.delenv("QT_SCALE_FACTOR", raising=False)
    use_size(Settings(lab.folders.settings).size)
    assert os.environ["QT_SCALE_FACTOR"] == "1.5"


def test_what_the_environment_says_of_the_size_is_left_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("QT_SCALE_FACTOR", "1.2")
    use_size(300)
    assert os.environ["QT_SCALE_FACTOR"] == "1.2"


@pytest.mark.parametrize("size", [*SIZES, 170, "large"])
def test_only_offered_sizes_are_read_back(tmp_path: Path, size: int) -> None:
    Settings(tmp_path / "window.ini").size = size
    kept = Settings(tmp_path / "window.ini").size
    assert kept == (size if size in SIZES else 100)


def test_reduced_motion_is_remembered_and_acts_on_the_recording(lab: Lab, qtbot: QtBot) -> None:
    assert not lab.comfort.calm
    lab.actions["calm"].trigger()
    assert Settings(lab.folders.settings).calm is True
    lab.actions["epoch_first"].trigger()
    lab.player.set_speed(16.0)
    moves = []
    lab.playhead.moved.connect(lambda: moves.append(lab.playhead.shown))
    lab.actions["play"].trigger()
    qtbot.waitUntil(lambda: not lab.player.playing, timeout=5_000)
    assert len(moves) == 1
    lab.actions["calm"].trigger()
    assert Settings(lab.folders.settings).calm is False


def test_motion_is_not_chosen_at_first(tmp_path: Path) -> None:
    assert Settings(tmp_path / "window.ini").calm is None


@pytest.mark.parametrize("name", ["light", "projector"])
def test_the_window_fits_small_screens(lab: Lab, qtbot: QtBot, name: ThemeName) -> None:
    """A screen of 1,920 × 1,080 at 200 % has 960 × 540 left."""
    lab.themes.choose(name)
    qtbot.wait(50)
    needed = lab.window.minimumSizeHint()
    assert needed.boundedTo(QSize(960, 540)) == needed, needed


def test_a_compact_window_fits_a_screen_of_1440_at_300_percent(
    qapp: QApplication, tmp_path: Path, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gui.app._SMALL_SCREEN", QSize(100_000, 100_000))
    with _opened(qapp, tmp_path, root) as lab:
        lab.window.resize(480, 300)
        QTest.qWait(50)
        needed = lab.window.minimumSizeHint()
        assert needed.boundedTo(QSize(480, 300)) == needed, needed
        assert lab.window.size() == QSize(480, 300)
        docks = list(lab.window.docks.values())
        assert lab.window.tabifiedDockWidgets(docks[0]) == docks[1:]
        assert next(iter(lab.panes)).isVisible()
        lab.actions["reset_layout"].trigger()
        assert len(lab.window.tabifiedDockWidgets(docks[0])) == len(docks) - 1
        assert lab.epoch_bar.isVisible()
        lab.document.undo_stack.setClean()
        lab.window.close()
        kept = Settings(lab.folders.settings)
        assert kept.window() == (QByteArray(), QByteArray())
        assert not kept.window(compact=True)[0].isEmpty()
        assert not kept.first_start


def test_docks_keep_their_places_when_the_layout_is_reset(lab: Lab) -> None:
    lab.actions["reset_layout"].trigger()
    bars = [bar for bar in (lab.epoch_bar,) if bar.isVisible()]
    assert bars == [lab.epoch_bar]
    assert all(isinstance(dock, QDockWidget) for dock in lab.window.docks.values())
    assert lab.epoch_bar.mapTo(lab.window, lab.epoch_bar.rect().topLeft()).y() > 500
