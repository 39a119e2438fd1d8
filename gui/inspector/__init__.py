"""Palette and property forms, both drawn from the layers' declarations."""

from .inspector import Inspector
from .palette import Palette

__all__ = ["Inspector", "Palette"]
