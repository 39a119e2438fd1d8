"""Layers on the clipboard: a network file of their own, which is also plain text."""

from collections.abc import Iterable

from PySide6.QtCore import QMimeData
from PySide6.QtGui import QGuiApplication

from engine.graph import NetworkGraph, encode
from gui.common.mime import NODES

from .insertion import part


def keep(graph: NetworkGraph, ids: Iterable[str]) -> None:
    """Put nodes and the wires among them on the clipboard."""
    text = encode(part(graph, ids))
    content = QMimeData()
    content.setData(NODES, text)
    content.setText(text.decode())
    QGuiApplication.clipboard().setMimeData(content)


def found() -> bytes:
    """What is on the clipboard, as the bytes of a network file; it may be anything else."""
    content = QGuiApplication.clipboard().mimeData()
    if content.hasFormat(NODES):
        return bytes(content.data(NODES).data())
    return content.text().encode()
