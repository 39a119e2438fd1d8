"""The choice of the language: remembered, told, and refused with a sentence."""

from pathlib import Path

from engine.language import chosen
from gui.common.languages import LANGUAGE_ACTIONS, Languages


def test_a_choice_is_checked_and_told(tmp_path: Path) -> None:
    said: list[str] = []
    languages = Languages(tmp_path / "new", said.append, said.append)
    actions = {action.id: action for action in languages.actions()}
    assert tuple(actions) == LANGUAGE_ACTIONS
    assert actions["language_de"].text == "Deutsch"
    actions["language_de"].run()
    assert chosen(tmp_path / "new") == "de"
    checked = [name for name, action in actions.items() if action.checked and action.checked()]
    assert checked == ["language_de"]
    assert said == ["The lab speaks the chosen language from the next start on"]


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    said: list[str] = []
    (tmp_path / "file").write_text("")
    Languages(tmp_path / "file", lambda _sentence: None, said.append).choose("de")
    assert len(said) == 1
    assert str(tmp_path / "file") in said[0]
