"""Painting many of the same at one go, and in whole pixels: there Qt takes its quick ways, and Python is asked once."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import cast

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QLineF, QRect
from PySide6.QtGui import QPainter, QPixmap, QTransform
from shiboken6 import wrapInstance

Floats = NDArray[np.float64]


@contextmanager
def in_pixels(painter: QPainter) -> Iterator[QTransform]:
    """Paint in the screen's pixels for a while; gives the way there from the item's, a scale and a shift."""
    to_pixels = painter.transform()
    painter.save()
    painter.resetTransform()
    yield to_pixels
    painter.restore()


def to_places(to_pixels: QTransform, x: Floats, y: Floats) -> Floats:
    """Where points lie in pixels, shape (n, 2)."""
    places = np.empty((len(x), 2))
    places[:, 0] = x * to_pixels.m11() + to_pixels.dx()
    places[:, 1] = y * to_pixels.m22() + to_pixels.dy()
    return places


def fill_rects(painter: QPainter, rects: NDArray[np.int32]) -> None:
    """Fill rectangles (n, 4) with the painter's brush: left, top, and the last column and row within, as in a QRect.

    They are handed over where they lie: a QRect made for each takes longer than painting it.
    """
    if len(rects):
        first = cast(QRect, wrapInstance(rects.ctypes.data, QRect))
        painter.drawRects(first, len(rects))


def stamp(painter: QPainter, picture: QPixmap, centres: Floats) -> None:
    """Put a picture around each of the centres (n, 2), at the nearest whole pixels."""
    if not len(centres):
        return
    fragments = np.zeros((len(centres), 10))  # a `PixmapFragment` is ten numbers
    fragments[:, :2] = centres
    fragments[:, 4:6] = picture.width(), picture.height()
    fragments[:, 6:8] = 1.0 / picture.devicePixelRatioF()
    fragments[:, 9] = 1.0  # opaque
    first = wrapInstance(fragments.ctypes.data, QPainter.PixmapFragment)
    painter.drawPixmapFragments(cast(QPainter.PixmapFragment, first), len(fragments), picture)


def draw_lines(painter: QPainter, lines: Floats) -> None:
    """Draw lines (n, 4) with the painter's pen: x and y of one end, then of the other."""
    if len(lines):
        first = cast(QLineF, wrapInstance(lines.ctypes.data, QLineF))
        painter.drawLines(first, len(lines))
