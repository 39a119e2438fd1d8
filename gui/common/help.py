"""Texts about the lab itself: shortcuts, versions, licence. Shown beside the window, never over it."""

import platform
from collections.abc import Sequence
from importlib.resources import files

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QTextBrowser, QVBoxLayout, QWidget

from engine.training import WorkerReady

from .theme import GRID

_TEXT_SIZE = (520, 560)


def show_text(parent: QWidget, title: str, markdown: str) -> None:
    """Show a Markdown text in a window of its own; the lab stays usable."""
    dialog = QDialog(parent)
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    dialog.setWindowTitle(title)
    browser = QTextBrowser()
    browser.setMarkdown(markdown)
    browser.setOpenExternalLinks(True)
    browser.setAccessibleName(title)
    buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
    buttons.rejected.connect(dialog.close)
    column = QVBoxLayout(dialog)
    column.setContentsMargins(GRID, GRID, GRID, GRID)
    column.addWidget(browser)
    column.addWidget(buttons)
    dialog.resize(*_TEXT_SIZE)
    dialog.show()


def shortcuts_text(shortcuts: Sequence[tuple[str, str]]) -> str:
    """The shortcuts of the menus, and the keys of canvas and panes, as Markdown."""
    rows = "\n".join(f"| {text} | {keys} |" for text, keys in shortcuts)
    return f"## Everywhere\n\n| what | keys |\n|---|---|\n{rows}\n\n{_CANVAS_KEYS}"


_CANVAS_KEYS = """## On the canvas

| what | keys |
|---|---|
| Choose the next layer | arrow keys |
| Move the chosen layers | Ctrl + arrow keys |
| Rename | F2 or Enter |
| Wire two chosen layers | Ctrl+L |
| Cancel a drag | Esc |
| Shift the view | Space and drag, or the middle button |
| Enlarge, shrink | Ctrl + wheel |

## In a pane

| what | keys |
|---|---|
| Choose another layer | arrow keys |
| Back from a pane that fills the screen | Esc |

## On the epoch slider

| what | keys |
|---|---|
| The epoch before, the epoch after | arrow keys |
| A twentieth of the run back or on | Page down, Page up |
| The first epoch, the newest epoch | Home, End |
"""


def about_text() -> str:
    """Version, purpose, licence and the sources of the bundled data, as Markdown."""
    from importlib.metadata import version  # slow to import, and seldom asked for

    sources = files("resources").joinpath("data", "SOURCES.md").read_text("utf-8")
    return (
        f"# Gradient Lab {version('gradient-lab')}\n\n"
        "An offline lab in which anybody can see why deep networks fail to train, and fix them.\n\n"
        "MIT licence. Nothing you do here leaves this computer.\n\n"
        f"{sources}"
    )


def versions_text(worker: WorkerReady | None) -> str:
    """Versions for a bug report, one a line."""
    from importlib.metadata import version  # slow to import, and seldom asked for

    lines = [
        f"gradient-lab {version('gradient-lab')}",
        f"PySide6 {version('PySide6-Essentials')}",
        f"pyqtgraph {version('pyqtgraph')}",
        f"Python {platform.python_version()} on {platform.platform()}",
    ]
    if worker is not None:
        lines.append(
            f"torch {worker.torch} in the training process, devices: {', '.join(worker.devices)}"
        )
    return "\n".join(lines)
