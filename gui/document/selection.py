"""Which layers and wires are chosen; one selection for canvas, inspector and panes."""

from collections.abc import Iterable

from PySide6.QtCore import QObject, Signal

from engine.graph import Edge


class Selection(QObject):
    """The chosen node ids and wires."""

    changed = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._nodes: frozenset[str] = frozenset()
        self._edges: frozenset[Edge] = frozenset()

    @property
    def nodes(self) -> frozenset[str]:
        """The chosen layers."""
        return self._nodes

    @property
    def edges(self) -> frozenset[Edge]:
        """The chosen wires."""
        return self._edges

    @property
    def only(self) -> str | None:
        """The chosen layer when it is the only one."""
        return next(iter(self._nodes)) if len(self._nodes) == 1 else None

    def choose(self, nodes: Iterable[str] = (), edges: Iterable[Edge] = ()) -> None:
        """Replace the selection; `changed` is emitted only when it differs."""
        wanted = frozenset(nodes), frozenset(edges)
        if wanted != (self._nodes, self._edges):
            self._nodes, self._edges = wanted
            self.changed.emit()
