"""Icons: our own line drawings, in the theme's colours; an activation's icon is its own curve."""

import math
from collections.abc import Callable
from importlib.resources import files

import numpy as np
from PySide6.QtCore import QByteArray, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QGuiApplication, QIcon, QPainter, QPen, QPixmap, QPolygonF
from PySide6.QtSvg import QSvgRenderer

from engine.layers import CATEGORIES, LayerSpec

from .theme import ThemeSource

_DRAWINGS = {
    "Input": "input",
    "Output": "output",
    "Linear": "linear",
    "Conv2d": "conv",
    "Flatten": "flatten",
    "Add": "add",
    "Concat": "concat",
    "Embedding": "embedding",
    "SelfAttention": "attention",
    "PositionalEncoding": "position",
    "LastStep": "last-step",
    "MeanOverTime": "mean-over-time",
}
_CATEGORY_DRAWINGS = {
    "Weights": "linear",
    "Normalisation": "norm",
    "Pooling and shape": "pool",
    "Regularisation": "dropout",
    "Merging": "add",
    "Sequences": "recurrent",
}
_FIELD = 24
_FAINT = 0.35
_CURVE_REACH = 3.0
_CURVE_POINTS = 49


class Icons:
    """Makes icons for the theme that holds when they are asked for."""

    def __init__(self, themes: ThemeSource) -> None:
        self._themes = themes
        self._texts: dict[str, str] = {}

    def icon(self, name: str) -> QIcon:
        """A drawing of `resources/icons`, faint when disabled."""
        return _svg_icon(self._text(name), self._themes.theme.color("text"), _FAINT)

    def layer_icon(self, spec: LayerSpec) -> QIcon:
        """A layer kind's icon in its category's colour; an activation shows its curve."""
        color = QColor(self._themes.theme.categories[CATEGORIES.index(spec.category)])
        if spec.function is not None:
            return _curve_icon(_curve(spec), color)
        name = _DRAWINGS.get(spec.kind) or _CATEGORY_DRAWINGS.get(spec.category, "linear")
        return _svg_icon(self._text(name), color)

    def _text(self, name: str) -> str:
        if name not in self._texts:
            self._texts[name] = (
                files("resources").joinpath("icons", f"{name}.svg").read_text("utf-8")
            )
        return self._texts[name]


def _icon(draw: Callable[[QPainter], None], faint: float | None = None) -> QIcon:
    """An icon from a drawing in a field of 24 × 24, sharp on each of the screens; `faint` when it is disabled."""
    icon = QIcon()
    for ratio in {math.ceil(screen.devicePixelRatio()) for screen in QGuiApplication.screens()}:
        icon.addPixmap(_picture(draw, ratio, 1.0), QIcon.Mode.Normal)
        if faint is not None:
            icon.addPixmap(_picture(draw, ratio, faint), QIcon.Mode.Disabled)
    return icon


def _picture(draw: Callable[[QPainter], None], ratio: int, opacity: float) -> QPixmap:
    picture = QPixmap(_FIELD * ratio, _FIELD * ratio)
    picture.fill(Qt.GlobalColor.transparent)
    painter = QPainter(picture)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setOpacity(opacity)
    painter.scale(ratio, ratio)
    draw(painter)
    painter.end()
    picture.setDevicePixelRatio(ratio)
    return picture


def _svg_icon(text: str, color: QColor, faint: float | None = None) -> QIcon:
    renderer = QSvgRenderer(QByteArray(text.replace("currentColor", color.name()).encode()))
    return _icon(lambda painter: renderer.render(painter, QRectF(0, 0, _FIELD, _FIELD)), faint)


def _curve_icon(curve: QPolygonF, color: QColor) -> QIcon:
    def draw(painter: QPainter) -> None:
        painter.setPen(QPen(QColor(color.red(), color.green(), color.blue(), 90), 1.0))
        painter.drawLine(QPointF(2, 12), QPointF(22, 12))
        painter.drawLine(QPointF(12, 2), QPointF(12, 22))
        painter.setPen(QPen(color, 2.0, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap))
        painter.drawPolyline(curve)

    return _icon(draw)


def _curve(spec: LayerSpec) -> QPolygonF:
    """The function over −3 … 3 in a field of 24 × 24, the same scale for all, so that kinds can be compared."""
    assert spec.function is not None
    z = np.linspace(-_CURVE_REACH, _CURVE_REACH, _CURVE_POINTS)
    a = np.clip(spec.function(z, spec.defaults), -_CURVE_REACH, _CURVE_REACH)
    scale = 10.0 / _CURVE_REACH
    points = zip(12.0 + z * scale, 12.0 - a * scale, strict=True)
    return QPolygonF([QPointF(float(x), float(y)) for x, y in points])
