"""The distributions of weights, of their gradients and of their updates, and how fast each layer learns."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PySide6.QtCore import QPointF
from PySide6.QtWidgets import QLabel

from engine.language import tr
from gui.common.theme import GRID, ThemeSource
from gui.common.tips import in_lines
from gui.training.reading import COLORS, View

from .distribution_pane import DistributionPane, Quantity
from .layer_rows import MIDDLE
from .spread_axes import SIGNED, SIZES
from .spread_reading import (
    ZERO,
    Mark,
    ratio_caption,
    spread_caption,
    when_of,
    zero_shares,
)
from .update_ratio import RatioRows, RatioTrack, ratio_headline

Floats = NDArray[np.float64]
_ROOMY = 44 * GRID
"""From this width on, there is room for the ratios beside the distributions."""
_LESSON = tr(
    "How the weights of every layer are distributed, and how far one step moves "
    "them. Update : weight is usually about 10⁻³: a layer far below hardly "
    "learns, one far above forgets at every step what it knew."
)
_BAND_HELP = tr(
    "Update : weight is ‖ΔW‖ / ‖W‖ of one step of the optimiser. It is about "
    "10⁻³ where networks learn well; below 10⁻⁴ a layer may hardly learn, above "
    "10⁻² a step may undo what was learned. It is a rule of thumb: deep networks "
    "can be healthy a little below"
)


class WeightsPane(DistributionPane):
    """A row for each layer with a weight; beside it update : weight of each, or one layer's over the epochs."""

    quantities = (
        Quantity(
            "weights",
            tr("Weights"),
            SIGNED,
            (tr("weight (log scale on both sides of 0)"), tr("weight")),
            tr("weights"),
            tr("The trained numbers themselves, biases left out"),
            (-1.0, 1.0),
        ),
        Quantity(
            "weight_gradients",
            tr("Gradients"),
            SIZES,
            (tr("size of ∂L/∂W before clipping (log scale)"), tr("size of ∂L/∂W")),
            tr("gradients ∂L/∂W"),
            tr("The size of the gradient that each weight receives, before clipping"),
            (-6.0, 0.0),
        ),
        Quantity(
            "updates",
            tr("Updates"),
            SIZES,
            (tr("size of ΔW (log scale)"), tr("size of ΔW")),
            tr("updates ΔW"),
            tr("The size of what the optimiser really added to each weight"),
            (-8.0, -2.0),
        ),
    )

    stretches = (5, 2, 4)

    def __init__(self, themes: ThemeSource) -> None:
        self.ratios = RatioRows()
        self.ratio_track = RatioTrack()
        self._with_weights: NDArray[np.int64] | None = None
        super().__init__(
            "weights",
            tr("Weights and updates"),
            _LESSON,
            themes,
            3,
            tr(
                "Update : weight of the chosen layer at every epoch. Click or drag there to "
                "go to an epoch"
            ),
        )
        self._usual_key = QLabel(tr("▒ usual band"))
        self._usual_key.setToolTip(in_lines(_BAND_HELP))
        self.explain(self._usual_key)

    def furnish(self, plots: Sequence[pg.PlotItem]) -> None:
        super().furnish(plots)
        self.ratios.furnish(plots[1])
        self.ratio_track.furnish(plots[2])

    def restart(self) -> None:
        super().restart()
        self.ratios.restart()
        self._with_weights = None

    def color_items(self) -> None:
        super().color_items()
        self.ratios.color(self.theme)
        self.ratio_track.color(self.theme)
        self._usual_key.setStyleSheet(f"color: {self.theme.healthy};")

    def shown_rows(self) -> NDArray[np.int64]:
        assert self.history is not None
        if self._with_weights is None:
            known = self.view.table.weights.totals > 0  # recurrent layers have several weights
            named = [info.has_weight for info in self.history.layers]
            self._with_weights = np.flatnonzero(known | np.array(named, bool))
        return self._with_weights

    def keys(self) -> tuple[Mark, ...]:
        return (ZERO,)

    def shares(self, view: View) -> tuple[tuple[Mark, Floats], ...]:
        return ((ZERO, zero_shares(self.found(view))),)

    def draw(self) -> str:
        view = self.view
        if not self.layers:
            return self._draw_nothing(view)
        over_epochs = self.menu.over_epochs
        beside = not over_epochs and self.plot.width() >= _ROOMY
        self.arrange((self.wide or not over_epochs, beside, over_epochs))
        changed, _ = self.draw_rows(view)
        ratios = self._ratios(view)
        pinned = self.pinned_view
        self.ratios.draw(ratios, None if pinned is None else self._ratios(pinned), MIDDLE)
        headline, verdict = ratio_headline(ratios)
        self.show_headline(headline, getattr(self.theme, COLORS[verdict]))
        names = [info.label for info in self.layers]
        said = f"{when_of(view)}: {ratio_caption(names, ratios)}"
        if self.plot_items[0].isVisible():
            found, quantity = self.found(view), self.quantity
            said += f"; {spread_caption(names, found, quantity.axis, quantity.what)}{changed}"
        return said + self._draw_epochs() if over_epochs else said

    def table(self) -> tuple[Sequence[str], Sequence[Sequence[Any]]]:
        return self.csv_rows((("update_ratio", self._ratios(self.view)),))

    def read_at(self, place: QPointF, plot: int) -> tuple[str, str | None]:
        if not self.layers:
            return "", None
        if plot == 2:
            return self._read_epoch(place), None
        row, ratios = int(place.y() // 1), self._ratios(self.view)
        if plot == 0:
            text, layer = self.read_row(place, self.view)
        elif 0 <= row < len(self.layers):
            text, layer = self.layers[row].label, self.layers[row].id
        else:
            return "", None
        return (f"{text}; {_ratio_text(ratios[row])}" if layer else text), layer

    def epoch_at(self, place: QPointF, plot: int) -> int | None:
        return self.nearest_epoch(place.x()) if plot == 2 else None

    def _ratios(self, view: View) -> Floats:
        ratios: Floats = view.table.update_ratio[self.shown_rows()]
        return ratios

    def _draw_nothing(self, view: View) -> str:
        self.arrange((False, False, False))
        self.show_headline(tr("○ no weights"))
        return tr("{when}: no layer of this network has a weight").format(when=when_of(view))

    def _draw_epochs(self) -> str:
        assert self.history is not None
        row = self.chosen_row
        label, column = self.layers[row].label, int(self.shown_rows()[row])
        track = self.history.over_epochs("update_ratio")
        title = self.title_of_epochs(tr("update : weight of {label}").format(label=label), label)
        self.ratio_track.draw(track, column, self.first_epoch, title)
        self.draw_lines(self.ratio_track.lines)
        known = np.flatnonzero(~np.isnan(track.values[:, column]))
        if not known.size:
            return ""
        start, end = (
            tr("{ratio:.2g} at epoch {epoch}").format(
                ratio=track.values[at, column],
                epoch=self.first_epoch + int(track.epochs[at]),
            )
            for at in (known[0], known[-1])
        )
        return tr("; update : weight of {label} went from {start} to {end}").format(
            label=label, start=start, end=end
        )

    def _read_epoch(self, place: QPointF) -> str:
        epoch = self.nearest_epoch(place.x())
        if epoch is None or self.history is None:
            return ""
        row = int(self.shown_rows()[self.chosen_row])
        ratio = float(self.history.epochs[epoch].layers.update_ratio[row])
        label = self.history.layers[row].label
        return tr("epoch {epoch}: {label}, {ratio}").format(
            epoch=self.first_epoch + epoch, label=label, ratio=_ratio_text(ratio)
        )


def _ratio_text(ratio: float) -> str:
    return (
        tr("update : weight {ratio:.3g}").format(ratio=ratio)
        if not np.isnan(ratio)
        else tr("no step measured yet")
    )
