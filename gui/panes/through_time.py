"""The gradient on its way back through the steps of a sequence, for networks with recurrent layers."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QPointF, QSignalBlocker
from PySide6.QtGui import QFontMetricsF
from PySide6.QtWidgets import QComboBox, QLabel

from engine.language import tr
from engine.stats import LayerTable
from engine.training import RunHistory
from gui.common.elided import ElidedLabel
from gui.common.flow_layout import ShorteningRow
from gui.common.theme import ThemeSource
from gui.common.tips import in_lines
from gui.training.reading import COLORS, View, current_view

from .axes import FlowAxis
from .heat import HeatMap, Magnitudes, misfit_key
from .pane import Pane
from .plots import entitle, fitting_title
from .radius_track import HEALTHY, RadiusTrack
from .time_lines import OWN_COLORS, TimeLines
from .time_track import (
    Course,
    Key,
    TimeTrack,
    gradient_of,
    keys_of,
    name_of,
    read_fading,
    time_caption,
    time_headline,
)

_LESSON = tr(
    "For networks that read sequences: how much of the gradient reaches each "
    "step, ‖∂L/∂h_t‖, on a logarithmic scale. A line that drops to the left "
    "forgets: what was long ago teaches the network nothing. One that rises to "
    "the left explodes."
)
_ABSENCE = tr(
    "This network has no recurrent layer, so nothing goes back through time.\n\nTo "
    "see it, choose a data set of sequences (for example Recall or Adding), put "
    "an RNN, LSTM or GRU between Input and Output, and press Run. Or open File › "
    "Examples › Recall: a recurrent network that forgets."
)
_LINES, _HEAT_MAP, _RADIUS = tr("Steps"), tr("Steps × epochs"), tr("Spectral radius")
_ROOM_DECADES = 0.3


class ThroughTimePane(Pane):
    """Lines over the steps, a heat map over steps and epochs, or the spectral radius over the epochs."""

    def __init__(self, themes: ThemeSource) -> None:
        self.lines = TimeLines()
        self.radius = RadiusTrack()
        self.heat = HeatMap()
        self._axis = FlowAxis("left")
        self._track = TimeTrack()
        self._keys: list[Key] = []
        self._mode = ""
        self._entitled: object = None
        self._course_of: object = None
        self._kept_course = Course.empty()
        self._range: tuple[float, float] | None = None
        self._ranges: object = None
        super().__init__("through-time", tr("Through time"), _LESSON, themes)
        self._build_legend()

    def _build_legend(self) -> None:
        self._kind, self._chosen = QComboBox(), QComboBox()
        self._kind.addItems([_LINES, _HEAT_MAP, _RADIUS])
        self._kind.setToolTip(
            in_lines(
                tr(
                    "Steps of the epoch that is shown, steps over all epochs, or the recurrent "
                    "matrix over all epochs"
                )
            )
        )
        self._kind.setAccessibleName(tr("How the gradient through time is drawn"))
        self._chosen.setToolTip(
            in_lines(tr("The recurrent layer that headline and caption speak of"))
        )
        self._chosen.setAccessibleName(tr("Recurrent layer"))
        self._kind.currentIndexChanged.connect(self._change)
        self._chosen.activated.connect(self._choose)
        self._names = [ElidedLabel() for _ in range(OWN_COLORS)]
        self._cell_key = ElidedLabel(tr("- - cell state"))
        self._pinned_key, self._misfit_key = ElidedLabel(), QLabel()
        self._theory_key = ElidedLabel(tr("··· theory at initialisation"))
        self._theory_key.setToolTip(
            in_lines(
                tr(
                    "√χ₁ a step, what mean-field theory predicts for a long sequence at the "
                    "initialisation; it begins at the last step's measured value"
                )
            )
        )
        row = ShorteningRow()
        self.legend.addLayout(row, 1)
        keys = *self._names, *self._keys_of_lines, self._misfit_key
        for part in (self._kind, self._chosen, *keys):
            row.addWidget(part)

    @property
    def _keys_of_lines(self) -> tuple[ElidedLabel, ElidedLabel, ElidedLabel]:
        return self._cell_key, self._pinned_key, self._theory_key

    @property
    def chosen(self) -> Key | None:
        """The direction that headline, caption and heat map are about."""
        place = self._chosen.currentIndex()
        return self._keys[place] if 0 <= place < len(self._keys) else None

    def furnish(self, plots: Sequence[pg.PlotItem]) -> None:
        (plot,) = plots
        plot.setAxisItems({"left": self._axis})
        self.heat.join(plot)
        for item in self.lines.items:
            plot.addItem(item)
        self.radius.join(plot)

    def data_changed(self) -> None:
        # also while it is hidden: an epoch that has just come is at hand, an old one must be fetched
        if self.history is not None:
            self._track.follow(self.history)
        super().data_changed()

    def restart(self) -> None:
        self._track, self._keys, self._range = TimeTrack(), [], None
        self._course_of = None
        self.heat.restart()

    def absence(self) -> str:
        view = current_view(self.history, self._epoch)
        return "" if view is None or view.table.times else _ABSENCE

    def set_selected(self, ids: frozenset[str]) -> None:
        super().set_selected(ids)
        self._follow_selection()

    def draw(self) -> str:
        view, history = current_view(self.history, self._epoch), self.history
        assert view is not None
        assert history is not None
        self._name_keys(view.table)
        key = self.chosen
        assert key is not None
        if not self._track.follow(history):
            self.data_changed()
        self._switch(self._kind.currentText())
        self._entitle()
        if self._mode == _LINES:
            self._draw_lines(view, key)
        elif self._mode == _HEAT_MAP:
            self._draw_map(history, key)
        else:
            self._draw_radius(history, key)
        gradient = gradient_of(view.table, key)
        if gradient is not None:
            fading = read_fading(gradient)
            color = getattr(self.theme, COLORS[fading.verdict])
            self.show_headline(time_headline(fading), color)
        return time_caption(history.layers, view, key, self._chi(key))

    def color_items(self) -> None:
        theme = self.theme
        self.lines.set_theme(theme)
        for label, color in zip(self._names, theme.series, strict=True):
            label.setStyleSheet(f"color: {color};")
        self._misfit_key.setText(misfit_key(theme))
        for label in self._keys_of_lines:
            label.setStyleSheet(f"color: {theme.muted};")
        self.radius.set_theme(theme)
        self.heat.set_theme(theme)

    def table(self) -> tuple[Sequence[str], Sequence[Sequence[Any]]]:
        header = [
            "layer",
            "direction",
            "epoch",
            "step",
            "state_gradient",
            "cell_gradient",
            "spectral_radius",
        ]
        view, history = current_view(self.history, self._epoch), self.history
        if view is None or history is None:
            return header, []
        rows = [
            [
                history.layers[row].id,
                g.direction,
                view.epoch,
                step,
                float(value),
                cell,
                g.spectral_radius,
            ]
            for row, g in view.table.times
            for step, value, cell in zip(
                range(g.state.size), g.state, _cells(g.cell, g.state.size), strict=True
            )
        ]
        return header, rows

    def read_at(self, place: QPointF, _plot: int) -> tuple[str, str | None]:
        key, history = self.chosen, self.history
        view = current_view(
            history, self.epoch_at(place, 0) if self._mode != _LINES else self._epoch
        )
        if key is None or history is None or view is None:
            return "", None
        name, gradient = name_of(history.layers, key, view.table), gradient_of(view.table, key)
        if gradient is None:
            return "", None
        if self._mode == _RADIUS:
            return tr("{name}, {when}: spectral radius {radius:.3g}").format(
                name=name, when=view.when, radius=gradient.spectral_radius
            ), None
        step = round(place.x())
        if not 0 <= step < gradient.state.size:
            return "", None
        if self._mode == _HEAT_MAP:
            return tr("{name}, {when}, t = {step}: ‖∂L/∂h_t‖ {size:.3g}").format(
                name=name, when=view.when, step=step, size=gradient.state[step]
            ), None
        return f"t = {step}: {self._read_step(history, view.table, step)}", None

    def epoch_at(self, place: QPointF, _plot: int) -> int | None:
        if self._mode == _LINES or self.history is None or not self.history.epochs:
            return None
        at = place.y() if self._mode == _HEAT_MAP else place.x()
        last = len(self.history.epochs) - 1
        return min(max(0, round(at) - self.history.started.first_epoch), last)

    def _read_step(self, history: RunHistory, table: LayerTable, step: int) -> str:
        parts = []
        for row, gradient in table.times[:OWN_COLORS]:
            if step < gradient.state.size:
                name = name_of(history.layers, Key(row, gradient.direction), table)
                cell = (
                    ""
                    if gradient.cell is None
                    else tr(" (cell {cell:.3g})").format(cell=gradient.cell[step])
                )
                parts.append(f"{name} {gradient.state[step]:.3g}{cell}")
        return ", ".join(parts)

    def _change(self) -> None:
        self.data_changed()

    def _choose(self) -> None:
        key = self.chosen
        if key is not None and self.history is not None:
            self.layer_chosen.emit(self.history.layers[key.row].id)
        self.data_changed()

    def _name_keys(self, table: LayerTable) -> None:
        """Offer the directions that there are, when they are other ones than before."""
        keys = keys_of(table)
        if keys == self._keys:
            return
        assert self.history is not None
        self._keys = keys
        names = [name_of(self.history.layers, key, table) for key in keys]
        with QSignalBlocker(self._chosen):
            self._chosen.clear()
            self._chosen.addItems(names)
        self._chosen.setVisible(len(keys) > 1)
        for label, name in zip(self._names, names + [""] * OWN_COLORS, strict=False):
            label.setText(f"— {name}")
        self._follow_selection()

    def _follow_selection(self) -> None:
        """A recurrent layer that is chosen anywhere is the one that is spoken of."""
        if self.history is None or (self.chosen and self._is_selected(self.chosen)):
            return
        places = [place for place, key in enumerate(self._keys) if self._is_selected(key)]
        if places:
            self._chosen.setCurrentIndex(places[0])

    def _is_selected(self, key: Key) -> bool:
        return self.history is not None and self.history.layers[key.row].id in self._selected

    def _switch(self, mode: str) -> None:
        if mode == self._mode:
            return
        self._mode, self._ranges = mode, None
        is_map, (plot,) = mode == _HEAT_MAP, self.plot_items
        for item in self.lines.items:
            item.setVisible(False)
        self.radius.hide()
        self.heat.set_visible(is_map)
        self._axis.set_kind("decades" if mode == _LINES else "epochs" if is_map else "numbers")
        plot.showGrid(y=not is_map, alpha=0.25)
        plot.setLabel("bottom", tr("epoch") if mode == _RADIUS else tr("step t of the sequence"))

    def _entitle(self) -> None:
        """Say what stands on the left axis, in as many words as fit."""
        (plot,) = self.plot_items
        height = plot.getViewBox().height()
        wanted = self._mode, height
        if wanted == self._entitled:
            return
        self._entitled = wanted
        titles = {
            _LINES: (tr("‖∂L/∂h_t‖ (log scale)"), "‖∂L/∂h_t‖", ""),
            _HEAT_MAP: (tr("epoch"),),
            _RADIUS: (tr("spectral radius"),),
        }[self._mode]
        entitle(plot, "left", fitting_title(titles, QFontMetricsF(self.font()), height))

    def _show_names(
        self, shown: int = 0, *, cells: bool = False, pinned: bool = False, theory: bool = False
    ) -> None:
        """Show the legend of what is drawn."""
        for place, label in enumerate(self._names):
            label.setVisible(place < shown)
        for label, visible in zip(self._keys_of_lines, (cells, pinned, theory), strict=True):
            label.setVisible(visible)
        self._misfit_key.setVisible(self._mode == _HEAT_MAP and self.heat.has_misfits)

    def _draw_lines(self, view: View, key: Key) -> None:
        times = view.table.times
        logs = self.lines.draw(view.table)
        foretold = self.lines.draw_theory(view.table, key, self._chi(key))
        pinned = None if self._pinned is None else current_view(self.history, self._pinned)
        compared = self.lines.draw_pinned(pinned.table if pinned else None, key)
        if pinned is not None:
            self._pinned_key.setText(tr("-·- {when} (pinned)").format(when=pinned.when))
        self._fit(logs, max(gradient.state.size for _, gradient in times))
        self._show_names(
            min(len(times), OWN_COLORS),
            cells=self.lines.has_cells,
            pinned=compared,
            theory=foretold,
        )

    def _draw_map(self, history: RunHistory, key: Key) -> None:
        of = (len(history.epochs), key, self._track.read)
        course, first = self._course(history, key), history.started.first_epoch
        if not self.heat.is_drawn(of):
            applies = np.ones(course.state.shape[1], np.bool_)
            self.heat.draw(Magnitudes(course.epochs + first, course.state, applies), of)
        count, whole = len(history.epochs), history.started.epochs + 1
        self.heat.frame(course.state.shape[1], first, count, whole, "‖∂L/∂h_t‖")
        self.heat.playhead.mark(first + self._shown_index(history))
        self._show_names()

    def _draw_radius(self, history: RunHistory, key: Key) -> None:
        course, first = self._course(history, key), history.started.first_epoch
        index = self._shown_index(history)
        shown = gradient_of(history.epochs[index].layers, key)
        radius = math.nan if shown is None else shown.spectral_radius
        self.radius.draw(course, first, index, radius)
        self._fit_radius(course, first, len(history.epochs))
        self._show_names()

    def _course(self, history: RunHistory, key: Key) -> Course:
        of = (len(history.epochs), key, self._track.read)
        if of != self._course_of:
            self._course_of, self._kept_course = of, self._track.course(history, key)
        return self._kept_course

    def _shown_index(self, history: RunHistory) -> int:
        last = len(history.epochs) - 1
        return last if self._epoch is None else min(self._epoch, last)

    def _fit(self, logs: Any, steps: int) -> None:
        """A range that only grows while a run lasts."""
        finite = logs[np.isfinite(logs)]
        low, high = (float(finite.min()), float(finite.max())) if finite.size else (-1.0, 0.0)
        if self._range is not None:
            low, high = min(low, self._range[0]), max(high, self._range[1])
        self._range = low, high
        self._set_ranges(
            (-0.5, steps - 0.5), (low - _ROOM_DECADES, max(high, low + 1.0) + _ROOM_DECADES)
        )

    def _fit_radius(self, course: Course, first: int, count: int) -> None:
        finite = course.radius[np.isfinite(course.radius)]
        high = max(float(finite.max(initial=0.0)), HEALTHY)
        top = math.ceil(high * 1.1 * 4) / 4
        self._set_ranges((first - 0.5, first + max(count, 2) - 0.5), (0.0, top))

    def _set_ranges(self, x: tuple[float, float], y: tuple[float, float]) -> None:
        if (x, y) != self._ranges:
            self._ranges = x, y
            self.plot.getViewBox().setRange(xRange=x, yRange=y, padding=0.0)

    def _chi(self, key: Key) -> float:
        """χ₁ of the layer's state in the theory, NaN without; the theory of another network is not asked."""
        if self._theory is None or self.history is None or self._theory.outdated:
            return math.nan
        node = self.history.layers[key.row].id
        prediction = self._theory.prediction
        return prediction.row(node)["chi_1"] if node in prediction.nodes else math.nan


def _cells(cell: Any, steps: int) -> list[Any]:
    return [""] * steps if cell is None else cell.tolist()
