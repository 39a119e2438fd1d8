"""Playing a recording: pace, ends, steps, pins, and the bar that shows them; times by a clock of the test's own."""

from collections.abc import Callable
from typing import Any, NamedTuple, cast

import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt, QTimer
from PySide6.QtGui import QAction, QColor, QKeySequence, QMouseEvent
from PySide6.QtWidgets import QToolButton, QWidget
from pytestqt.qtbot import QtBot

from engine.training import LayerInfo, RunHistory, RunStarted
from gui.common.actions import ActionSpec, ActionTable
from gui.common.icons import Icons
from gui.common.theme import ThemeSource
from gui.training import Playhead, Session
from gui.training.epoch_bar import EpochBar, EpochSlider
from gui.training.player import SPEEDS, Player
from gui.training.time_actions import TIME_BAR, TIME_MENU, time_actions
from tests.gui.fake_session import FakeSession


class _History:
    def __init__(self, epochs: int, first: int) -> None:
        self.epochs = list(range(epochs))
        self.started = RunStarted(
            1, (LayerInfo("a", "ReLU", "a", False),), 9, 1, 1, 0, 1, 1, "D", first_epoch=first
        )


class _Run(NamedTuple):
    session: FakeSession
    playhead: Playhead
    player: Player

    def grow(self, by: int) -> None:
        """Record more epochs."""
        epochs = cast(Any, self.session.history).epochs
        epochs.extend(range(len(epochs), len(epochs) + by))
        self.session.epoch_ended.emit()


@pytest.fixture
def begun(qtbot: QtBot) -> Callable[..., _Run]:
    """Makes a run of so many epochs, its playhead and its player."""

    def begin(epochs: int, first: int = 0) -> _Run:
        session = FakeSession()
        if epochs:
            session.history = cast(RunHistory, _History(epochs, first))
        playhead = Playhead(cast(Session, session), session)
        return _Run(session, playhead, Player(playhead, session))

    return begin


def _timers(player: Player) -> list[bool]:
    return [timer.isActive() for timer in player.findChildren(QTimer)]


def test_plays_from_the_first_epoch_to_the_newest_and_rests_there(
    begun: Callable[..., _Run], qtbot: QtBot
) -> None:
    _, playhead, player = begun(9)
    player.set_speed(16.0)
    seen: list[int] = []
    playhead.moved.connect(lambda: seen.append(playhead.shown))
    player.toggle()
    assert player.playing
    assert playhead.shown == 0
    qtbot.waitUntil(lambda: not player.playing, timeout=5_000)
    assert seen == sorted(seen)
    assert seen[-1] == 8
    assert playhead.epoch is None
    assert _timers(player) == [False]


class _Clock:
    """A clock by which the same time passes between any two looks, however busy the machine is."""

    def __init__(self, milliseconds: int) -> None:
        self.milliseconds = milliseconds
        self.looks = 0

    def start(self) -> None:
        """Begin to measure; nothing passes by itself."""

    def restart(self) -> int:
        """Milliseconds since the last look."""
        self.looks += 1
        return self.milliseconds


@pytest.mark.parametrize("speed", [0.5, 4.0, 16.0])
def test_the_pace_is_the_one_that_is_told(
    begun: Callable[..., _Run], qtbot: QtBot, monkeypatch: pytest.MonkeyPatch, speed: float
) -> None:
    _, playhead, player = begun(1_000)
    player.set_speed(speed)
    clock = _Clock(125)
    monkeypatch.setattr(player, "_clock", clock)
    player.toggle()
    qtbot.waitUntil(lambda: clock.looks >= 4, timeout=10_000)
    player.pause()
    assert playhead.shown == pytest.approx(2.0 * speed * 0.125 * clock.looks, abs=1.0)


def test_after_a_hold_up_it_goes_on_where_it_was(
    begun: Callable[..., _Run], qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, playhead, player = begun(1_000)
    player.set_speed(16.0)
    clock = _Clock(30_000)
    monkeypatch.setattr(player, "_clock", clock)
    player.toggle()
    qtbot.waitUntil(lambda: clock.looks == 1, timeout=10_000)
    player.pause()
    assert playhead.shown == 16


def test_with_reduced_motion_the_same_way_is_gone_in_few_steps(
    begun: Callable[..., _Run], qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, playhead, player = begun(1_000)
    player.set_speed(16.0)
    player.set_calm(True)
    clock = _Clock(500)
    monkeypatch.setattr(player, "_clock", clock)
    player.toggle()
    assert player.findChildren(QTimer)[0].interval() == 500  # twice a second
    moves: list[int] = []
    playhead.moved.connect(lambda: moves.append(playhead.shown))
    qtbot.waitUntil(lambda: clock.looks >= 2, timeout=10_000)
    player.pause()
    assert moves == [16 * look for look in range(1, clock.looks + 1)]


def test_a_drag_while_it_plays_goes_on_from_there(begun: Callable[..., _Run], qtbot: QtBot) -> None:
    _, playhead, player = begun(1_000)
    player.set_speed(16.0)
    player.toggle()
    playhead.go(500)
    qtbot.waitUntil(lambda: playhead.shown > 502, timeout=5_000)
    assert playhead.shown < 600
    player.step(1)
    assert not player.playing


def test_another_run_ends_the_playing(begun: Callable[..., _Run]) -> None:
    session, _, player = begun(9)
    player.toggle()
    session.run_started.emit()
    assert not player.playing


def test_steps_ends_and_pins(begun: Callable[..., _Run]) -> None:
    _, playhead, player = begun(5)
    player.step(-1)
    assert playhead.epoch == 3
    player.toggle_pin()
    player.go_first()
    assert (playhead.epoch, playhead.pinned) == (0, 3)
    player.toggle_pin()
    assert playhead.pinned is None
    player.go_newest()
    assert playhead.epoch is None


def test_the_speed_goes_up_and_down_to_its_ends(begun: Callable[..., _Run]) -> None:
    player = begun(5).player
    speeds = []
    for _ in range(6):
        player.faster()
        speeds.append(player.speed)
    assert speeds == [2.0, 4.0, 8.0, 16.0, 16.0, 16.0]
    for _ in range(9):
        player.slower()
    assert player.speed == 0.5


def test_a_growing_run_is_announced_only_when_something_becomes_possible(
    begun: Callable[..., _Run],
) -> None:
    run = begun(1)
    told: list[bool] = []
    run.player.changed.connect(lambda: told.append(run.player.has_epochs))
    for _ in range(50):
        run.grow(1)
    assert told.count(True) == len(told)
    assert len(told) == 1


class _Bar(NamedTuple):
    run: _Run
    bar: EpochBar
    table: ActionTable
    window: QWidget


@pytest.fixture
def shown(begun: Callable[..., _Run], themes: ThemeSource, qtbot: QtBot) -> Callable[..., _Bar]:
    """Shows the bar of a run, its actions in the window."""

    def show(epochs: int, first: int = 0) -> _Bar:
        run = begun(epochs, first)
        window = QWidget()
        qtbot.addWidget(window)
        specs: list[ActionSpec] = time_actions(run.player, run.playhead)
        table = ActionTable(specs, Icons(themes).icon, window)
        run.player.changed.connect(table.refresh)
        bar = EpochBar(run.playhead, run.player, [table[name] for name in TIME_BAR], window)
        bar.resize(640, 40)
        window.show()
        return _Bar(run, bar, table, window)

    return show


@pytest.mark.parametrize(
    ("epochs", "at", "possible"),
    [
        (0, None, set()),
        (1, None, {"pin"}),
        (
            5,
            None,
            {"play", "faster", "slower", "epoch_back", "epoch_first", "epoch_newest", "pin"},
        ),
        (5, 0, {"play", "faster", "slower", "epoch_forward", "epoch_newest", "pin"}),
    ],
)
def test_only_what_can_be_done_is_offered(
    shown: Callable[..., _Bar], epochs: int, at: int | None, possible: set[str]
) -> None:
    bar = shown(epochs)
    bar.run.playhead.go(at)
    enabled = {name for name, action in bar.table.actions.items() if action.isEnabled()}
    assert enabled == possible


def test_menu_and_bar_hold_every_action_once_with_keys_of_its_own(
    shown: Callable[..., _Bar],
) -> None:
    some = shown(5)
    actions = some.table.actions
    assert sorted(name for name in TIME_MENU if name != "|") == sorted(actions)
    assert set(TIME_BAR) <= set(actions)
    keys = [action.shortcut().toString() for action in actions.values()]
    assert all(keys)
    assert len(set(keys)) == len(keys)


def test_the_bar_says_which_epoch_is_shown_and_which_is_pinned(shown: Callable[..., _Bar]) -> None:
    run, bar, table, _ = shown(5, first=10)
    assert bar.label.text() == "Epoch 14 of 14"
    assert not bar.pin_label.isVisible()
    table["epoch_back"].trigger()
    table["pin"].trigger()
    table["epoch_first"].trigger()
    assert bar.label.text() == "Epoch 10 of 14"
    assert bar.pin_label.text() == "◆ 13 pinned"
    assert bar.slider.pin == 3
    assert "13 pinned" in bar.slider.accessibleDescription()
    assert table["pin"].isChecked()
    assert not table["epoch_newest"].isChecked()
    run.session.run_started.emit()
    assert bar.slider.pin is None


def test_the_pins_mark_is_drawn_over_its_epoch(
    shown: Callable[..., _Bar], themes: ThemeSource
) -> None:
    _, bar, _, _window = shown(9)
    before = bar.slider.grab().toImage()
    bar.slider.set_pin(2)
    after = bar.slider.grab().toImage()
    changed = {
        x
        for x in range(after.width())
        for y in range(after.height())
        if before.pixel(x, y) != after.pixel(x, y)
    }
    assert changed
    assert (min(changed) + max(changed)) / 2 == pytest.approx(bar.slider.place_of(2), abs=1.5)
    middle = QColor(after.pixel(bar.slider.place_of(2), 1))
    assert middle.name() == themes.theme.text


def test_a_click_on_the_slider_shows_the_epoch_there(shown: Callable[..., _Bar]) -> None:
    run, bar, _, _ = shown(9)
    place = QPointF(bar.slider.place_of(4), bar.slider.height() / 2)
    for kind in (QEvent.Type.MouseButtonPress, QEvent.Type.MouseButtonRelease):
        button = Qt.MouseButton.LeftButton
        pressed = button if kind == QEvent.Type.MouseButtonPress else Qt.MouseButton.NoButton
        event = QMouseEvent(
            kind,
            place,
            bar.slider.mapToGlobal(place),
            button,
            pressed,
            Qt.KeyboardModifier.NoModifier,
        )
        (bar.slider.mousePressEvent if pressed == button else bar.slider.mouseReleaseEvent)(event)
    assert run.playhead.epoch == 4


def test_keys_on_the_slider_step_and_reach_the_ends(
    shown: Callable[..., _Bar], qtbot: QtBot
) -> None:
    run, bar, _, _ = shown(9)
    for key, epoch in (
        (Qt.Key.Key_Home, 0),
        (Qt.Key.Key_Right, 1),
        (Qt.Key.Key_PageUp, 2),
        (Qt.Key.Key_End, None),
    ):
        qtbot.keyClick(bar.slider, key)
        assert run.playhead.epoch == epoch


def test_the_speed_box_says_epochs_per_second_and_follows(shown: Callable[..., _Bar]) -> None:
    run, bar, table, _ = shown(9)
    assert [bar.speed.itemText(row) for row in range(bar.speed.count())] == [
        f"{speed:g}×" for speed in SPEEDS
    ]
    assert bar.speed.toolTip() == "The recording plays 2 epochs per second"
    table["slower"].trigger()
    assert (bar.speed.currentText(), bar.speed.toolTip()) == (
        "0.5×",
        "The recording plays 1 epoch per second",
    )
    bar.speed.setCurrentIndex(5)
    assert run.player.speed == 16.0
    assert bar.speed.toolTip() == "The recording plays 32 epochs per second"


def test_the_bar_fits_a_narrow_window(shown: Callable[..., _Bar]) -> None:
    narrow = shown(10_000)
    assert narrow.bar.minimumSizeHint().width() <= 640


def test_a_narrow_bar_says_the_numbers_only(shown: Callable[..., _Bar], qtbot: QtBot) -> None:
    some = shown(30)
    some.run.player.step(-1)
    some.run.player.toggle_pin()
    texts = []
    for width in (640, 400):
        some.bar.resize(width, 40)
        qtbot.wait(10)
        texts.append((some.bar.label.text(), some.bar.pin_label.text()))
    assert texts == [("Epoch 28 of 29", "◆ 28 pinned"), ("28", "◆ 28")]
    assert some.bar.minimumSizeHint().width() <= 400


def test_every_button_of_the_bar_can_be_reached_and_has_a_name(shown: Callable[..., _Bar]) -> None:
    some = shown(5)
    buttons = some.bar.findChildren(QToolButton)
    assert len(buttons) == len(TIME_BAR)
    for button in buttons:
        assert button.focusPolicy() & Qt.FocusPolicy.TabFocus
        assert button.text()
        assert isinstance(button.defaultAction(), QAction)
        assert QKeySequence(button.defaultAction().shortcut()).toString() in button.toolTip()


def test_a_slider_alone_has_its_ends_at_the_handles_middle(qtbot: QtBot) -> None:
    slider = EpochSlider()
    qtbot.addWidget(slider)
    slider.resize(216, 24)
    slider.setRange(0, 10)
    assert [slider.place_of(value) for value in (0, 5, 10)] == [8, 108, 208]
    assert QPoint(slider.place_of(10), 0).x() < slider.width()
