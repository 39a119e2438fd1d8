"""What is done with the chosen layers and wires: edits of the document that no view is needed for."""

from engine.graph import (
    Disconnect,
    Edit,
    MoveNodes,
    RemoveNodes,
    StorageError,
    Together,
    decode,
    encode,
)
from engine.language import tr
from gui.common.theme import GRID
from gui.document import Document

from . import clipboard, insertion


class Chosen:
    """The commands of the Edit menu; each is one step that can be taken back."""

    def __init__(self, document: Document) -> None:
        self._document = document

    def select_all(self) -> None:
        """Choose every layer and wire."""
        self._document.selection.choose(self._document.graph.nodes, self._document.graph.edges)

    def delete(self) -> None:
        """Delete the chosen layers and wires in one step."""
        nodes, edges = self._document.selection.nodes, self._document.selection.edges
        loose = sorted(e for e in edges if e.source not in nodes and e.target not in nodes)
        steps: list[Edit] = []
        if loose:
            steps.append(Disconnect(tuple(loose)))
        if nodes:
            steps.append(RemoveNodes(tuple(sorted(nodes))))
        if len(steps) == 1:
            self._document.do(steps[0])
        elif steps:
            self._document.do(Together(tuple(steps), tr("Delete layers and wires")))

    def copy(self) -> None:
        """Put the chosen layers on the clipboard, also as text."""
        nodes = self._document.selection.nodes
        if nodes:
            clipboard.keep(self._document.graph, nodes)

    def cut(self) -> None:
        """Copy, then delete."""
        self.copy()
        self.delete()

    def paste(self) -> None:
        """Add the layers on the clipboard; `document.refused` says so when there are none that can be read."""
        self._paste(clipboard.found())

    def duplicate(self) -> None:
        """Copy the chosen layers beside themselves; the clipboard stays as it is."""
        nodes = self._document.selection.nodes
        if nodes:
            self._paste(encode(insertion.part(self._document.graph, nodes)))

    def connect(self) -> None:
        """Draw the wire that two chosen layers want."""
        wire = insertion.next_wire(self._document.graph, self._document.selection.nodes)
        if wire is not None:
            self._document.do(wire)
        else:
            self._document.refused.emit(
                tr("Choose two layers that can be wired: one with an output, one with a free input")
            )

    def nudge(self, right: int, down: int) -> None:
        """Move the chosen cards by the grid."""
        nodes = self._document.graph.nodes
        chosen = self._document.selection.nodes
        places = {i: (nodes[i].x + right * GRID, nodes[i].y + down * GRID) for i in chosen}
        if places:
            self._document.do(MoveNodes(places), merge_key=("nudge", chosen))

    def _paste(self, text: bytes) -> None:
        try:
            copied = decode(text)
        except StorageError:
            self._document.refused.emit(tr("There are no layers on the clipboard. Copy some first"))
            return
        edit = insertion.pasted(self._document.graph, copied)
        if edit.nodes and self._document.do(edit):
            self._document.selection.choose(node.id for node in edit.nodes)
