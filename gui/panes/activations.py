"""The distribution of every layer's output: a ridge a layer, or a heat map when there are many."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QFontMetricsF, QPainter, QPainterPath, QPen
from PySide6.QtWidgets import QComboBox, QStyleOptionGraphicsItem, QWidget

from engine.stats import EDGES
from gui.common.scales import from_scale, reach_of, ridges, value_ticks
from gui.common.theme import GRID, Theme, ThemeSource
from gui.training.reading import View, current_view

from .pane import Pane
from .reading import activation_caption, row_remarks, thinned

MANY = 24
"""From more layers on, the heat map is the better picture."""
_LESSON = (
    "How the outputs of every layer are distributed, first layer on top. Ridges that narrow with depth are a "
    "signal that dies; ridges that pile up at the ends are units that saturate."
)
_HEIGHT = 0.92
_AUTOMATIC, _RIDGES, _HEAT_MAP = "Automatic", "Ridges", "Heat map"


class RidgeItem(pg.GraphicsObject):
    """All ridges as one item: the first layer on top, row `i` stands on the line y = i + 1."""

    def __init__(self) -> None:
        super().__init__()
        self.places: NDArray[np.float64] = np.empty(0)
        self.density: NDArray[np.float64] = np.empty((0, 0))
        self._chosen: list[int] = []
        self._paths: list[QPainterPath] = []
        self._theme: Theme | None = None

    def set_theme(self, theme: Theme) -> None:
        """Draw in other colours."""
        self._theme = theme
        self.update()

    def set_ridges(
        self, places: NDArray[np.float64], density: NDArray[np.float64], chosen: Sequence[int]
    ) -> None:
        """Show densities (layers, bins), each at most 1, over bin borders (bins + 1)."""
        if (
            density.shape != self.density.shape
            or places.shape != self.places.shape
            or (places.size and places[-1] != self.places[-1])
        ):
            self.prepareGeometryChange()
        self.places, self.density, self._chosen = places, density, list(chosen)
        centres = (places[1:] + places[:-1]) / 2
        x = np.concatenate((centres[:1], centres, centres[-1:]))
        self._paths = []
        for row, ridge in enumerate(density):
            y = np.concatenate(((0.0,), ridge, (0.0,)))
            self._paths.append(pg.functions.arrayToQPath(x, row + 1 - y * _HEIGHT, connect="all"))
        self.update()

    def boundingRect(self) -> QRectF:
        if not self.places.size:
            return QRectF()
        width = float(self.places[-1] - self.places[0])
        return QRectF(float(self.places[0]), 0.0, width, len(self.density))

    def paint(
        self, painter: QPainter, _option: QStyleOptionGraphicsItem, _widget: QWidget | None = None
    ) -> None:
        if self._theme is None:
            return
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        fill = self._theme.color("ridge", 0.28)
        line = QPen(self._theme.color("ridge"), 0)
        strong = QPen(self._theme.color("exploding"), 0)
        for row, path in enumerate(self._paths):
            chosen = row in self._chosen
            painter.setPen(strong if chosen else line)
            painter.setBrush(self._theme.color("exploding", 0.35) if chosen else fill)
            painter.drawPath(path)


class ActivationsPane(Pane):
    """Layer outputs on a symmetric logarithmic scale whose range only ever grows during a run."""

    def __init__(self, themes: ThemeSource) -> None:
        self._ridge_item = RidgeItem()
        self._image = pg.ImageItem(axisOrder="row-major")
        self._reach = 0.0
        self._ticks: object = None
        super().__init__("activations", "Activations", _LESSON, themes)
        self._kind = QComboBox()
        self._kind.addItems([_AUTOMATIC, _RIDGES, _HEAT_MAP])
        self._kind.setToolTip("Ridges for few layers, a heat map for many")
        self._kind.setAccessibleName("How distributions are drawn")
        self._kind.currentIndexChanged.connect(lambda _index: self.data_changed())
        self.tools.addWidget(self._kind)

    @property
    def ridge_item(self) -> RidgeItem:
        """The drawn ridges, to be read back."""
        return self._ridge_item

    @property
    def image(self) -> pg.ImageItem:
        """The drawn heat map, to be read back."""
        return self._image

    def furnish(self, plots: Sequence[pg.PlotItem]) -> None:
        (plot,) = plots
        plot.invertY(True)
        plot.showAxis("right")
        plot.getAxis("right").setStyle(showValues=True, tickLength=0)
        plot.getAxis("left").setStyle(tickLength=0)
        plot.setLabel("bottom", "output of the layer (smooth logarithmic scale on both sides of 0)")
        for item in (self._image, self._ridge_item):
            plot.addItem(item)

    def restart(self) -> None:
        self._reach = 0.0

    def draw(self) -> str:
        view = current_view(self.history, self._epoch)
        assert view is not None
        assert self.history is not None
        self._reach = max(self._reach, reach_of(view.table))
        places, density = ridges(view.table, self._reach)
        many = self._draws_heat_map(len(density))
        self._ridge_item.setVisible(not many)
        self._image.setVisible(many)
        if many:
            self._image.setImage(np.sqrt(density), autoLevels=False, levels=(0.0, 1.0))
            self._image.setRect(QRectF(places[0], 0.0, places[-1] - places[0], len(density)))
        else:
            rows = [row for i in self._selected if (row := self.history.row(i)) is not None]
            self._ridge_item.set_ridges(places, density, rows)
        self._draw_axes(view, places, len(density))
        self.headline.setText(f"{view.when}, {view.table.samples} samples")
        self.headline.setToolTip(
            "Measured on one batch: a sample of the epoch, not the whole of it"
        )
        return activation_caption(self.history.layers, view)

    def color_items(self) -> None:
        self._ridge_item.set_theme(self.theme)
        self._image.setColorMap(pg.colormap.get(self.theme.heat_map))

    def table(self) -> tuple[Sequence[str], Sequence[Sequence[Any]]]:
        view = current_view(self.history, self._epoch)
        assert view is not None
        assert self.history is not None
        half = view.table.activations.counts.shape[1] // 2
        lows = np.concatenate((EDGES[:half], EDGES[half + 1 : -1]))
        highs = np.concatenate((EDGES[1 : half + 1], EDGES[half + 2 :]))
        header = ["layer", "kind", "epoch", "zeros", "underflow", "overflow", "nonfinite"]
        header += [f"from {low:.6g} to {high:.6g}" for low, high in zip(lows, highs, strict=True)]
        rows = [
            [
                info.id,
                info.kind,
                view.epoch,
                *(int(c[row]) for c in _tallies(view)),
                *view.table.activations.counts[row].tolist(),
            ]
            for row, info in enumerate(self.history.layers)
        ]
        return header, rows

    def read_at(self, place: QPointF, _plot: int) -> tuple[str, str | None]:
        view, row = current_view(self.history, self._epoch), int(place.y() // 1)
        if view is None or self.history is None or not 0 <= row < len(self.history.layers):
            return "", None
        info, table = self.history.layers[row], view.table
        text = (
            f"{info.label}: mean {table.activation_mean[row]:.3g}, σ {table.activation_std[row]:.3g}; "
            f"here {float(from_scale(place.x())):.2g}"
        )
        return text, info.id

    def _draws_heat_map(self, layers: int) -> bool:
        wanted = self._kind.currentText()
        return wanted == _HEAT_MAP or (wanted == _AUTOMATIC and layers > MANY)

    def _draw_axes(self, view: View, places: NDArray[np.float64], layers: int) -> None:
        assert self.history is not None
        box = self.plot.getViewBox()
        remarks = row_remarks(view.table)
        ticks = (float(places[-1]), layers, tuple(remarks), box.height())
        if ticks == self._ticks:
            return
        self._ticks = ticks
        box.setRange(xRange=(places[0], places[-1]), yRange=(0, layers), padding=0.01)
        plot = self.plot.getPlotItem()
        plot.getAxis("bottom").setTicks(
            [_thin_values(value_ticks(self._reach), box.width(), places)]
        )
        metrics = QFontMetricsF(self.font())
        middles = [row + 0.6 for row in range(layers)]
        room = box.height() / max(1, layers)
        shown = thinned([m * room for m in middles], [metrics.height() * 0.8] * layers, 0.0)
        labels = [(middles[row], self.history.layers[row].label) for row in shown]
        plot.getAxis("left").setTicks([labels])
        plot.getAxis("left").setWidth(_width(metrics, [text for _, text in labels]))
        plot.getAxis("right").setTicks(
            [[(middles[row], remarks[row]) for row in shown if remarks[row]]]
        )
        plot.getAxis("right").setWidth(_width(metrics, remarks))


def _tallies(view: View) -> Sequence[NDArray[np.int64]]:
    found = view.table.activations
    return found.zeros, found.underflow, found.overflow, found.nonfinite


def _thin_values(
    ticks: list[tuple[float, str]], width: float, places: NDArray[np.float64]
) -> list[tuple[float, str]]:
    """Value labels without overlap; zero, in the middle, always stays."""
    scale = width / float(places[-1] - places[0])
    positive = [tick for tick in ticks if tick[0] >= 0]
    shown = thinned([tick[0] * scale for tick in positive], [4.5 * GRID] * len(positive), 0.0)
    kept = {positive[index][0] for index in shown}
    return [tick for tick in ticks if abs(tick[0]) in kept]


def _width(metrics: QFontMetricsF, texts: Sequence[str]) -> float:
    return max((metrics.horizontalAdvance(text) * 0.88 for text in texts), default=0.0) + 2 * GRID
