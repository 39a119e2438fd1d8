"""What the views of a picture have in common: two plots, their items while a view is shown, tiles and colours."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF

from engine.language import tr
from engine.stats import Backdrop, Picture
from engine.training import RunHistory
from gui.common.theme import Theme

from .mosaic import Mosaic, Pixels, cross_out, signed_colors

Table = tuple[Sequence[str], Sequence[Sequence[Any]]]


@dataclass(frozen=True, slots=True)
class Shown:
    """All that a view draws."""

    history: RunHistory
    backdrop: Backdrop
    picture: Picture
    row: int | None
    """The layer whose units are shown."""
    theme: Theme
    then: Picture | None = None
    """What it is compared with."""


class PictureView:
    """One kind of picture in the two plots of the pane; its items are there while it is the one that is shown."""

    wide = True
    """Whether it needs the second plot."""
    square = False
    """Whether pixels are as high as they are wide."""
    then_name = ""
    """What draws the epoch that is compared with; empty for a view that compares with none."""

    def __init__(self, plots: Sequence[pg.PlotItem]) -> None:
        self.left, self.right = plots
        self._items: list[tuple[pg.PlotItem, pg.GraphicsObject]] = []
        self._titles: dict[pg.PlotItem, str] = {}
        self._layouts: dict[pg.PlotItem, Mosaic] = {}

    def enter(self, backdrop: Backdrop, theme: Theme) -> str:
        """Put the run's data and axes into the plots; the legend."""
        raise TypeError(f"{type(self).__name__} draws nothing")

    def draw(self, shown: Shown) -> None:
        """Draw a picture."""
        raise TypeError(f"{type(self).__name__} draws nothing")

    def read(self, shown: Shown, place: QPointF, plot: int) -> tuple[str, int | None]:
        """What lies under a place, and the row of its layer."""
        raise TypeError(f"{type(self).__name__} reads nothing")

    def table(self, shown: Shown) -> Table:
        """The picture's numbers."""
        raise TypeError(f"{type(self).__name__} has no table")

    def show_points(self, _on: bool) -> None:
        """Show or hide the data."""

    def leave(self) -> None:
        """Take everything out of the plots."""
        for plot, item in self._items:
            plot.removeItem(item)
        self._items.clear()
        self._titles.clear()
        self._layouts.clear()

    def add(self, plot: pg.PlotItem, item: pg.GraphicsObject) -> None:
        """Put an item into a plot until the view is left."""
        plot.addItem(item)
        self._items.append((plot, item))

    def bare(self, plot: pg.PlotItem) -> None:
        """A plot of pictures, whose axes have no numbers."""
        plot.hideAxis("left")
        plot.getAxis("bottom").setTicks([[]])
        plot.getAxis("bottom").setStyle(tickLength=0)
        plot.getViewBox().setAspectLocked(self.square)

    def scaled(self, plot: pg.PlotItem, backdrop: Backdrop) -> None:
        """A plot whose axes have the data's own units."""
        plot.showAxis("left")
        plot.getAxis("bottom").setTicks(None)
        plot.getViewBox().setAspectLocked(False)
        names = (*backdrop.input_names, tr("target"))
        self.title(plot, names[0])
        plot.setLabel("left", names[1])

    def title(self, plot: pg.PlotItem, text: str) -> None:
        """The words below a plot; setting them is slow."""
        if self._titles.get(plot) != text:
            self._titles[plot] = text
            plot.setLabel("bottom", text)

    def show_tiles(
        self,
        plot: pg.PlotItem,
        item: pg.ImageItem,
        tiles: Sequence[Pixels],
        layout: Mosaic,
        theme: Theme,
    ) -> None:
        """Draw zoomed tiles into a plot that shows nothing else."""
        item.setImage(layout.painted(tiles, theme.border, theme.surface), autoLevels=False)
        if self._layouts.get(plot) != layout:
            self._layouts[plot] = layout
            height, width = layout.size
            item.setRect(QRectF(0, 0, width, height))
            plot.getViewBox().setRange(xRange=(0, width), yRange=(0, height), padding=0.01)

    def tile_at(self, plot: pg.PlotItem, place: QPointF) -> tuple[int, int, int] | None:
        """The tile under a place, and the row and column in it."""
        layout = self._layouts.get(plot)
        return layout.found(place.x(), place.y()) if layout else None


def signed_tiles(
    codes: NDArray[np.int8], scales: NDArray[np.floating], layout: Mosaic, theme: Theme
) -> list[Pixels]:
    """Tiles in blue for negative and orange for positive numbers; zero everywhere and not finite are crossed out."""
    colors = signed_colors(theme.vanishing, theme.surface, theme.exploding)
    tiles = list(layout.zoomed(colors[codes.astype(np.int64) + 127]))
    for tile, scale in zip(tiles, scales.tolist(), strict=True):
        if scale == 0:
            cross_out(tile, theme.muted, both=False)
        elif not np.isfinite(scale):
            cross_out(tile, theme.nonfinite, both=True)
    return tiles


def room(plot: pg.PlotItem) -> tuple[float, float]:
    box = plot.getViewBox()
    return max(1.0, box.width()), max(1.0, box.height())


def real_limits(backdrop: Backdrop) -> NDArray[np.float64]:
    """What the picture covers in the data's own units, shape (axes, 2)."""
    limits: NDArray[np.float64] = backdrop.real(backdrop.limits.T).T
    return limits


def signs(theme: Theme) -> str:
    """The legend of blue and orange tiles."""
    return tr(
        '<b style="color: {vanishing}">−</b> negative, <b style="color: {exploding}">+</b> positive'
    ).format(vanishing=theme.vanishing, exploding=theme.exploding)


def heat(shares: NDArray[np.floating], theme: Theme) -> Pixels:
    """Shares from 0 to 1 in the colours of the heat map."""
    colors = pg.colormap.get(theme.heat_map).getLookupTable(0.0, 1.0, 256)[:, :3]
    found: Pixels = colors[np.rint(np.nan_to_num(shares) * 255).astype(np.int64)]
    return found.astype(np.uint8)
