"""The menu of choices: each excludes the others of its group, and every change is told once."""

import pytest
from pytestqt.qtbot import QtBot

from gui.panes.view_menu import DRAWING, SCALES, ViewMenu


@pytest.fixture
def menu(qtbot: QtBot) -> ViewMenu:
    button = ViewMenu("One layer at every epoch")
    qtbot.addWidget(button)
    return button


def test_it_begins_with_the_first_of_each_and_without_epochs(menu: ViewMenu) -> None:
    assert (menu.drawing, menu.scale, menu.over_epochs) == ("automatic", "all", False)


@pytest.mark.parametrize("option", [*DRAWING[1:], *SCALES[1:]], ids=lambda option: option.name)
def test_an_option_excludes_the_others_of_its_group(menu: ViewMenu, option: object) -> None:
    told: list[bool] = []
    menu.changed.connect(lambda: told.append(True))
    actions = {action.text(): action for action in menu.menu().actions() if action.text()}
    actions[option.title].trigger()  # type: ignore[attr-defined]
    chosen = menu.drawing if option in DRAWING else menu.scale
    assert chosen == option.name  # type: ignore[attr-defined]
    checked = [action.text() for action in actions.values() if action.isChecked()]
    assert len(checked) == 2
    assert told == [True]


def test_the_layer_over_the_epochs_is_switched_on_and_off(menu: ViewMenu) -> None:
    told: list[bool] = []
    menu.changed.connect(lambda: told.append(menu.over_epochs))
    menu.menu().actions()[-1].trigger()
    menu.show_over_epochs(False)
    assert told == [True, False]


def test_every_option_explains_itself(menu: ViewMenu) -> None:
    tips = [action.toolTip() for action in menu.menu().actions() if action.text()]
    assert all(len(tip.split()) > 3 for tip in tips)
    assert menu.accessibleName()
