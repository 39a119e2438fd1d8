"""The distribution of every layer's output, and of the gradient there, over depth and over the epochs."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PySide6.QtCore import QPointF

from engine.language import tr
from engine.training import OverEpochs
from gui.common.theme import ThemeSource
from gui.common.tips import in_lines
from gui.training.reading import View

from .distribution_pane import DistributionPane, Quantity
from .epoch_map import EpochMap
from .spread_axes import SIGNED, SIZES, Span
from .spread_reading import (
    DEAD_MARK,
    SATURATED_MARK,
    ZERO,
    Mark,
    activation_caption,
    activation_shares,
    spread_caption,
    when_of,
    zero_shares,
)

Floats = NDArray[np.float64]
_LESSON = tr(
    "How the outputs of every layer are distributed, first layer on top. Ridges "
    "that narrow with depth are a signal that dies; ridges that pile up at the "
    "ends are units that saturate."
)
OUTPUTS = Quantity(
    "activations",
    tr("Outputs"),
    SIGNED,
    (tr("output of the layer (log scale on both sides of 0)"), tr("output of the layer")),
    tr("outputs"),
    tr("What each layer gives to the next"),
    (-3.0, 3.0),
)
GRADIENTS = Quantity(
    "activation_gradients",
    tr("Gradients"),
    SIZES,
    (tr("size of ∂L/∂z, L summed over the batch (log scale)"), tr("size of ∂L/∂z (log scale)")),
    tr("gradients ∂L/∂z"),
    tr("What comes back: the size of the gradient at each layer's output"),
    (-6.0, 0.0),
)


class ActivationsPane(DistributionPane):
    """Ridges or a heat map of the layers; beside it, or in its place, one layer's outputs over the epochs."""

    quantities = (OUTPUTS, GRADIENTS)

    stretches = (5, 4)

    def __init__(self, themes: ThemeSource) -> None:
        self.epoch_map = EpochMap()
        self._track: OverEpochs | None = None
        super().__init__(
            "activations",
            tr("Activations"),
            _LESSON,
            themes,
            2,
            tr(
                "Epoch × value: how the chosen layer's outputs were distributed at every "
                "epoch. Click or drag there to go to an epoch"
            ),
        )

    def furnish(self, plots: Sequence[pg.PlotItem]) -> None:
        super().furnish(plots)
        self.epoch_map.furnish(plots[1])

    def restart(self) -> None:
        super().restart()
        self.epoch_map.restart()

    def color_items(self) -> None:
        super().color_items()
        self.epoch_map.color(self.theme)

    def shown_rows(self) -> NDArray[np.int64]:
        assert self.history is not None
        return np.arange(len(self.history.layers))

    def keys(self) -> tuple[Mark, ...]:
        return ZERO, SATURATED_MARK, DEAD_MARK

    def shares(self, view: View) -> tuple[tuple[Mark, Floats], ...]:
        if self.quantity is OUTPUTS:
            return activation_shares(view.table)
        return ((ZERO, zero_shares(view.table.activation_gradients)),)

    def span_of_epochs(self) -> Span | None:
        if self._track is None or self.menu.scale != "all":
            return None
        return self.epoch_map.span(self.chosen_row, self._track, SIGNED)

    @property
    def maps_epochs(self) -> bool:
        return bool(self.plot_items[1].isVisible())

    def draw(self) -> str:
        assert self.history is not None
        view = self.view
        over_epochs = self.menu.over_epochs and self.quantity is OUTPUTS
        self.arrange((self.wide or not over_epochs, over_epochs))
        self._track = self.history.activation_track(self.chosen_row) if over_epochs else None
        changed, span = self.draw_rows(view)
        self.headline.setText(
            tr("{when}, {samples} samples").format(when=view.when, samples=view.table.samples)
        )
        self.headline.setToolTip(
            in_lines(tr("Measured on one batch: a sample of the epoch, not the whole of it"))
        )
        said = f"{when_of(view)}: {self._sentence(view)}{changed}"
        return said if self._track is None else said + self._draw_epochs(self._track, span)

    def table(self) -> tuple[Sequence[str], Sequence[Sequence[Any]]]:
        table = self.view.table
        return self.csv_rows((("saturation", table.saturation), ("dead", table.dead)))

    def read_at(self, place: QPointF, plot: int) -> tuple[str, str | None]:
        if plot == 0:
            return self.read_row(place, self.view)
        epoch = self.nearest_epoch(place.x())
        if epoch is None:
            return "", None
        label = self.layers[self.chosen_row].label
        return (
            tr("epoch {epoch}: output {number} of {label}").format(
                epoch=self.first_epoch + epoch, number=SIGNED.number(place.y()), label=label
            ),
            None,
        )

    def epoch_at(self, place: QPointF, plot: int) -> int | None:
        return self.nearest_epoch(place.x()) if plot == 1 else None

    def _sentence(self, view: View) -> str:
        if self.quantity is OUTPUTS:
            return activation_caption(self.layers, view.table, SIGNED)
        names = [info.label for info in self.layers]
        return spread_caption(names, self.found(view), SIZES, GRADIENTS.what)

    def _draw_epochs(self, track: OverEpochs, span: Span) -> str:
        assert self.history is not None
        row, first = self.chosen_row, self.first_epoch
        label = self.layers[row].label
        title = self.title_of_epochs(tr("output of {label}").format(label=label), label)
        self.epoch_map.draw(row, track, SIGNED, span, first, title)
        self.draw_lines(self.epoch_map.lines)
        spread = self.history.over_epochs("activation_std").values[:, row]
        return tr(
            "; over the epochs the spread σ of {label} went from {start:.2g} to {end:.2g}"
        ).format(label=label, start=spread[0], end=spread[-1])
