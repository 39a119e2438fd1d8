"""How large gradients, updates and activations are, layer by layer."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QFontMetricsF
from PySide6.QtWidgets import QCheckBox, QLabel

from engine.stats import SCALAR_COLUMNS, LayerTable
from engine.training import LayerInfo
from gui.common.scales import decade_label
from gui.common.theme import GRID, ThemeSource
from gui.training.reading import COLORS, current_view, read_flow

from .pane import Pane
from .reading import flow_caption, flow_headline, thinned

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Quantity:
    """A column that can be drawn."""

    column: str
    title: str
    help: str
    symbol: str
    shown: bool
    of_weight: bool
    """Whether only layers with a weight have it."""


QUANTITIES: tuple[Quantity, ...] = (
    Quantity(
        "activation_gradient_rms",
        "∂L/∂z",
        "Root mean square of the gradient at each layer's output, times the batch size. "
        "This is what tells whether gradients vanish or explode.",
        "o",
        True,
        False,
    ),
    Quantity(
        "weight_gradient_rms",
        "∂L/∂W",
        "Root mean square of the weight's gradient. Alone it can hide vanishing: forward and backward "
        "shrinkage can cancel in it. Look at ∂L/∂z as well.",
        "s",
        False,
        True,
    ),
    Quantity(
        "activation_std",
        "activation σ",
        "Standard deviation of each layer's output over samples and units.",
        "t",
        False,
        False,
    ),
    Quantity(
        "update_ratio",
        "update : weight",
        "‖ΔW‖ / ‖W‖ of the last measured step; about 10⁻³ is usual.",
        "d",
        True,
        True,
    ),
)
_LESSON = (
    "How large the gradient is at every layer, on a logarithmic scale. A line that drops towards the input "
    "is a vanishing gradient: the first layers learn nothing. One that rises is an exploding gradient."
)
_ROOM_DECADES = 0.4
_LABEL_GAP = 10.0
_POINT_ROOM = 1.5 * GRID
"""Below this many pixels a layer, points would hide the line."""


@dataclass(frozen=True, slots=True)
class Marks:
    """Where a quantity's points lie: logarithms where there are any, and rows that have none."""

    rows: NDArray[np.int64]
    logs: Floats
    zero_rows: NDArray[np.int64]
    nonfinite_rows: NDArray[np.int64]


def marks_of(quantity: Quantity, layers: Sequence[LayerInfo], table: LayerTable) -> Marks:
    """Sort a column's values into drawable ones, exact zeros, and ones that are not finite.

    NaN of a layer that lies before every trained weight, or has no weight, is no value at all.
    """
    values: Floats = getattr(table, quantity.column)
    applies = np.array([layer.has_weight or not quantity.of_weight for layer in layers], bool)
    if quantity.column == "activation_gradient_rms":
        applies &= _past_first_weight(layers)
    if quantity.column == "update_ratio" and np.isnan(values).all():
        applies[:] = False
    rows = np.arange(len(layers))
    finite = np.isfinite(values) & applies
    drawable = finite & (values > 0)
    return Marks(
        rows[drawable],
        np.log10(values[drawable]),
        rows[finite & (values == 0)],
        rows[~np.isfinite(values) & applies],
    )


def _past_first_weight(layers: Sequence[LayerInfo]) -> NDArray[np.bool_]:
    """Before the first trained weight there is nothing that a gradient would be computed for."""
    trained = np.array([layer.has_weight for layer in layers], bool)
    return np.maximum.accumulate(trained) if trained.size else trained


class DecadeAxis(pg.AxisItem):
    """Ticks at whole powers of ten."""

    def tickValues(self, low: float, high: float, size: float) -> list[tuple[float, list[float]]]:
        fits = max(1, int(size / (3 * GRID)))
        step = max(1, int(np.ceil((high - low) / fits)))
        first = int(np.ceil(low / step)) * step
        return [(float(step), [float(v) for v in range(first, int(np.floor(high)) + 1, step)])]

    def tickStrings(self, values: Sequence[float], _scale: float, _spacing: float) -> list[str]:
        return [decade_label(value) for value in values]


class GradientFlowPane(Pane):
    """Magnitudes over depth, on a logarithmic scale; zero, NaN and "has none" look different."""

    def __init__(self, themes: ThemeSource) -> None:
        self.curves = {q.column: pg.PlotCurveItem() for q in QUANTITIES}
        self.points = {
            q.column: pg.ScatterPlotItem(symbol=q.symbol, size=6, pen=None) for q in QUANTITIES
        }
        self.zeros = pg.ScatterPlotItem(symbol="x", size=9)
        self.nonfinite = pg.ScatterPlotItem(symbol="+", size=12)
        self._ghost = pg.PlotCurveItem()
        self._chosen = [pg.InfiniteLine(angle=90, movable=False)]
        self._boxes: dict[str, QCheckBox] = {}
        self._range: tuple[float, float] | None = None
        self._ranges: object = None
        self._ticks: object = None
        super().__init__("gradient-flow", "Gradient flow", _LESSON, themes)
        for quantity in QUANTITIES:
            box = QCheckBox(quantity.title)
            box.setChecked(quantity.shown)
            box.setToolTip(quantity.help)
            box.toggled.connect(self._toggle)
            self._boxes[quantity.column] = box
            self.legend.addWidget(box)
        self._ghost_key = QLabel("- - before training")
        self._ghost_key.setToolTip("∂L/∂z at epoch 0, to compare with")
        self.legend.addWidget(self._ghost_key)
        self.legend.addStretch(1)

    def furnish(self, plots: Sequence[pg.PlotItem]) -> None:
        (plot,) = plots
        plot.setAxisItems({"left": DecadeAxis("left")})
        plot.setLabel("bottom", "layer, from input to output")
        plot.setLabel("left", "size (log scale)")
        plot.showGrid(y=True, alpha=0.25)
        drawn = (*self.curves.values(), *self.points.values())
        for item in (self._ghost, *self._chosen, *drawn, self.zeros, self.nonfinite):
            plot.addItem(item)

    def restart(self) -> None:
        self._range = None

    def draw(self) -> str:
        view = current_view(self.history, self._epoch)
        history = self.history
        assert view is not None
        assert history is not None
        marks = {
            q.column: marks_of(q, history.layers, view.table)
            for q in QUANTITIES
            if self._boxes[q.column].isChecked()
        }
        self._draw_curves(marks)
        self._draw_ghost(view.epoch)
        self._fit(list(marks.values()), len(history.layers))
        self._draw_misfits(list(marks.values()))
        self._draw_chosen()
        self._draw_labels(history.layers)
        flow = read_flow(history.layers, view.table)
        self.show_headline(flow_headline(flow), getattr(self.theme, COLORS[flow.verdict]))
        return flow_caption(history.layers, view)

    def color_items(self) -> None:
        for (column, curve), color in zip(self.curves.items(), self.theme.series, strict=False):
            curve.setPen(pg.mkPen(color, width=2))
            self.points[column].setBrush(color)
            self._boxes[column].setStyleSheet(f"color: {color};")
        self._ghost.setPen(
            pg.mkPen(self.theme.color("muted", 0.5), width=1, style=Qt.PenStyle.DashLine)
        )
        self.zeros.setPen(pg.mkPen(self.theme.vanishing, width=2))
        self.zeros.setBrush(None)
        self.nonfinite.setPen(pg.mkPen(self.theme.nonfinite, width=1))
        self.nonfinite.setBrush(pg.mkBrush(self.theme.nonfinite))
        self._ghost_key.setStyleSheet(f"color: {self.theme.muted};")
        for line in self._chosen:
            line.setPen(pg.mkPen(self.theme.color("accent", 0.6), width=2))

    def table(self) -> tuple[Sequence[str], Sequence[Sequence[Any]]]:
        view = current_view(self.history, self._epoch)
        assert view is not None
        assert self.history is not None
        header = ["layer", "kind", "epoch", *SCALAR_COLUMNS]
        rows = [
            [
                info.id,
                info.kind,
                view.epoch,
                *(float(getattr(view.table, c)[row]) for c in SCALAR_COLUMNS),
            ]
            for row, info in enumerate(self.history.layers)
        ]
        return header, rows

    def read_at(self, place: QPointF, _plot: int) -> tuple[str, str | None]:
        view, row = current_view(self.history, self._epoch), round(place.x())
        if view is None or self.history is None or not 0 <= row < len(self.history.layers):
            return "", None
        info = self.history.layers[row]
        parts = [
            f"{q.title} {getattr(view.table, q.column)[row]:.3g}"
            for q in QUANTITIES
            if self._boxes[q.column].isChecked()
            and not np.isnan(getattr(view.table, q.column)[row])
        ]
        return f"{info.label}: {', '.join(parts)}", info.id

    def _toggle(self) -> None:
        self._range = None
        self.data_changed()

    def _draw_curves(self, marks: Mapping[str, Marks]) -> None:
        """Lines, with a point at each layer where there is room for points."""
        assert self.history is not None
        roomy = self.plot.getViewBox().width() >= _POINT_ROOM * len(self.history.layers)
        for column, curve in self.curves.items():
            count = marks[column].rows.size if column in marks else 0
            shown = {curve: count > 1, self.points[column]: count == 1 or (count > 1 and roomy)}
            for item, visible in shown.items():
                item.setVisible(visible)
                if visible:
                    item.setData(marks[column].rows, marks[column].logs)

    def _draw_ghost(self, epoch: int) -> None:
        """The gradient before training, faint, to compare with."""
        assert self.history is not None
        shown = epoch > 0 and self._boxes[QUANTITIES[0].column].isChecked()
        self._ghost.setVisible(shown)
        self._ghost_key.setVisible(shown)
        if shown:
            first = marks_of(QUANTITIES[0], self.history.layers, self.history.epochs[0].layers)
            self._ghost.setData(first.rows, first.logs)

    def _fit(self, marks: Sequence[Marks], layers: int) -> None:
        """A range that only grows while a run lasts, so that epochs can be compared."""
        logs = np.concatenate([m.logs for m in marks]) if marks else np.empty(0)
        low, high = (float(logs.min()), float(logs.max())) if logs.size else (-1.0, 0.0)
        if self._range is not None:
            low, high = min(low, self._range[0]), max(high, self._range[1])
        self._range = low, high
        wanted = (low - _ROOM_DECADES, max(high, low + 1.0) + _ROOM_DECADES)
        ranges = (-0.5, layers - 0.5), wanted
        if ranges != self._ranges:
            self._ranges = ranges
            self.plot.getViewBox().setRange(xRange=ranges[0], yRange=ranges[1], padding=0.0)

    def _draw_misfits(self, marks: Sequence[Marks]) -> None:
        """Exact zeros on the floor, what is not finite at the ceiling."""
        assert self._range is not None
        none = np.empty(0, np.int64)
        zeros = np.unique(np.concatenate([none, *(m.zero_rows for m in marks)]))
        broken = np.unique(np.concatenate([none, *(m.nonfinite_rows for m in marks)]))
        floor, ceiling = self._range[0] - 0.25, max(self._range[1], self._range[0] + 1.0) + 0.25
        self.show_marks(self.zeros, zeros, floor)
        self.show_marks(self.nonfinite, broken, ceiling)

    def _draw_chosen(self) -> None:
        assert self.history is not None
        rows = [row for i in self._selected if (row := self.history.row(i)) is not None]
        self._chosen[0].setVisible(len(rows) == 1)
        if len(rows) == 1:
            self._chosen[0].setPos(rows[0])

    def _draw_labels(self, layers: Sequence[LayerInfo]) -> None:
        width = self.plot.getViewBox().width()
        wanted = (len(layers), width)
        if wanted == self._ticks:
            return
        self._ticks = wanted
        metrics = QFontMetricsF(self.font())
        room = width / max(1, len(layers))
        widths = [metrics.horizontalAdvance(info.label) * 0.88 for info in layers]
        shown = thinned([row * room for row in range(len(layers))], widths, _LABEL_GAP)
        self.plot.getPlotItem().getAxis("bottom").setTicks(
            [[(row, layers[row].label) for row in shown]]
        )
