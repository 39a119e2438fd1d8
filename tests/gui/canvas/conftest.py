"""A canvas on the screen, empty or with a small network."""

from collections.abc import Callable

import pytest
from pytestqt.qtbot import QtBot

from engine.graph import AddNodes, encode
from gui.canvas import CanvasView
from gui.common.theme import ThemeSource
from gui.document import Document


@pytest.fixture
def canvas(document: Document, themes: ThemeSource, qtbot: QtBot) -> CanvasView:
    """The canvas of the empty document, on the screen."""
    view = CanvasView(document, themes)
    qtbot.addWidget(view)
    view.resize(900, 600)
    with qtbot.waitExposed(view):
        view.show()
    return view


@pytest.fixture
def net(canvas: CanvasView, document: Document, chain: Callable[..., AddNodes]) -> CanvasView:
    """The canvas with Input, Flatten, Linear and Output in a row; nothing can be undone yet."""
    document.do(chain("Input", "Flatten", "Linear", "Output"))
    document.undo_stack.clear()
    canvas.fit()
    return canvas


@pytest.fixture
def step_back(document: Document) -> Callable[[bytes], None]:
    """Asserts that one undo gives back the very bytes of before, and redo the change."""

    def check(before: bytes) -> None:
        assert document.undo_stack.count() == 1
        after = encode(document.graph)
        document.undo_stack.undo()
        assert encode(document.graph) == before
        document.undo_stack.redo()
        assert encode(document.graph) == after != before

    return check
