"""Painting in whole pixels over a plot: there Qt takes its quick ways."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import cast

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QRect
from PySide6.QtGui import QPainter, QTransform
from shiboken6 import wrapInstance


@contextmanager
def in_pixels(painter: QPainter) -> Iterator[QTransform]:
    """Paint in the screen's pixels for a while; what leads from the plot's coordinates, neither turned nor sheared."""
    to_pixels = painter.transform()
    painter.save()
    painter.resetTransform()
    yield to_pixels
    painter.restore()


def fill_rects(painter: QPainter, rects: NDArray[np.int32]) -> None:
    """Fill rectangles (n, 4) with the painter's brush: left, top, and the last column and row within, as in a QRect.

    They are handed over where they lie: a QRect made for each takes longer than painting it.
    """
    if len(rects):
        first = cast(QRect, wrapInstance(rects.ctypes.data, QRect))
        painter.drawRects(first, len(rects))
