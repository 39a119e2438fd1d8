"""The language: chosen, remembered, spoken by whole processes."""

import subprocess
import sys
from pathlib import Path

import pytest

from engine.language import LANGUAGES, choose, chosen

CODE = """
import sys
from engine.language import speak, spoken
speak(sys.argv[1])
from engine.layers import CATALOGUE
print(spoken())
print(CATALOGUE["Linear"].summary)
"""


def _spoken(root: Path, code: str, **environment: str) -> list[str]:
    done = subprocess.run(
        [sys.executable, "-c", CODE, code],
        cwd=root,
        env={"PATH": "", **environment},
        capture_output=True,
        encoding="utf-8",
        check=True,
    )
    return done.stdout.splitlines()


def test_a_choice_is_remembered(tmp_path: Path) -> None:
    folder = tmp_path / "new"
    assert chosen(folder) == ""
    for code in (*LANGUAGES, ""):
        choose(folder, code)
        assert chosen(folder) == code


@pytest.mark.parametrize("content", [b"tlh", b"../..", b"\xff\xfe", b""])
def test_a_damaged_choice_counts_as_none(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "language").write_bytes(content)
    assert chosen(tmp_path) == ""


def test_the_chosen_language_is_spoken(root: Path) -> None:
    english = "Every output is a weighted sum of all inputs."
    german = "Jede Ausgabe ist eine gewichtete Summe aller Eingaben."
    utf_8 = {"PYTHONIOENCODING": "utf-8"}
    assert _spoken(root, "de", **utf_8) == ["de", german]
    assert _spoken(root, "en", LANG="de_DE.UTF-8", **utf_8) == ["en", english]
    assert _spoken(root, "", LANG="de_DE.UTF-8", **utf_8) == ["de", german]
    assert _spoken(root, "", LANG="C", **utf_8) == ["en", english]
