"""Words that are put into sentences, as the spoken language writes them there."""

from engine.language import spoken

_KEEPS_CAPITALS = spoken() in {"de"}
"""Whether the language writes nouns with a capital wherever they stand."""


def inside(title: str) -> str:
    """A title within a sentence."""
    return title if _KEEPS_CAPITALS else title.lower()
