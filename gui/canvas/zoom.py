"""From which zoom on what is shown; below it, it would be too small to be read."""

NUMBERS = 0.6
"""Numbers and remarks."""
FAR = 0.45
"""Texts and histograms; below it a card shows its name only, a wire its glyph."""
BLOCKS = 0.28
"""Names and glyphs; below it there are only blocks of colour."""
