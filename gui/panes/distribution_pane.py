"""What the panes of distributions have in common: quantities, a row a layer, spans, and the pinned epoch."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PySide6.QtCore import QPointF
from PySide6.QtGui import QFontMetricsF
from PySide6.QtWidgets import QComboBox, QLabel

from engine.language import tr
from engine.stats import Distribution
from engine.training import LayerInfo, RunHistory
from gui.common.theme import GRID, ThemeSource
from gui.common.tips import in_lines
from gui.training.reading import View, current_view

from .epoch_map import EpochLines
from .layer_rows import LayerRows, Rows
from .pane import Pane
from .plots import fitting_title
from .ridges import BEFORE, RidgeItem
from .spread_axes import ScaleMode, Span, Spans, SpreadAxis, rows_of
from .spread_reading import Mark, Remarks, row_text, short_when, since, table_of
from .view_menu import ViewMenu

Floats = NDArray[np.float64]
MANY = 24
"""From more layers on, the heat map is the better picture."""
WIDE = 72 * GRID
"""From this width on, there is room for the epochs beside the layers."""


@dataclass(frozen=True, slots=True)
class Quantity:
    """A distribution that can be shown."""

    column: str
    title: str
    axis: SpreadAxis
    axis_titles: tuple[str, ...]
    """What the axis shows, in the most words and in fewer."""
    what: str
    """What the numbers are, in a caption."""
    help: str
    fallback: Span
    """The axis' ends while there is nothing to show."""


class DistributionPane(Pane):
    """Distributions of layers; the first plot has a row a layer, the last the epochs."""

    quantities: tuple[Quantity, ...]
    stretches: tuple[int, ...]
    """How much of the width each plot gets while it is shown."""

    def __init__(
        self, name: str, title: str, lesson: str, themes: ThemeSource, plots: int, over_epochs: str
    ) -> None:
        self._rows = LayerRows()
        self._spans = Spans()
        self._pinned_view: tuple[RunHistory, int, View] | None = None
        self._found: tuple[Distribution, Distribution] | None = None
        self._explained: object = None
        super().__init__(name, title, lesson, themes, plots)
        self._what = QComboBox()
        self._what.setAccessibleName(tr("Which distribution is shown"))
        for quantity in self.quantities:
            self._what.addItem(quantity.title)
            self._what.setItemData(
                self._what.count() - 1, in_lines(quantity.help), 3
            )  # ToolTipRole
        self._what.currentIndexChanged.connect(lambda _index: self.data_changed())
        self.menu = ViewMenu(over_epochs)
        self.menu.changed.connect(self.data_changed)
        self.tools.addWidget(self._what)
        self.tools.addWidget(self.menu)
        self._legend()

    # What a pane of distributions fills in.

    def shown_rows(self) -> NDArray[np.int64]:
        """The table's rows that are drawn."""
        raise TypeError(f"{type(self).__name__} shows no rows")

    def shares(self, view: View) -> tuple[tuple[Mark, Floats], ...]:
        """Shares that a ridge cannot show, for the drawn rows."""
        raise TypeError(f"{type(self).__name__} has no shares")

    def keys(self) -> tuple[Mark, ...]:
        """The signs that the legend explains."""
        raise TypeError(f"{type(self).__name__} has no signs")

    def span_of_epochs(self) -> Span | None:
        """The part of the axis that the epochs need, where they are drawn on it."""
        return None

    @property
    def maps_epochs(self) -> bool:
        """Whether the plot of epochs is a heat map, and shown."""
        return False

    # To be read back.

    @property
    def ridge_item(self) -> RidgeItem:
        """The drawn ridges."""
        return self._rows.ridges

    @property
    def image(self) -> pg.ImageItem:
        """The drawn heat map of the layers."""
        return self._rows.image

    @property
    def rows(self) -> LayerRows:
        """All that is drawn of the layers."""
        return self._rows

    @property
    def quantity(self) -> Quantity:
        """The distribution that is shown."""
        return self.quantities[self._what.currentIndex()]

    def show_quantity(self, column: str) -> None:
        """Show the distribution of a column of the table."""
        columns = [quantity.column for quantity in self.quantities]
        self._what.setCurrentIndex(columns.index(column))

    # Drawing.

    def restart(self) -> None:
        self._spans.forget()
        self._pinned_view = self._found = None

    def furnish(self, plots: Sequence[pg.PlotItem]) -> None:
        self._rows.furnish(plots[0])
        layout = self.plot.ci.layout
        layout.setContentsMargins(0.0, 0.0, GRID / 2, 0.0)
        layout.setHorizontalSpacing(GRID)
        for column, stretch in enumerate(self.stretches):
            layout.setColumnStretchFactor(column, stretch)

    def color_items(self) -> None:
        self._rows.color(self.theme)
        low, high = pg.colormap.get(self.theme.heat_map).map([0.0, 1.0], mode="qcolor")
        self._color_key.setText(
            tr(
                '<span style="color: {low}">■</span> few <span style="color: {high}">■</span> many'
            ).format(low=low.name(), high=high.name())
        )

    @property
    def layers(self) -> Sequence[LayerInfo]:
        """The layers that are drawn."""
        assert self.history is not None
        layers = self.history.layers
        return [layers[row] for row in self.shown_rows().tolist()]

    @property
    def view(self) -> View:
        """The table that is shown."""
        view = current_view(self.history, self._epoch)
        assert view is not None
        return view

    @property
    def pinned_view(self) -> View | None:
        """The table that is compared with: read once, because an old epoch costs time."""
        if self.history is None or self._pinned is None:
            return None
        kept = self._pinned_view
        if kept is None or kept[0] is not self.history or kept[1] != self._pinned:
            found = current_view(self.history, self._pinned)
            assert found is not None
            self._pinned_view = kept = (self.history, self._pinned, found)
        return kept[2]

    def found(self, view: View) -> Distribution:
        """The shown distribution of the drawn rows: taken out once, because much is read from it."""
        whole: Distribution = getattr(view.table, self.quantity.column)
        kept = self._found
        if kept is None or kept[0] is not whole:
            self._found = kept = (whole, rows_of(whole, self.shown_rows()))
        return kept[1]

    def draw_rows(self, view: View) -> tuple[str, Span]:
        """Draw the rows; say what changed in them since the pinned epoch, and which part of the axis is shown."""
        quantity, layers, found = self.quantity, self.layers, self.found(view)
        pinned = self.pinned_view
        before = None if pinned is None else self.found(pinned)
        names = [info.label for info in layers]
        shares, span = self.shares(view), self._span(found, before)
        self._rows.draw(
            Rows(
                names,
                Remarks(shares, found),
                found,
                before,
                quantity.axis,
                quantity.axis_titles,
                span,
                [row for row, info in enumerate(layers) if info.id in self._selected],
                self._draws_heat_map(len(layers)),
            ),
            self.font(),
        )
        self._explain(pinned, shares)
        if pinned is None or before is None:
            return "", span
        return since(names, found, before, quantity.axis, short_when(pinned)), span

    def draw_lines(self, lines: EpochLines) -> None:
        """Mark the shown and the pinned epoch in a plot of epochs."""
        assert self.history is not None
        first, last = self.first_epoch, len(self.history.epochs) - 1
        shown = last if self._epoch is None else min(self._epoch, last)
        pinned = None if self._pinned is None else first + self._pinned
        lines.draw(first, first + last, first + shown, pinned)

    def title_of_epochs(self, *titles: str) -> str:
        """The title that fits beside the plot of epochs, which is the last."""
        height = self.plot_items[-1].getViewBox().height()
        return fitting_title(titles, QFontMetricsF(self.font()), height)

    def arrange(self, shown: Sequence[bool]) -> None:
        """Show some of the plots, and take the others out: a hidden plot's axes would keep their room."""
        layout = self.plot.ci.layout
        for column, plot in enumerate(self.plot_items):
            wanted = shown[column]
            if wanted == plot.isVisible():
                continue
            plot.setVisible(wanted)
            layout.setColumnStretchFactor(column, self.stretches[column] * wanted)
            layout.setColumnSpacing(column, GRID * wanted)
            if wanted:
                layout.addItem(plot, 0, column)
            else:
                layout.removeItem(plot)

    def _span(self, found: Distribution, before: Distribution | None) -> Span:
        quantity = self.quantity
        spans = [quantity.axis.span(found.counts), self.span_of_epochs()]
        if before is not None:
            spans.append(quantity.axis.span(before.counts))
        mode = cast(ScaleMode, self.menu.scale)
        return self._spans.update(quantity.column, mode, spans, quantity.fallback)

    def _draws_heat_map(self, layers: int) -> bool:
        wanted = self.menu.drawing
        return wanted == "heat map" or (wanted == "automatic" and layers > MANY)

    # Reading.

    @property
    def wide(self) -> bool:
        """Whether there is room for plots beside each other."""
        return int(self.plot.width()) >= WIDE

    @property
    def chosen_row(self) -> int:
        """The drawn row of the chosen layer, or of the drawn one before it; else of the first with a weight."""
        assert self.history is not None
        rows = self.shown_rows()
        chosen = [row for i in self._selected if (row := self.history.row(i)) is not None]
        if chosen:
            return max(0, int(np.searchsorted(rows, min(chosen), side="right")) - 1)
        return next((at for at, row in enumerate(rows) if self.history.layers[row].has_weight), 0)

    @property
    def first_epoch(self) -> int:
        """The number of the epoch at the history's beginning."""
        return self.history.started.first_epoch if self.history is not None else 0

    def nearest_epoch(self, place: float) -> int | None:
        """The place in the history of the epoch nearest to a place on an axis of epochs."""
        if self.history is None or not self.history.epochs:
            return None
        return min(max(0, round(place) - self.first_epoch), len(self.history.epochs) - 1)

    def read_row(self, place: QPointF, view: View) -> tuple[str, str | None]:
        """The figures of the row under a point of the first plot."""
        row, layers = int(place.y() // 1), self.layers
        if not 0 <= row < len(layers):
            return "", None
        quantity = self.quantity
        text = row_text(layers[row].label, self.found(view), row, quantity.axis, self.shares(view))
        return tr("{figures}; here {number}").format(
            figures=text, number=quantity.axis.number(place.x())
        ), layers[row].id

    def csv_rows(
        self, columns: Sequence[tuple[str, Floats]]
    ) -> tuple[Sequence[str], Sequence[Sequence[Any]]]:
        """The shown distribution with further columns, for CSV."""
        view = self.view
        rows = [(info.id, info.kind, view.epoch) for info in self.layers]
        return table_of(rows, self.found(view), self.quantity.axis, columns)

    # The legend.

    def _legend(self) -> None:
        self._band_key, self._pin_key, self._color_key = QLabel(), QLabel(), QLabel()
        self._band_key.setToolTip(
            in_lines(tr("From the 1st to the 99th percentile, and the median, zeros included"))
        )
        self._pin_key.setToolTip(tr("The pinned epoch, to compare with"))
        self._color_key.setToolTip(
            in_lines(
                tr(
                    "Each line of the map by itself: its brightest place holds the most of its "
                    "numbers, and the colour goes with the square root, so that rare numbers are "
                    "seen too"
                )
            )
        )
        self._mark_keys: list[tuple[Mark, QLabel]] = []
        for mark in self.keys():
            key = QLabel(f"{mark.glyph} {mark.title}")
            key.setToolTip(in_lines(mark.help))
            self._mark_keys.append((mark, key))
        self.legend.setSpacing(GRID + GRID // 2)
        self.legend.addStretch(1)
        keys = self._band_key, self._color_key, self._pin_key
        for label in (*keys, *(key for _, key in self._mark_keys)):
            self.explain(label)

    def explain(self, label: QLabel) -> None:
        """Put a text into the legend; a narrow pane cuts it rather than growing."""
        label.setMinimumWidth(1)
        self.legend.insertWidget(self.legend.count() - 1, label)

    def _explain(self, pinned: View | None, shares: Sequence[tuple[Mark, Floats]]) -> None:
        """The legend explains only what is drawn."""
        heat_map, layers_too = self._rows.image.isVisible(), self.plot_items[0].isVisible()
        drawn = [mark for mark, share in shares if layers_too and (share > 0).any()]
        when = "" if pinned is None else short_when(pinned)
        explained = heat_map, layers_too, self.maps_epochs, when, drawn
        if explained == self._explained:
            return
        self._explained = explained
        line = f'<b style="color: {BEFORE}">¦¦</b>' if heat_map else "╌╌"
        for label, text in (
            (self._band_key, tr("││ p1–p99, median") if heat_map else tr("└┘ p1–p99  │ median")),
            (self._pin_key, f"{line} {when}" if when else ""),
        ):
            label.setText(text)
        self._band_key.setVisible(layers_too)
        self._pin_key.setVisible(pinned is not None)
        self._color_key.setVisible((heat_map and layers_too) or self.maps_epochs)
        for mark, key in self._mark_keys:
            key.setVisible(mark in drawn)
