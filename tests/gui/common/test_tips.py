"""Tool tips in lines: short enough to be read, with every word in its place."""

import pytest

from engine.layers import CATALOGUE
from gui.common.tips import in_lines


@pytest.mark.parametrize("kind", CATALOGUE)
def test_no_line_is_long_and_no_word_is_lost(kind: str) -> None:
    spec = CATALOGUE[kind]
    for text in (spec.summary, spec.details, *(p.help for p in spec.parameters)):
        wrapped = in_lines(text)
        assert max(map(len, wrapped.split("\n"))) <= 64
        assert wrapped.split() == text.split()


def test_lines_and_paragraphs_stay_apart() -> None:
    text = "A wire\n64\n\nthe formula " + "and so on " * 12
    lines = in_lines(text).split("\n")
    assert lines[:3] == ["A wire", "64", ""]
    assert len(lines) == 6
    assert in_lines("") == ""


def test_a_long_word_is_not_broken() -> None:
    word = "a" * 90
    assert in_lines(f"see {word} there") == f"see\n{word}\nthere"
