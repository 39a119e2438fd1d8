"""The menu at a point of the canvas."""

from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF
from PySide6.QtWidgets import QMenu

from engine.graph import Disconnect
from engine.language import tr
from gui.document import Document

from .scene import CanvasScene

if TYPE_CHECKING:
    from .view import CanvasView


def menu_at(view: "CanvasView", scene: CanvasScene, document: Document, place: QPointF) -> QMenu:
    """What can be done with the card or the wire at a point of the scene, or with the whole canvas."""
    menu = QMenu(view)
    card, wire = scene.card_at(place), scene.wire_at(place)
    if card is not None:
        if card.node.id not in document.selection.nodes:
            document.selection.choose([card.node.id])
        menu.addAction(tr("Rename") + "\tF2", view.rename)
        menu.addAction(tr("Copy"), view.chosen.copy)
        menu.addAction(tr("Duplicate"), view.chosen.duplicate)
        menu.addAction(tr("Take its wires away"), lambda: _disconnect_chosen(document))
        menu.addSeparator()
        menu.addAction(tr("Delete"), view.chosen.delete)
    elif wire is not None:
        document.selection.choose((), [wire.edge])
        menu.addAction(tr("Delete the wire"), view.chosen.delete)
    else:
        menu.addAction(tr("Paste"), view.chosen.paste)
        menu.addAction(tr("Select all"), view.chosen.select_all)
        menu.addSeparator()
        menu.addAction(tr("Fit"), view.fit)
        menu.addAction(tr("Tidy up"), view.tidy)
    return menu


def _disconnect_chosen(document: Document) -> None:
    chosen = document.selection.nodes
    edges = sorted(e for e in document.graph.edges if e.source in chosen or e.target in chosen)
    if edges:
        document.do(Disconnect(tuple(edges)))
