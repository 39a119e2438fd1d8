"""Activation functions: saturating, non-saturating, and what each does to a gradient that passes."""

from .bounded import BOUNDED
from .rectifiers import RECTIFIERS
from .smooth import SMOOTH

ACTIVATIONS = (*BOUNDED, *RECTIFIERS, *SMOOTH)
"""All of them, in the palette's order."""
