"""What tests of the window share."""

import gc
import itertools
from collections.abc import Callable, Iterator

import pytest
from PySide6.QtWidgets import QApplication

from engine.graph import AddNodes, Edge, NetworkGraph, Node
from engine.layers import CATALOGUE
from gui.common.theme import ThemeSource
from gui.document import Document


@pytest.fixture(autouse=True)
def _no_garbage_for_other_threads() -> Iterator[None]:
    """What a test leaves behind of Qt is collected between tests, by the thread that made it."""
    gc.disable()
    yield
    gc.enable()


@pytest.fixture
def themes(qapp: QApplication) -> ThemeSource:
    """The light theme, so that colours do not depend on the system."""
    return ThemeSource(qapp, "light")


@pytest.fixture
def document(qapp: QApplication) -> Document:
    """An empty document."""
    return Document()


@pytest.fixture
def chain() -> Callable[..., AddNodes]:
    """Makes the edit that adds a chain of layers of the given kinds, wired one after the other."""
    return _chain


def _chain(*kinds: str) -> AddNodes:
    ids = NetworkGraph().new_ids(kinds)
    nodes = [
        Node(node_id, kind, "", CATALOGUE[kind].defaults, 208.0 * place, 0.0)
        for place, (node_id, kind) in enumerate(zip(ids, kinds, strict=True))
    ]
    edges = [Edge(a.id, b.id) for a, b in itertools.pairwise(nodes)]
    return AddNodes(tuple(nodes), tuple(edges))
