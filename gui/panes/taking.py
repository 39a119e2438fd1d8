"""What a pane shows, as files for elsewhere."""

import csv
import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from PySide6.QtCore import QBuffer, QIODevice
from PySide6.QtGui import QPainter
from PySide6.QtSvg import QSvgGenerator
from PySide6.QtWidgets import QGraphicsItem, QGraphicsView, QWidget


def csv_of(header: Sequence[str], rows: Sequence[Sequence[Any]]) -> bytes:
    """A table as UTF-8 text with commas."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(header)
    writer.writerows(rows)
    return text.getvalue().encode()


def svg_of(plot: QGraphicsView) -> bytes:
    """The drawing as lines and letters.

    By Qt's own generator: pyqtgraph's exporter cannot read the paths that Qt 6.11 writes.
    """
    buffer, generator = QBuffer(), QSvgGenerator(QSvgGenerator.SvgVersion.Svg11)
    generator.setOutputDevice(buffer)
    generator.setSize(plot.size())
    generator.setViewBox(plot.rect())
    with _uncached(plot), QPainter(generator) as painter:
        plot.render(painter)
    return bytes(buffer.data().data())


@contextmanager
def _uncached(plot: QGraphicsView) -> Iterator[None]:
    """Have everything drawn anew, as lines and letters instead of kept pictures."""
    kept = {item: item.cacheMode() for item in plot.scene().items()}
    for item in kept:
        item.setCacheMode(QGraphicsItem.CacheMode.NoCache)
    try:
        yield
    finally:
        for item, mode in kept.items():
            item.setCacheMode(mode)


def png_of(widget: QWidget) -> bytes:
    """The widget as it looks now."""
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    widget.grab().save(buffer, "PNG")
    return bytes(buffer.data().data())
