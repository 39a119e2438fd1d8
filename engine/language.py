"""The language in which the lab speaks: gettext's catalogues, chosen before anything is declared.

Names and sentences are translated where they are written, many of them while their module is loaded: a choice
therefore holds for a whole process, and acts at the next start.
"""

import gettext
import os
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path

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
    if code:
        os.environ["LANGUAGE"] = code
    gettext.bindtextdomain(DOMAIN, str(catalogues()))
    gettext.textdomain(DOMAIN)


def spoken() -> str:
    """The code of the language that holds now."""
    found = gettext.find(DOMAIN, str(catalogues()))
    return Path(found).parent.parent.name if found else "en"
