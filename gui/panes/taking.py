"""What a pane shows, as files for elsewhere, and the menu that offers them."""

import csv
import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyqtgraph as pg
from PySide6.QtCore import QBuffer, QIODevice, QPoint
from PySide6.QtGui import QGuiApplication, QPainter, QRegion
from PySide6.QtSvg import QSvgGenerator
from PySide6.QtWidgets import QFileDialog, QGraphicsItem, QGraphicsView, QMenu, QToolButton, QWidget

from engine.graph import StorageError, write_atomically
from engine.language import tr
from gui.common.tips import in_lines

if TYPE_CHECKING:
    from .pane import Pane

KINDS = ("png", "svg", "csv")


def csv_of(header: Sequence[str], rows: Sequence[Sequence[Any]]) -> bytes:
    """A table as UTF-8 text with commas."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(header)
    writer.writerows(rows)
    return text.getvalue().encode()


def svg_of(page: QWidget, plot: QGraphicsView) -> bytes:
    """A page with its drawing, legend and all, as lines and letters.

    By Qt's own generator: pyqtgraph's exporter cannot read the paths that Qt 6.11 writes.
    """
    buffer, generator = QBuffer(), QSvgGenerator(QSvgGenerator.SvgVersion.Svg11)
    generator.setOutputDevice(buffer)
    generator.setSize(page.size())
    generator.setViewBox(page.rect())
    with _uncached(plot), QPainter(generator) as painter:
        page.render(painter, QPoint(), QRegion(), QWidget.RenderFlag.DrawChildren)
    return bytes(buffer.data().data())


@contextmanager
def _uncached(plot: QGraphicsView) -> Iterator[None]:
    """Have everything drawn anew, as lines and letters instead of kept pictures."""
    kept = {item: item.cacheMode() for item in plot.scene().items()}
    ground = plot.cacheMode()
    plot.setCacheMode(QGraphicsView.CacheModeFlag.CacheNone)
    points = [item for item in kept if isinstance(item, pg.ScatterPlotItem)]
    for item in kept:
        item.setCacheMode(QGraphicsItem.CacheMode.NoCache)
    for item in points:
        item.setExportMode(True, {})  # each as a shape, not as a part of one picture of all
    try:
        yield
    finally:
        plot.setCacheMode(ground)
        for item in points:
            item.setExportMode(False)
        for item, mode in kept.items():
            item.setCacheMode(mode)


def png_of(widget: QWidget) -> bytes:
    """The widget as it looks now."""
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    widget.grab().save(buffer, "PNG")
    return bytes(buffer.data().data())


class Taking:
    """Takes what a pane shows along; the pane's `failed` says when it cannot."""

    def __init__(self, pane: "Pane") -> None:
        self._pane = pane

    def copy_picture(self) -> None:
        """Put the pane's picture on the clipboard."""
        QGuiApplication.clipboard().setPixmap(self._pane.grab())

    def copy_numbers(self) -> None:
        """Put the table of what is shown on the clipboard, as CSV."""
        try:
            QGuiApplication.clipboard().setText(self.content(".csv").decode())
        except ValueError as error:
            self._pane.failed.emit(str(error))

    def copy_sentence(self) -> None:
        """Put what the pane says on the clipboard: its caption, or why it shows nothing."""
        QGuiApplication.clipboard().setText(self._pane.accessibleDescription())

    def save(self, path: Path) -> None:
        """Write the pane to a PNG, SVG or CSV file, by the name's ending."""
        try:
            write_atomically(path, self.content(path.suffix.lower()))
        except (StorageError, ValueError) as error:
            self._pane.failed.emit(str(error))

    def content(self, kind: str) -> bytes:
        """What is shown now as `.svg`, `.csv` or `.png`, also when it is hidden; ValueError when there is nothing."""
        pane = self._pane
        if not pane.has_content():
            raise ValueError(tr("There is nothing to save yet. Press Run first"))
        pane.draw_now()
        if kind == ".svg":
            return svg_of(pane.page, pane.plot)
        if kind == ".csv":
            return csv_of(*pane.table())
        if kind == ".png":
            return png_of(pane)
        raise ValueError(
            tr("Files that end in {kind!r} cannot be written. Choose .png, .svg or .csv").format(
                kind=kind
            )
        )


def export_button(pane: "Pane") -> QToolButton:
    """A button with the menu of what can be copied and saved."""
    button = QToolButton()
    button.setText("⋯")
    button.setAutoRaise(True)
    button.setToolTip(tr("Save or copy what this pane shows"))
    button.setAccessibleName(tr("Save or copy: {name}").format(name=pane.name))
    button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
    menu = QMenu(button)
    menu.addAction(tr("Copy p&icture"), pane.taking.copy_picture)
    menu.addAction(tr("Copy &numbers"), pane.taking.copy_numbers)
    menu.addAction(tr("Copy cap&tion"), pane.taking.copy_sentence)
    menu.addSeparator()
    for kind in KINDS:
        menu.addAction(
            tr("Save as &{kind} …").format(kind=kind.upper()), partial(_ask_and_save, pane, kind)
        )
    button.setMenu(menu)
    return button


def alone_button(pane: "Pane") -> QToolButton:
    """A button that has the pane fill the screen."""
    button = QToolButton()
    button.setText("⤢")
    button.setAutoRaise(True)
    button.setToolTip(
        in_lines(tr("Fill the screen with this pane, and back (Shift+F11; Esc goes back)"))
    )
    button.setAccessibleName(tr("Fill the screen: {name}").format(name=pane.name))
    button.clicked.connect(pane.alone_wanted)
    return button


def _ask_and_save(pane: "Pane", kind: str) -> None:
    start = str(Path.home() / f"{pane.name}.{kind}")
    chosen, _ = QFileDialog.getSaveFileName(
        pane, tr("Save what this pane shows"), start, f"{kind.upper()} (*.{kind})"
    )
    if chosen:
        pane.taking.save(Path(chosen) if Path(chosen).suffix else Path(f"{chosen}.{kind}"))
