"""Tool tips in lines."""

from functools import lru_cache
from textwrap import fill

_SIGNS = 64
"""In a line."""


@lru_cache(maxsize=1_000)
def in_lines(text: str) -> str:
    """A tip that can be read at a glance: Qt writes a plain one in a single line, however long it is."""
    return "\n".join(
        fill(paragraph, _SIGNS, break_long_words=False, break_on_hyphens=False)
        for paragraph in text.split("\n")
    )
