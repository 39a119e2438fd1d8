"""The open document: graph, undo, selection, problems, files."""

from .document import Document
from .selection import Selection

__all__ = ["Document", "Selection"]
