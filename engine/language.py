"""The language in which the lab speaks: gettext's catalogues, chosen before anything is declared.

Names and sentences are translated where they are written, many of them while their module is loaded: a choice
therefore holds for a whole process, and acts at the next start.
"""

import gettext
import os
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path

_speech: gettext.NullTranslations = gettext.NullTranslations()
"""What this process speaks: English until `speak`.

Kept, because gettext's own functions look for the file anew at every call, which takes longer than drawing a line.
"""
DOMAIN = "gradient-lab"
LANGUAGES: Mapping[str, str] = {"en": "English", "de": "Deutsch"}
"""What the lab is written in and has a catalogue for, by their own names."""
_CHOICE = "language"


def catalogues() -> Path:
    """The folder of the translations."""
    return Path(str(files("resources"))) / "locale"


def chosen(folder: Path) -> str:
    """The language that a person chose, as `choose` wrote it; "" follows the system."""
    try:
        code = (folder / _CHOICE).read_text("ascii").strip()
    except (OSError, ValueError):
        return ""
    return code if code in LANGUAGES else ""


def choose(folder: Path, code: str) -> None:
    """Remember a language for the next start, "" for the system's; `OSError` when the folder cannot be written."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / _CHOICE).write_text(code, "ascii")


def speak(code: str = "") -> None:
    """Have this process, and those that it starts, speak a language; "" is what the system asks for."""
    global _speech
    if code:
        os.environ["LANGUAGE"] = code
    _speech = gettext.translation(DOMAIN, str(catalogues()), fallback=True)


def tr(text: str) -> str:
    """A text in the language that is spoken."""
    return _speech.gettext(text)


def trn(one: str, many: str, number: int) -> str:
    """A text in the form that goes with a number."""
    return _speech.ngettext(one, many, number)


def spoken() -> str:
    """The code of the language that holds now."""
    return _speech.info().get("language", "en")
