"""The panes together: they come after the window, and then show what there is to show."""

from typing import cast

from pytestqt.qtbot import QtBot

from engine.training import RunHistory
from gui.common.frames import FrameClock
from gui.common.theme import ThemeSource
from gui.panes import PANES
from gui.panes.deck import PaneDeck
from gui.panes.pane import Pane
from gui.training import Playhead, Session
from tests.gui.fake_session import FakeSession

FRONT = [spec.name for spec in PANES if not spec.tabbed_with]
BEHIND = [spec.name for spec in PANES if spec.tabbed_with]


def _deck(themes: ThemeSource, history: RunHistory, qtbot: QtBot) -> tuple[PaneDeck, Playhead]:
    session = FakeSession(history)
    playhead = Playhead(cast(Session, session), session)
    deck = PaneDeck(themes, FrameClock(session), playhead, session)
    deck.built.connect(qtbot.addWidget)
    for pane in deck:
        qtbot.addWidget(pane)
    deck.setProperty("session", session)  # lives as long
    return deck, playhead


def test_panes_come_when_nobody_waits_those_in_front_first(
    themes: ThemeSource, history: RunHistory, qtbot: QtBot
) -> None:
    deck, _ = _deck(themes, history, qtbot)
    assert list(deck) == []
    assert deck.get("loss") is None
    built: list[Pane] = []
    deck.built.connect(built.append)
    deck.complete()
    deck.complete()
    assert [pane.name for pane in built] == [*FRONT, *BEHIND]
    assert [pane.name for pane in deck] == [spec.name for spec in PANES]


def test_who_comes_late_shows_what_the_others_show(
    themes: ThemeSource, history: RunHistory, qtbot: QtBot
) -> None:
    deck, playhead = _deck(themes, history, qtbot)
    playhead.go(1)
    deck.complete()
    pane = deck.get("weights")
    assert pane is not None
    assert pane.history is history
    with qtbot.waitSignal(pane.drawn):
        pane.show()
    assert pane.caption.text().startswith("Epoch 1: ")
    with qtbot.waitSignal(deck.layer_chosen) as chosen:
        pane.layer_chosen.emit("layer_2")
    assert chosen.args == ["layer_2"]


def test_the_pane_with_the_keyboard_is_found(
    themes: ThemeSource, history: RunHistory, qtbot: QtBot
) -> None:
    deck, _ = _deck(themes, history, qtbot)
    deck.complete()
    first, second, *_ = deck
    assert deck.with_focus(None) is first
    assert deck.with_focus(second.caption) is second
