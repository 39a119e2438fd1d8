"""A network over the plane: what it answers everywhere, the data on it, and what the units of a layer see."""

from collections.abc import Sequence
from html import escape
from typing import Any

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QStyleOptionGraphicsItem, QWidget

from engine.language import tr
from engine.stats import Backdrop, Picture
from gui.common.theme import Theme

from .mosaic import Mosaic, Pixels, blended, boundary
from .picture_view import (
    PictureView,
    Shown,
    Table,
    heat,
    real_limits,
    room,
    signed_tiles,
    signs,
)
from .surface_reading import confidence, units_title

SYMBOLS = ("o", "s", "t1", "d", "star", "p", "h")
GLYPHS = "●■▲◆★⬟⬢"
"""What the symbols look like in a text."""
_POINT, _SMALL, _MANY = 7, 5, 400
"""Sizes of points, and how many are many."""
_LEAST, _MOST = 0.14, 0.62
"""How much of a class's colour is laid over the ground where it is unsure, and where it is sure."""
_LEGEND_CLASSES = 10
_ABOVE = 5
"""Above the points."""


class SmoothImage(pg.ImageItem):
    """An image whose pixels are samples of something smooth, drawn so."""

    def paint(
        self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None
    ) -> None:
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        super().paint(painter, option, widget)


class PlaneView(PictureView):
    """The network's answer over the plane behind the data, and the maps of a layer's units."""

    then_name = tr("line")

    def __init__(self, plots: Sequence[pg.PlotItem]) -> None:
        super().__init__(plots)
        self.surface = SmoothImage(axisOrder="row-major")
        self.mosaic = pg.ImageItem(axisOrder="row-major")
        self.then = pg.PlotCurveItem()
        self.points: list[pg.ScatterPlotItem] = []

    def enter(self, backdrop: Backdrop, theme: Theme) -> str:
        self.add(self.left, self.surface)
        self.add(self.left, self.then)
        self.add(self.right, self.mosaic)
        self.then.setPen(theme.pen(theme.text, 1.5))
        self.then.setZValue(_ABOVE)
        self.scaled(self.left, backdrop)
        self.bare(self.right)
        (left, right), (low, high) = real_limits(backdrop)
        self.left.getViewBox().setRange(xRange=(left, right), yRange=(low, high), padding=0)
        self._rect = QRectF(left, low, right - left, high - low)
        self._classes = len(backdrop.class_names)
        if not self._classes:
            return self._enter_numbers(backdrop, theme)
        self.points = [self._class(backdrop, theme, i) for i in range(len(backdrop.class_names))]
        for item in self.points:
            self.add(self.left, item)
        return self._legend(backdrop, theme)

    def draw(self, shown: Shown) -> None:
        surface, theme = shown.picture.surface, shown.theme
        assert surface is not None
        if shown.backdrop.class_names:
            image = _class_pixels(surface.winners, surface.scores, shown.backdrop, theme)
        else:
            image = _number_pixels(surface.scores, shown.backdrop, theme)
        self.surface.setImage(image, autoLevels=False)
        self.surface.setRect(self._rect)
        self._draw_then(shown.then)
        place = None if shown.row is None else surface.units.place(shown.row)
        self.mosaic.setVisible(place is not None)
        if place is None or shown.row is None:
            return
        codes, scales = surface.units.layer(place)
        layout = Mosaic.fitting(len(codes), codes.shape[1:], room(self.right))
        tiles = signed_tiles(codes[:, ::-1], scales, layout, theme)
        self.show_tiles(self.right, self.mosaic, tiles, layout, theme)
        label = shown.history.layers[shown.row].label
        self.title(self.right, units_title(surface, shown.row, label))

    def read(self, shown: Shown, place: QPointF, plot: int) -> tuple[str, int | None]:
        surface, backdrop = shown.picture.surface, shown.backdrop
        assert surface is not None
        if plot:
            return self._read_unit(shown, place)
        side = len(surface.scores)
        x, y = place.x(), place.y()
        column = int((x - self._rect.left()) / self._rect.width() * side)
        row = int((y - self._rect.top()) / self._rect.height() * side)
        if not (0 <= row < side and 0 <= column < side):
            return "", None
        names, score = backdrop.input_names, float(surface.scores[row, column])
        text = f"{names[0]} {x:.3g}, {names[1]} {y:.3g}"
        if not backdrop.class_names:
            return f"{text}: {score:.3g}", None
        name = backdrop.class_names[int(surface.winners[row, column])]
        sure = (
            tr("probability {score:.1%}").format(score=score)
            if backdrop.score == "probability"
            else f"{score:.3g}"
        )
        return tr("{place}: class {name}, {score}").format(place=text, name=name, score=sure), None

    def table(self, shown: Shown) -> Table:
        surface, backdrop = shown.picture.surface, shown.backdrop
        assert surface is not None
        places = backdrop.real(backdrop.grid(len(surface.scores)))
        rows = [
            [f"{x:.6g}", f"{y:.6g}", *answer]
            for (x, y), answer in zip(places, self._answers(shown), strict=True)
        ]
        last = ["class", backdrop.score] if backdrop.class_names else ["output"]
        return [*backdrop.input_names, *last], rows

    def show_points(self, on: bool) -> None:
        for item in self.points:
            item.setVisible(on)

    def _draw_then(self, then: Picture | None) -> None:
        """Where the classes met at the moment that is compared with."""
        known = then is not None and then.surface is not None and bool(self._classes)
        self.then.setVisible(known)
        if then is not None and then.surface is not None and known:
            x, y = boundary(then.surface.winners)
            rect, side = self._rect, len(then.surface.winners)
            x, y = rect.left() + x * rect.width() / side, rect.top() + y * rect.height() / side
            self.then.setData(x, y, connect="pairs")

    def _answers(self, shown: Shown) -> list[list[Any]]:
        surface = shown.picture.surface
        assert surface is not None
        scores = [float(f"{score:.6g}") for score in surface.scores.ravel()]
        if not shown.backdrop.class_names:
            return [[score] for score in scores]
        names = shown.backdrop.class_names
        winners = surface.winners.ravel().tolist()
        return [[names[w], score] for w, score in zip(winners, scores, strict=True)]

    def _read_unit(self, shown: Shown, place: QPointF) -> tuple[str, int | None]:
        surface, found = shown.picture.surface, self.tile_at(self.right, place)
        assert surface is not None
        where = None if shown.row is None else surface.units.place(shown.row)
        if found is None or where is None or shown.row is None:
            return "", None
        unit, row, column = found
        codes, scales = surface.units.layer(where)
        value = codes[unit, len(codes[unit]) - 1 - row, column] / 127.0 * scales[unit]
        label = shown.history.layers[shown.row].label
        return tr("{label}, unit {unit}: {value:.3g} here, at most {largest:.3g}").format(
            label=label, unit=unit + 1, value=value, largest=scales[unit]
        ), shown.row

    def _class(self, backdrop: Backdrop, theme: Theme, number: int) -> pg.ScatterPlotItem:
        here = backdrop.targets == number
        color, ground = class_color(theme, number), theme.surface
        validates = backdrop.validates[here].astype(bool)
        thin, thick = theme.pen(ground, 1.0), theme.pen(color, 1.5)
        filled, hollow = pg.mkBrush(color), pg.mkBrush(ground)
        x, y = backdrop.real(backdrop.inputs[here]).T
        return pg.ScatterPlotItem(
            x=x,
            y=y,
            symbol=SYMBOLS[number % len(SYMBOLS)],
            size=_point(backdrop),
            pen=[thick if v else thin for v in validates],
            brush=[hollow if v else filled for v in validates],
        )

    def _enter_numbers(self, backdrop: Backdrop, theme: Theme) -> str:
        x, y = backdrop.real(backdrop.inputs).T
        colors = heat(_number_shares(backdrop.targets, backdrop), theme)
        item = pg.ScatterPlotItem(
            x=x,
            y=y,
            size=_point(backdrop),
            pen=theme.pen(theme.text, 0.5),
            brush=[pg.mkBrush(*color) for color in colors.tolist()],
        )
        self.points = [item]
        self.add(self.left, item)
        low, high = backdrop.targets.min(), backdrop.targets.max()
        return tr("target: {low:.3g} dark, {high:.3g} bright&nbsp;&nbsp; units: {signs}").format(
            low=low, high=high, signs=signs(theme)
        )

    def _legend(self, backdrop: Backdrop, theme: Theme) -> str:
        names = [
            f'<b style="color: {class_color(theme, i)}">{GLYPHS[i % len(GLYPHS)]}</b>&nbsp;{escape(name)}'
            for i, name in enumerate(backdrop.class_names[:_LEGEND_CLASSES])
        ]
        if len(backdrop.class_names) > _LEGEND_CLASSES:
            names.append("…")
        classes = "&nbsp; ".join(names)
        return tr("class {classes}&nbsp; hollow: validation&nbsp;&nbsp; units: {signs}").format(
            classes=classes, signs=signs(theme)
        )


def class_color(theme: Theme, number: int) -> str:
    """The colour of a class; its symbol tells it apart as well."""
    colors = (*theme.series, theme.categories[0], theme.categories[-1])
    return colors[number % len(colors)]


def _point(backdrop: Backdrop) -> int:
    return _SMALL if len(backdrop.inputs) > _MANY else _POINT


def _class_pixels(
    winners: NDArray[np.uint16], scores: NDArray[np.float32], backdrop: Backdrop, theme: Theme
) -> Pixels:
    shares = _LEAST + (_MOST - _LEAST) * confidence(scores, backdrop)
    image = np.empty((*winners.shape, 3), np.uint8)
    for number in np.unique(winners).tolist():
        here = winners == number
        image[here] = blended(theme.surface, class_color(theme, number), shares[here])
    return image


def _number_shares(values: NDArray[np.floating], backdrop: Backdrop) -> NDArray[np.float64]:
    """Where numbers lie between the smallest and the largest target."""
    low, high = float(backdrop.targets.min()), float(backdrop.targets.max())
    return np.clip((values - low) / ((high - low) or 1.0), 0.0, 1.0)


def _number_pixels(scores: NDArray[np.float32], backdrop: Backdrop, theme: Theme) -> Pixels:
    return heat(_number_shares(scores, backdrop), theme)
