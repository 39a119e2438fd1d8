"""The X-ray of a batch-norm layer: what goes in, what it makes of it, what it learned, and what evaluation will see."""

from collections.abc import Sequence
from typing import Any, Literal, cast

import pyqtgraph as pg
from PySide6.QtCore import QPointF, QSignalBlocker, Qt
from PySide6.QtWidgets import QComboBox, QLabel, QSizePolicy

from engine.language import tr
from engine.stats import BatchNormStats, Distribution
from engine.training import NormTrack
from gui.common.theme import GRID, ThemeSource
from gui.common.tips import in_lines
from gui.training.norm_reading import (
    ABSENT,
    Mode,
    channel_rows,
    gap_words,
    norm_caption,
    norm_headline,
    norm_in,
    norm_rows,
    stage_rows,
    stages,
    track_rows,
)
from gui.training.reading import View, current_view

from .norm_plots import MovingPlot, StagesPlot, TracksPlot, key_of_moving, key_of_tracks
from .pane import Pane

Part = Literal["stages", "tracks", "moving"]
PARTS: tuple[Part, ...] = ("stages", "tracks", "moving")
_TITLES: dict[Part, str] = {
    "stages": tr("Stages"),
    "tracks": tr("γ and β"),
    "moving": tr("Moving"),
}
_AUTOMATIC, _ALL = tr("Automatic"), tr("All three")
_LESSON = tr(
    "What batch normalisation does to a layer's values: how they come in, how "
    "they are centred and scaled over the batch, and what γ and β make of them. "
    "Evaluation uses moving statistics instead of the batch's: where the two "
    "differ, the network that is tested is not the one that was trained."
)
_WIDE = 90 * GRID
"""From this many pixels on all three plots have room side by side."""


class BatchNormPane(Pane):
    """Three plots of one batch-norm layer: stages, γ and β over the epochs, batch against moving statistics."""

    def __init__(self, themes: ThemeSource) -> None:
        self.stages, self.tracks, self.moving = StagesPlot(), TracksPlot(), MovingPlot()
        self._rows: list[int] = []
        self._row: int | None = None
        super().__init__("batch-norm", tr("Batch norm X-ray"), _LESSON, themes, plots=len(PARTS))
        self.layer_box = _box(tr("Which batch-norm layer is shown"))
        self.layer_box.activated.connect(self._choose)
        self.mode_box = _box(
            tr("Statistics of the batch, as in training, or moving ones, as in evaluation")
        )
        self.mode_box.addItem(tr("training"), "train")
        self.mode_box.addItem(tr("evaluation"), "eval")
        self.part_box = _box(tr("Which plots are shown; all three where there is room"))
        self.part_box.addItems([_AUTOMATIC, _ALL, *_TITLES.values()])
        for box in (self.mode_box, self.part_box):
            box.currentIndexChanged.connect(lambda _index: self.data_changed())
        self._boxes = self.layer_box, self.mode_box, self.part_box
        for box in self._boxes:
            box.setMinimumWidth(9 * GRID)
            box.hide()
        for box in (self.layer_box, self.mode_box):
            self.tools.addWidget(box)
        self.legend.addWidget(self.part_box, 0, Qt.AlignmentFlag.AlignLeft)
        self.headline.setToolTip(
            in_lines(
                tr(
                    "Root mean square of what the layer normalises to in training less what it "
                    "does in evaluation, in σ"
                )
            )
        )
        self._key = QLabel()
        self._key.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.legend.addWidget(self._key, 1)

    @property
    def mode(self) -> Mode:
        """Whose statistics normalise: the batch's (`train`) or the moving ones (`eval`)."""
        return cast("Mode", self.mode_box.currentData())

    @property
    def row(self) -> int | None:
        """The row of the layer that is shown: the one that was chosen last, else the first; None without any."""
        return self._rows[0] if self._row is None and self._rows else self._row

    def set_selected(self, ids: frozenset[str]) -> None:
        super().set_selected(ids)
        if self.history is None:
            return
        layers = self.history.layers
        chosen = [row for row in self._rows if layers[row].id in ids]
        if chosen and self.row not in chosen:
            self._show_row(chosen[0])

    def absence(self) -> str:
        return ABSENT if self.history is not None and self.row is None else ""

    def furnish(self, plots: Sequence[pg.PlotItem]) -> None:
        for part, plot in zip(self._drawn, plots, strict=True):
            part.furnish(plot)

    def restart(self) -> None:
        self._row = None
        layers = self.history.layers if self.history is not None else ()
        self._rows = norm_rows(layers)
        for box in self._boxes:
            box.setVisible(bool(self._rows))
        with QSignalBlocker(self.layer_box):
            self.layer_box.clear()
            for row in self._rows:
                self.layer_box.addItem(layers[row].label, row)
        self._forget()
        self.set_selected(self._selected)

    def draw(self) -> str:
        view, row = current_view(self.history, self._epoch), self.row
        assert view is not None
        assert self.history is not None
        assert row is not None
        norm, track = norm_in(view.table, row), self.history.norm_track(row)
        shown = self._shown_parts()
        self._arrange_plots(shown)
        self._draw_key(shown, track, 0 if norm is None else norm.gamma.size)
        if norm is not None and "stages" in shown:
            self.stages.draw(stages(view.table, norm, self.mode), self._pinned_stages(row))
        if norm is not None and "moving" in shown:
            self.moving.draw(norm)
        if track is not None and "tracks" in shown:
            self._draw_tracks(track)
        if norm is None:
            self.show_headline("")
        else:
            color = getattr(self.theme, gap_words(norm.gap).color)
            self.show_headline(norm_headline(norm.gap), color)
        return norm_caption(self.history.layers[row].label, norm, view, self.mode)

    def color_items(self) -> None:
        for part in self._drawn:
            part.color(self.theme)

    def table(self) -> tuple[Sequence[str], Sequence[Sequence[Any]]]:
        view, norm = self._measured()
        rows: list[Sequence[Any]] = []
        if view is not None and norm is not None:
            rows += [(view.epoch, *rest) for rest in channel_rows(norm)]
            found = stages(view.table, norm, self.mode)
            rows += [(view.epoch, *rest) for rest in stage_rows(found, self.mode)]
        track = self._track
        if track is not None:
            rows += track_rows(track, self._first)
        layer = self.layer_box.currentText()
        return ("layer", "epoch", "quantity", "place", "value"), [(layer, *row) for row in rows]

    def read_at(self, place: QPointF, plot: int) -> tuple[str, str | None]:
        view, norm = self._measured()
        if view is None or norm is None or self.history is None:
            return "", None
        info = self.history.layers[norm.row]
        return f"{info.label}: {self._read(PARTS[plot], place, view, norm)}", info.id

    def epoch_at(self, place: QPointF, plot: int) -> int | None:
        if self.history is None or PARTS[plot] != "tracks":
            return None
        return min(max(0, round(place.x()) - self._first), len(self.history.epochs) - 1)

    @property
    def _drawn(self) -> Sequence[StagesPlot | TracksPlot | MovingPlot]:
        return self.stages, self.tracks, self.moving

    @property
    def _first(self) -> int:
        """The number of the history's first epoch."""
        return self.history.started.first_epoch if self.history is not None else 0

    @property
    def _track(self) -> NormTrack | None:
        row = self.row
        return (
            self.history.norm_track(row) if self.history is not None and row is not None else None
        )

    def _measured(self) -> tuple[View | None, BatchNormStats | None]:
        """The table that is shown, and what it says of the layer."""
        view, row = current_view(self.history, self._epoch), self.row
        return view, None if view is None or row is None else norm_in(view.table, row)

    def _pinned_stages(self, row: int) -> Distribution | None:
        then = None if self._pinned is None else current_view(self.history, self._pinned)
        norm = None if then is None else norm_in(then.table, row)
        return None if then is None or norm is None else stages(then.table, norm, self.mode)

    def _draw_tracks(self, track: NormTrack) -> None:
        assert self.history is not None
        self.tracks.draw(track, self._first, self.history.started.epochs)
        now, then = (
            None if epoch is None else self._first + epoch for epoch in (self._epoch, self._pinned)
        )
        self.tracks.mark(now, then)

    def _read(self, part: Part, place: QPointF, view: View, norm: BatchNormStats) -> str:
        track = self._track
        if part == "stages":
            return self.stages.read(place, stages(view.table, norm, self.mode))
        if part == "moving":
            return self.moving.read(place, norm)
        return self.tracks.read(place, track, self._first) if track is not None else ""

    def _choose(self) -> None:
        row = self.layer_box.currentData()
        if self.history is not None and row is not None:
            self._show_row(row)
            self.layer_chosen.emit(self.history.layers[row].id)

    def _show_row(self, row: int) -> None:
        self._row = row
        with QSignalBlocker(self.layer_box):
            self.layer_box.setCurrentIndex(self.layer_box.findData(row))
        self._forget()
        self.data_changed()

    def _forget(self) -> None:
        for part in self._drawn:
            part.forget()

    def _shown_parts(self) -> tuple[Part, ...]:
        wanted = self.part_box.currentText()
        if wanted == _ALL or (wanted == _AUTOMATIC and self.plot.width() >= _WIDE):
            return PARTS
        return tuple(part for part in PARTS if _TITLES[part] == wanted) or PARTS[:1]

    def _arrange_plots(self, shown: Sequence[Part]) -> None:
        """Hide the other plots: what is hidden takes no room."""
        for part, item in zip(PARTS, self.plot_items, strict=True):
            if item.isVisible() != (part in shown):
                item.setVisible(part in shown)
                self.plot.ci.layout.invalidate()

    def _draw_key(self, shown: Sequence[Part], track: NormTrack | None, channels: int) -> None:
        words = {
            "stages": ""
            if self._pinned is None
            else tr("- - epoch {epoch}").format(epoch=self._first + self._pinned),
            "tracks": key_of_tracks(self.theme, track, channels),
            "moving": key_of_moving(self.theme, channels),
        }
        text = "&nbsp;&nbsp;&nbsp; ".join(words[part] for part in shown if words[part])
        if text != self._key.text():
            self._key.setText(text)
            self._key.setToolTip(in_lines(text))
        self._key.setVisible(bool(text))


def _box(purpose: str) -> QComboBox:
    box = QComboBox()
    box.setToolTip(in_lines(purpose))
    box.setAccessibleName(purpose)
    box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
    return box
