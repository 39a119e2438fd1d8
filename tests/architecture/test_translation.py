"""The catalogues: complete, with the same places for numbers, and compiled from what is written."""

import gettext
import io
import re
import string
from collections.abc import Iterator
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

from engine.language import DOMAIN, LANGUAGES

TRANSLATIONS = [code for code in LANGUAGES if code != "en"]
KEYWORDS = {"tr": None, "trn": (1, 2)}


def _po(root: Path, code: str) -> Path:
    return root / "resources" / "locale" / code / "LC_MESSAGES" / f"{DOMAIN}.po"


@pytest.fixture(params=TRANSLATIONS)
def catalogue(root: Path, request: pytest.FixtureRequest) -> Catalog:
    with _po(root, request.param).open("rb") as file:
        return read_po(file, locale=request.param)


def _written(root: Path) -> dict[str, object]:
    """All texts of the sources, by their first form."""
    found: dict[str, object] = {}
    for package in ("engine", "gui"):
        for _, _, text, _, _ in extract_from_dir(
            root / package, [("**.py", "python")], keywords=KEYWORDS
        ):
            found[text if isinstance(text, str) else text[0]] = text
    return found


def _entries(catalogue: Catalog) -> Iterator[Message]:
    return (message for message in catalogue if message.id)


def _forms(text: object) -> tuple[str, ...]:
    return (text,) if isinstance(text, str) else tuple(text)  # type: ignore[arg-type]


def _places(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}


def test_every_text_is_translated_and_none_is_left_over(root: Path, catalogue: Catalog) -> None:
    written = _written(root)
    translated = {
        _forms(message.id)[0]
        for message in _entries(catalogue)
        if all(_forms(message.string)) and not message.fuzzy
    }
    assert len(written) > 500
    assert sorted(written.keys() - translated) == []
    assert sorted(translated - written.keys()) == []


def test_translations_keep_the_places_for_values(catalogue: Catalog) -> None:
    for message in _entries(catalogue):
        for source, form in zip(_forms(message.id), _forms(message.string), strict=True):
            assert _places(form) == _places(source), source


def test_translations_keep_mnemonics_and_dots(catalogue: Catalog) -> None:
    """A menu entry keeps a key of its own, and one that asks before it acts keeps its dots."""
    for message in _entries(catalogue):
        for source, form in zip(_forms(message.id), _forms(message.string), strict=True):
            assert bool(re.search(r"&\w", source)) == bool(re.search(r"&\w", form)), source
            assert source.endswith("…") == form.endswith("…"), source


@pytest.mark.parametrize("code", TRANSLATIONS)
def test_what_is_compiled_is_what_is_written(root: Path, code: str) -> None:
    with _po(root, code).open("rb") as file:
        catalogue = read_po(file, locale=code)
    buffer = io.BytesIO()
    write_mo(buffer, catalogue)
    compiled = _po(root, code).with_suffix(".mo").read_bytes()
    assert compiled == buffer.getvalue()
    spoken = gettext.GNUTranslations(io.BytesIO(compiled))
    assert spoken.gettext("Every output is a weighted sum of all inputs.").startswith("Jede")
