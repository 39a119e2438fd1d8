"""What the network has made of its inputs: the surface and what each unit sees, a curve, or filters and saliency."""

from collections.abc import Sequence
from typing import Any

import pyqtgraph as pg
from PySide6.QtCore import QPointF
from PySide6.QtWidgets import QCheckBox, QLabel

from engine.language import tr
from engine.stats import Picture
from gui.common.theme import ThemeSource
from gui.common.tips import in_lines

from .images_view import ImagesView
from .line_view import LineView
from .pane import Pane
from .picture_view import PictureView, Shown
from .plane_view import PlaneView
from .surface_reading import (
    NO_PICTURE,
    picture_caption,
    picture_row,
    shown_epoch,
    shown_picture,
    when,
    when_headline,
)

_LESSON = tr(
    "What the network has learned, as a picture: for points in the plane the "
    "class it gives to every place and what each hidden unit sees, for a "
    "regression its curve, for images the first filters and the pixels that "
    "matter."
)


class DecisionSurfacePane(Pane):
    """Draws the newest picture that is not younger than the shown epoch."""

    def __init__(self, themes: ThemeSource) -> None:
        self._views: dict[str, PictureView] = {}
        self._view: PictureView | None = None
        self._entered: object = None
        self._drawn: tuple[Picture, object] | None = None
        super().__init__("decision-surface", tr("Decision surface"), _LESSON, themes, plots=2)
        self._key = QLabel()
        self._key.setWordWrap(True)
        self._key.setToolTip(
            in_lines(
                tr(
                    "Choose a layer, on the canvas or here with the arrow keys, to see its "
                    "units. Each map and each filter has its own scale; one that is zero "
                    "everywhere has a stroke"
                )
            )
        )
        self.legend.addWidget(self._key, 1)
        self._with_points = QCheckBox(tr("data points"))
        self._with_points.setChecked(True)
        self._with_points.setToolTip(tr("Show the samples over the picture"))
        self._with_points.toggled.connect(self._show_points)
        self.tools.addWidget(self._with_points)

    @property
    def view(self) -> PictureView | None:
        """The kind of picture that is drawn, to be read back; None when there is none."""
        return self._view

    def furnish(self, plots: Sequence[pg.PlotItem]) -> None:
        self._views = {
            "plane": PlaneView(plots),
            "line": LineView(plots),
            "images": ImagesView(plots),
        }

    def restart(self) -> None:
        self._drawn = None

    def draw(self) -> str:
        assert self.history is not None
        epoch = shown_epoch(self.history, self._epoch)
        shown = self._shown()
        assert shown is not None
        self._enter(shown)
        boxes = [item.getViewBox().size() for item in self.plot_items]
        state = (shown.row, shown.theme.name, shown.then, boxes)
        assert self._view is not None
        if self._drawn is None or self._drawn[0] is not shown.picture or self._drawn[1] != state:
            self._drawn = shown.picture, state
            self._view.draw(shown)
        headline = when_headline(shown.picture, epoch)
        if shown.then is not None and self._view.then_name:
            headline += f"   {self._view.then_name}: {when(shown.then)}"
        self.headline.setText(headline)
        return picture_caption(self.history, shown.picture, shown.row, epoch)

    def color_items(self) -> None:
        self._entered = self._drawn = None

    def absence(self) -> str:
        assert self.history is not None
        backdrop = self.history.started.backdrop
        return (
            "" if self._shown() is not None else f"{backdrop.sentence if backdrop else NO_PICTURE}."
        )

    def withdraw(self) -> None:
        self._enter(None)

    def table(self) -> tuple[Sequence[str], Sequence[Sequence[Any]]]:
        shown = self._shown()
        if shown is None or self._view is None:
            return ["picture"], []
        return self._view.table(shown)

    def read_at(self, place: QPointF, plot: int) -> tuple[str, str | None]:
        shown = self._shown()
        if shown is None or self._view is None or (plot and not self._view.wide):
            return "", None
        text, row = self._view.read(shown, place, plot)
        return text, None if row is None else shown.history.layers[row].id

    def _shown(self) -> Shown | None:
        history = self.history
        if history is None:
            return None
        backdrop, picture = history.started.backdrop, shown_picture(history, self._epoch)
        if backdrop is None or picture is None:
            return None
        row = None
        if picture.surface is not None:
            chosen = [r for i in self._selected if (r := history.row(i)) is not None]
            row = picture_row(picture.surface, min(chosen, default=None))
        then = None if self._pinned is None else shown_picture(history, self._pinned)
        return Shown(history, backdrop, picture, row, self.theme, then)

    def _enter(self, shown: Shown | None) -> None:
        """Have the view of the run's kind in the plots; without a picture `absence` says why there is none."""
        entered = None if shown is None else shown.backdrop, self.theme
        if entered == self._entered:
            return
        self._entered = entered
        if self._view is not None:
            self._view.leave()
        self._view = None if shown is None else self._views[shown.backdrop.kind]
        if shown is None or self._view is None:
            self._with_points.hide()
            return
        self.plot_items[1].setVisible(self._view.wide)
        self._key.setText(self._view.enter(shown.backdrop, self.theme))
        self._with_points.setVisible(not self._view.square)
        self._show_points(self._with_points.isChecked())
        self._settle()

    def _show_points(self, on: bool) -> None:
        if self._view is not None:
            self._view.show_points(on)
