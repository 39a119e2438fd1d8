"""One undo command for every edit. It touches the model and nothing else."""

from collections.abc import Hashable

from PySide6.QtGui import QUndoCommand

from engine.graph import Edit, NetworkGraph


class EditCommand(QUndoCommand):
    """An edit that was made already, and the one that takes it back.

    Commands with an equal `merge_key` that follow each other become one step: a slider that is dragged, a
    number that is typed, layers moved by the arrow keys.
    """

    def __init__(
        self, graph: NetworkGraph, edit: Edit, inverse: Edit, merge_key: Hashable | None
    ) -> None:
        super().__init__(edit.title())
        self._graph = graph
        self._edit = edit
        self._inverse = inverse
        self._merge_key = merge_key
        self._made = True

    def id(self) -> int:
        return -1 if self._merge_key is None else 1

    def redo(self) -> None:
        if self._made:
            self._made = False
            return
        self._graph.apply(self._edit)

    def undo(self) -> None:
        self._graph.apply(self._inverse)

    def mergeWith(self, other: QUndoCommand) -> bool:
        if not isinstance(other, EditCommand) or other._merge_key != self._merge_key:
            return False
        self._edit = other._edit
        return True
