"""Titles within sentences: small in English, as they are in a language that writes nouns with a capital."""

import pytest

from gui.common import wording


@pytest.mark.parametrize(("keeps", "written"), [(False, "learning rate"), (True, "Learning rate")])
def test_a_title_is_written_as_the_language_wants_it(
    keeps: bool, written: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wording, "_KEEPS_CAPITALS", keeps)
    assert wording.inside("Learning rate") == written
