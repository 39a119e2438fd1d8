"""Texts about the lab itself: shortcuts, versions, licence. Shown beside the window, never over it."""

import platform
from collections.abc import Sequence
from importlib.resources import files

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QTextBrowser, QVBoxLayout, QWidget

from engine.language import tr
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
    everywhere = tr("## Everywhere\n\n| what | keys |\n|---|---|\n")
    return f"{everywhere}{rows}\n\n{_CANVAS_KEYS}"


_CANVAS_KEYS = tr(
    "## On the canvas\n\n| what | keys |\n|---|---|\n| Choose the next layer | arrow "
    "keys |\n| Move the chosen layers | Ctrl + arrow keys |\n| Rename | F2 or "
    "Enter |\n| Wire two chosen layers | Ctrl+L |\n| Cancel a drag | Esc |\n| Shift "
    "the view | Space and drag, or the middle button |\n| Enlarge, shrink | Ctrl "
    "+ wheel |\n\n## In a pane\n\n| what | keys |\n|---|---|\n| Choose another layer | "
    "arrow keys |\n| Back from a pane that fills the screen | Esc |\n\n## On the "
    "epoch slider\n\n| what | keys |\n|---|---|\n| The epoch before, the epoch after "
    "| arrow keys |\n| A twentieth of the run back or on | Page down, Page up |\n| "
    "The first epoch, the newest epoch | Home, End |\n"
)


def about_text() -> str:
    """Version, purpose, licence and the sources of the bundled data, as Markdown."""
    from importlib.metadata import version  # slow to import, and seldom asked for

    sources = files("resources").joinpath("data", "SOURCES.md").read_text("utf-8")
    return tr(
        "# Gradient Lab {version}\n\nAn offline lab in which anybody can see why deep "
        "networks fail to train, and fix them.\n\nMIT licence. Nothing you do here "
        "leaves this computer.\n\n{sources}"
    ).format(version=version("gradient-lab"), sources=sources)


def versions_text(worker: WorkerReady | None) -> str:
    """Versions for a bug report, one a line."""
    from importlib.metadata import version  # slow to import, and seldom asked for

    lines = [
        f"gradient-lab {version('gradient-lab')}",
        f"PySide6 {version('PySide6-Essentials')}",
        f"pyqtgraph {version('pyqtgraph')}",
        tr("Python {version} on {system}").format(
            version=platform.python_version(), system=platform.platform()
        ),
    ]
    if worker is not None:
        lines.append(
            tr("torch {version} in the training process, devices: {devices}").format(
                version=worker.torch, devices=", ".join(worker.devices)
            )
        )
    return "\n".join(lines)
