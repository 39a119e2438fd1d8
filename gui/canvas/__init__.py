"""The canvas on which networks are built."""

from .view import CanvasView

__all__ = ["CanvasView"]
