"""An activation's function and its slope, drawn from the layer's declaration."""

import numpy as np
from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPolygonF
from PySide6.QtWidgets import QWidget

from engine.layers import LayerSpec
from engine.layers.spec import Array
from engine.parameters import Values
from gui.common.theme import GRID, ThemeSource, scaled_font

REACH = 5.0
_POINTS = 201
_HEIGHT = 160


class ActivationCurve(QWidget):
    """f(z) as a line and f′(z) dashed, for z from −5 to 5."""

    def __init__(self, themes: ThemeSource) -> None:
        super().__init__()
        self._themes = themes
        self.z = np.linspace(-REACH, REACH, _POINTS)
        self.function = np.zeros(_POINTS)
        self.slope = np.zeros(_POINTS)
        self.setMinimumHeight(_HEIGHT)
        self.setAccessibleName("Activation function and its slope")

    def show_activation(self, spec: LayerSpec, values: Values) -> None:
        """Draw an activation with the given settings."""
        if spec.function is None or spec.derivative is None:
            return
        self.function = spec.function(self.z, values)
        self.slope = spec.derivative(self.z, values)
        largest = float(self.slope.max())
        self.setAccessibleDescription(
            f"{spec.title}: from {self.function[0]:.3g} at −5 to {self.function[-1]:.3g} at 5; "
            f"its slope is at most {largest:.3g}"
        )
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(GRID * 30, _HEIGHT)

    def paintEvent(self, _event: QPaintEvent) -> None:
        theme = self._themes.theme
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setFont(scaled_font(self.font(), 0.85))
        room = QRectF(self.rect()).adjusted(4 * GRID, GRID, -GRID, -3 * GRID)
        painter.fillRect(room, theme.color("surface"))
        low = min(-1.0, float(min(self.function.min(), self.slope.min())))
        high = max(1.0, float(max(self.function.max(), self.slope.max())))
        self._paint_axes(painter, room, low, high)
        for values, color, style in (
            (self.slope, "exploding", Qt.PenStyle.DashLine),
            (self.function, "accent", Qt.PenStyle.SolidLine),
        ):
            painter.setPen(theme.pen(color, 2.0, style=style))
            painter.drawPolyline(_polygon(self.z, values, room, low, high))
        self._paint_legend(painter, room)
        painter.end()

    def _paint_axes(self, painter: QPainter, room: QRectF, low: float, high: float) -> None:
        theme = self._themes.theme
        metrics = painter.fontMetrics()
        for z in (-5, 0, 5):
            x = _place(z, -REACH, REACH, room.left(), room.right())
            painter.setPen(theme.pen("grid"))
            painter.drawLine(QPointF(x, room.top()), QPointF(x, room.bottom()))
            painter.setPen(theme.color("muted"))
            text = "z = 0" if z == 0 else f"{z}".replace("-", "−")
            painter.drawText(
                QPointF(x - metrics.horizontalAdvance(text) / 2, room.bottom() + 2 * GRID), text
            )
        for value in {round(low), 0, 1, round(high)}:
            y = _place(value, low, high, room.bottom(), room.top())
            if not room.top() - 1 <= y <= room.bottom() + 1:
                continue
            painter.setPen(theme.pen("grid"))
            painter.drawLine(QPointF(room.left(), y), QPointF(room.right(), y))
            painter.setPen(theme.color("muted"))
            text = f"{value}".replace("-", "−")
            left = room.left() - metrics.horizontalAdvance(text) - GRID / 2
            painter.drawText(QPointF(left, y + metrics.ascent() / 2 - 1), text)

    def _paint_legend(self, painter: QPainter, room: QRectF) -> None:
        metrics = painter.fontMetrics()
        left = room.left() + GRID
        for text, color in (("f(z)", "accent"), ("slope f′(z)", "exploding")):
            painter.setPen(QColor(getattr(self._themes.theme, color)))
            painter.drawText(QPointF(left, room.top() + metrics.ascent() + 2), text)
            left += metrics.horizontalAdvance(text) + 2 * GRID


def _place(value: float, low: float, high: float, at_low: float, at_high: float) -> float:
    return at_low + (value - low) / (high - low) * (at_high - at_low)


def _polygon(z: Array, values: Array, room: QRectF, low: float, high: float) -> QPolygonF:
    return QPolygonF(
        [
            QPointF(
                _place(float(a), -REACH, REACH, room.left(), room.right()),
                _place(float(b), low, high, room.bottom(), room.top()),
            )
            for a, b in zip(z, values, strict=True)
        ]
    )
