"""Densities as an image whose colours are made once."""

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PySide6.QtCore import QRectF
from PySide6.QtGui import QImage

from gui.common.theme import Theme

_COLORS = 256


class DensityItem(pg.ImageItem):
    """Densities from 0 to 1; the colour goes with the square root, so that rare numbers are seen too.

    pyqtgraph makes its colours anew for every picture, and one with a palette is converted at every paint.
    """

    def __init__(self) -> None:
        super().__init__(axisOrder="row-major")
        self._colors: NDArray[np.uint32] = np.zeros(_COLORS, np.uint32)
        self._pixels: NDArray[np.uint32] = np.empty((0, 0), np.uint32)
        self._framed: tuple[tuple[int, ...], QRectF] | None = None

    def set_theme(self, theme: Theme) -> None:
        """Draw in another heat map's colours."""
        table = pg.colormap.get(theme.heat_map).getLookupTable(nPts=_COLORS)[:, :3]
        red, green, blue = table.astype(np.uint32).T
        self._colors = np.uint32(0xFF000000) | red << 16 | green << 8 | blue
        self._renderRequired = True
        self.update()

    def show_density(self, density: NDArray[np.float64], room: QRectF) -> None:
        """Show densities, shape (rows, columns), in a room of the plot."""
        roots = np.sqrt(density)
        if (roots.shape, room) == self._framed:
            self.image = roots  # of what else pyqtgraph looks at, nothing is another
            self._renderRequired = True
            self.update()
        else:
            self._framed = roots.shape, QRectF(room)
            self.setImage(roots, autoLevels=False, levels=(0.0, 1.0))
            self.setRect(room)

    def render(self) -> None:
        """Make the picture; called by what paints it."""
        codes = (self.image * (_COLORS - 1) + 0.5).astype(np.uint8)
        self._pixels = self._colors.take(
            codes
        )  # the picture does not own its pixels: both are kept
        height, width = codes.shape
        form = QImage.Format.Format_RGB32
        self.qimage = QImage(self._pixels.data, width, height, 4 * width, form)
        self._renderRequired = False
        self._unrenderable = False
