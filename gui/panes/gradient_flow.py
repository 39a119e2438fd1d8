"""How large gradients, updates and activations are: layer by layer, or layer by layer over all epochs."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QPointF
from PySide6.QtGui import QFontMetricsF

from engine.language import tr
from engine.stats import SCALAR_COLUMNS
from engine.training import LayerInfo, RunHistory
from gui.common.theme import GRID, ThemeSource
from gui.common.tips import in_lines
from gui.training.reading import COLORS, View, current_view, read_flow

from .axes import FlowAxis
from .flow_legend import FlowLegend
from .gradient_lines import FlowLines, Flows
from .gradient_marks import GRADIENT, QUANTITIES, SPREAD, Rows, has_quantity, worst_first
from .heat import HeatMap, Magnitudes
from .mark_line import MarkLine
from .pane import Pane
from .plots import entitle, fitting_title
from .reading import flow_caption, flow_headline, thinned
from .theory import (
    ShownTheory,
    TheoryColumns,
    columns_of,
    theory_caption,
    theory_clause,
    theory_headline,
    theory_help,
    theory_name,
    theory_verdict,
)

_LESSON = tr(
    "How large the gradient is at every layer, on a logarithmic scale. A line "
    "that drops towards the input is a vanishing gradient: the first layers "
    "learn nothing. One that rises is an exploding gradient."
)
_LABEL_GAP = 10.0
_GRID_ALPHA = 0.25
_POINT_ROOM = 1.5 * GRID
"""Below this many pixels a layer, points would hide the line."""
_TITLES = {q.column: q for q in QUANTITIES}


class GradientFlowPane(Pane):
    """Lines over depth with the theory's beside them, or a heat map of one quantity over depth and epochs."""

    def __init__(self, themes: ThemeSource) -> None:
        self.lines = FlowLines()
        self.heat = HeatMap()
        self.curves, self.points = self.lines.curves, self.lines.points
        self.zeros, self.nonfinite = self.lines.zeros, self.lines.nonfinite
        self._axis = FlowAxis("left")
        self._chosen = MarkLine()
        self._order: Rows = np.empty(0, np.int64)
        self._columns: TheoryColumns | None = None
        self._ticks: object = None
        self._helped: object = None
        self._shows_map = False
        self._shown_rows = self._order
        """Of the heat map: only layers that have the quantity."""
        self.keys = FlowLegend()
        super().__init__("gradient-flow", tr("Gradient flow"), _LESSON, themes)
        self.legend.addLayout(self.keys)
        self.keys.changed.connect(self.data_changed)

    @property
    def order(self) -> Rows:
        """The row of the run's tables that stands at each place, from left to right."""
        return self._order

    @property
    def foretold(self) -> TheoryColumns | None:
        """What theory says, in the rows and the unit of what is shown."""
        return self._columns

    def furnish(self, plots: Sequence[pg.PlotItem]) -> None:
        (plot,) = plots
        plot.setAxisItems({"left": self._axis})
        plot.showGrid(y=True, alpha=_GRID_ALPHA)
        self.heat.join(plot)
        self._chosen.join(plot)
        self.lines.join(plot)
        self._label_axes()

    def restart(self) -> None:
        self.lines.restart()
        self.heat.restart()

    def show_theory(self, theory: ShownTheory | None) -> None:
        if self.history is None:
            self.lines.restart()  # another network: nothing is to be compared with the one before
        super().show_theory(theory)

    def has_content(self) -> bool:
        foretold = self._theory is not None and self._theory.prediction.applies.any()
        return super().has_content() or bool(foretold)

    def draw(self) -> str:
        view, layers = current_view(self.history, self._epoch), self._layers()
        measured = None if view is None else view.table.activation_gradient_rms
        theory = self._theory
        self._columns = None if theory is None else columns_of(theory, layers, measured)
        self._order = self._sorted(layers, measured)
        self._switch()
        if self._is_map and self.history is not None:
            self._draw_map(self.history)
        else:
            self.lines.draw(self._flows(layers, view), self._is_roomy)
        self._draw_legend(view)
        self._draw_chosen(layers)
        self._draw_labels(layers)
        if view is None:
            return self._draw_foretold()
        flow = read_flow(layers, view.table)
        self.show_headline(flow_headline(flow), getattr(self.theme, COLORS[flow.verdict]))
        shown = theory is not None and self._shows_theory and self._matches
        clause = theory_clause(theory, trained=view.is_trained) if theory and shown else ""
        return flow_caption(layers, view, flow) + clause

    def color_items(self) -> None:
        self.lines.set_theme(self.theme)
        self.heat.set_theme(self.theme)
        self.keys.set_theme(self.theme)
        self._chosen.set_line(self.theme.pen(self.theme.color("accent", 0.6), 2.0))

    def table(self) -> tuple[Sequence[str], Sequence[Sequence[Any]]]:
        if self._is_map and self.history is not None:
            return _over_epochs(self.history, self.keys.quantity.currentData())
        view, columns = current_view(self.history, self._epoch), self._columns
        header = ["layer", "kind", "epoch", *SCALAR_COLUMNS]
        header += ["theory_gradient_rms", "theory_std", "theory_applies"] if columns else []
        rows = []
        for row, info in enumerate(self._layers()):
            numbers = [float(getattr(view.table, c)[row]) if view else "" for c in SCALAR_COLUMNS]
            cells = [info.id, info.kind, view.epoch if view else "", *numbers]
            if columns:
                foretold = float(columns.gradient[row]), float(columns.std[row])
                cells += [*foretold, bool(columns.applies[row])]
            rows.append(cells)
        return header, rows

    def read_at(self, place: QPointF, _plot: int) -> tuple[str, str | None]:
        layers, at = self._layers(), round(place.x())
        if not 0 <= at < min(len(layers), self._order.size):
            return "", None
        row = int(self._order[at])
        info = layers[row]
        if self._is_map and self.history is not None:
            return f"{info.label}, {self._read_map(row, place)}", info.id
        view = current_view(self.history, self._epoch)
        parts = [
            f"{q.title} {getattr(view.table, q.column)[row]:.3g}"
            for q in QUANTITIES
            if view is not None and np.isfinite(getattr(view.table, q.column)[row])
        ]
        parts += self._read_theory(row)
        return f"{info.label}: {', '.join(parts) or tr('has none of these')}", info.id

    def epoch_at(self, place: QPointF, _plot: int) -> int | None:
        if not (self._is_map and self.history is not None and self.history.epochs):
            return None
        first, last = self.history.started.first_epoch, len(self.history.epochs) - 1
        return min(max(0, round(place.y()) - first), last)

    def _read_map(self, row: int, place: QPointF) -> str:
        assert self.history is not None
        index = self.epoch_at(place, 0)
        quantity = _TITLES[self.keys.quantity.currentData()]
        if index is None:
            return tr("nothing was measured")
        stats = self.history.epochs[index]
        value = getattr(stats.layers, quantity.column)[row]
        return tr("epoch {epoch}: {title} {value:.3g}").format(
            epoch=stats.epoch, title=quantity.title, value=value
        )

    def _read_theory(self, row: int) -> list[str]:
        columns = self._columns
        if columns is None or not self._shows_theory:
            return []
        parts, shown = [], self.keys.menu.shown
        if GRADIENT in shown and np.isfinite(columns.gradient[row]):
            low, high = columns.low[row], columns.high[row]
            parts.append(
                tr("theory {gradient:.3g} ({low:.2g} … {high:.2g})").format(
                    gradient=columns.gradient[row], low=low, high=high
                )
            )
        if SPREAD in shown and np.isfinite(columns.std[row]):
            parts.append(tr("theory σ {std:.3g}").format(std=columns.std[row]))
        return parts

    @property
    def _is_map(self) -> bool:
        measured = self.history is not None and bool(self.history.epochs)
        return measured and self.keys.menu.wants_map

    @property
    def _shows_theory(self) -> bool:
        return self.keys.menu.theory.isChecked()

    @property
    def _is_roomy(self) -> bool:
        return bool(self.plot.getViewBox().width() >= _POINT_ROOM * len(self._layers()))

    @property
    def _matches(self) -> bool:
        """Whether theory has a figure for any row that is shown."""
        columns = self._columns
        return columns is not None and bool(np.isfinite(columns.std).any() or columns.applies.any())

    def _layers(self) -> Sequence[LayerInfo]:
        if self.history is not None and self.history.epochs:
            return self.history.layers
        return self._theory.layers if self._theory else ()

    def _sorted(self, layers: Sequence[LayerInfo], measured: Any) -> Rows:
        if not self.keys.menu.worst.isChecked():
            return np.arange(len(layers))
        if measured is None:
            assert self._columns is not None
            measured = self._columns.gradient
        return worst_first(layers, measured)

    def _flows(self, layers: Sequence[LayerInfo], view: View | None) -> Flows:
        compared = None
        if self.history is not None and view is not None:
            pinned = current_view(self.history, self._pinned)
            if self._pinned is not None and pinned is not None:
                compared = pinned.table
            elif view.is_trained:
                compared = self.history.epochs[0].layers
        theory = self._columns if self._shows_theory else None
        table = None if view is None else view.table
        return Flows(
            layers, self._order, self.keys.menu.shown, table, compared, self._pinned is None, theory
        )

    def _draw_map(self, history: RunHistory) -> None:
        quantity = _TITLES[self.keys.quantity.currentData()]
        of = (
            len(history.epochs),
            quantity.column,
            self.keys.menu.worst.isChecked(),
            self._order.tobytes(),
        )
        first, count = history.started.first_epoch, len(history.epochs)
        if not self.heat.is_drawn(of):
            found = history.over_epochs(quantity.column)
            values = np.asarray(found.values, np.float64)
            applies = has_quantity(quantity, history.layers) | np.isfinite(values)
            if quantity.column == "update_ratio":
                applies &= ~np.isnan(values).all(axis=1, keepdims=True)
            there = np.flatnonzero(applies.any(axis=0))
            self._shown_rows = self._order[np.isin(self._order, there)]
            rows = self._shown_rows
            self.heat.draw(Magnitudes(found.epochs + first, values[:, rows], applies[:, rows]), of)
        self._order = self._shown_rows
        whole = history.started.epochs + 1
        self.heat.frame(max(1, self._order.size), first, count, whole, quantity.title)
        shown_index = count - 1 if self._epoch is None else min(self._epoch, count - 1)
        self.heat.playhead.mark(first + shown_index)

    def _draw_foretold(self) -> str:
        assert self._theory is not None
        color = getattr(self.theme, COLORS[theory_verdict(self._theory)])
        self.show_headline(theory_headline(self._theory), color)
        return theory_caption(self._theory)

    def _draw_legend(self, view: View | None) -> None:
        trained, before = view is not None and view.is_trained, ""
        if self.history is not None and (trained or self._pinned is not None):
            compared = self.history.started.first_epoch + (self._pinned or 0)
            before = tr("- - epoch {epoch}").format(epoch=compared)
        self.keys.before.setToolTip(
            in_lines(
                tr("∂L/∂z before training, to compare with")
                if self._pinned is None
                else tr("The pinned epoch, to compare with")
            )
        )
        self.keys.show_keys(
            is_map=self._is_map,
            misfits=self.heat.has_misfits,
            theory=self._matches,
            before=before,
        )
        self._help_theory(trained)

    def _help_theory(self, trained: bool) -> None:
        theory, columns = self._theory, self._columns
        if theory is None or columns is None or (theory, trained, columns.end) == self._helped:
            return
        self._helped = (theory, trained, columns.end)
        name = theory_name(theory, trained=trained)
        self.keys.theory.setText(f"··· {name}")
        end = None if columns.end is None else self._layers()[columns.end]
        for key in (self.keys.theory, self.keys.menu.theory):
            key.setToolTip(in_lines(theory_help(theory, end)))

    def _switch(self) -> None:
        """Change between lines and heat map, when it is time to."""
        is_map = self._is_map
        if is_map != self._shows_map:
            self._shows_map = is_map
            if is_map:
                self.lines.hide()
            self.heat.set_visible(is_map)
            self.plot_items[0].showGrid(y=not is_map, alpha=_GRID_ALPHA)
            self._axis.set_kind("epochs" if is_map else "decades")
            self._ticks = None

    def _label_axes(self) -> None:
        order = (
            tr("worst gradient first")
            if self.keys.menu.worst.isChecked()
            else tr("from input to output")
        )
        (plot,) = self.plot_items
        entitle(plot, "bottom", tr("layer, {order}").format(order=order))
        titles = (tr("epoch"),) if self._is_map else (tr("size (log scale)"), tr("size"))
        height = plot.getViewBox().height()
        entitle(plot, "left", fitting_title(titles, QFontMetricsF(self.font()), height))

    def _draw_chosen(self, layers: Sequence[LayerInfo]) -> None:
        rows = [row for row, layer in enumerate(layers) if layer.id in self._selected]
        places = np.flatnonzero(np.isin(self._order, rows[:1] if len(rows) == 1 else []))
        self._chosen.mark(int(places[0]) if places.size else None)

    def _draw_labels(self, layers: Sequence[LayerInfo]) -> None:
        box = self.plot.getViewBox()
        left, right = box.viewRange()[0]
        worst = self.keys.menu.worst.isChecked()
        wanted = (layers, self._order.tobytes(), worst, box.width(), box.height(), right)
        if wanted == self._ticks:
            return
        self._ticks = wanted
        self._label_axes()
        metrics = QFontMetricsF(self.font())
        room = box.width() / max(1.0, right - left)
        labels = [layers[row].label for row in self._order]
        widths = [metrics.horizontalAdvance(label) * 0.88 for label in labels]
        shown = thinned([place * room for place in range(len(labels))], widths, _LABEL_GAP)
        ticks = [[(place, labels[place]) for place in shown]]
        self.plot.getPlotItem().getAxis("bottom").setTicks(ticks)


def _over_epochs(history: RunHistory, column: str) -> tuple[Sequence[str], Sequence[Sequence[Any]]]:
    found, first = history.over_epochs(column), history.started.first_epoch
    rows = [
        [int(epoch) + first, *values.tolist()]
        for epoch, values in zip(found.epochs, found.values, strict=True)
    ]
    return ["epoch", *(layer.id for layer in history.layers)], rows
