"""A slider in the colours of the palette, quick to paint."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QSlider

from .theme import GRID

HANDLE = 2 * GRID
"""Width of the handle; a value's place is at its middle."""
_LOOK = f"""
QSlider::groove:horizontal {{ height: 4px; background: palette(mid); }}
QSlider::sub-page:horizontal {{ background: palette(highlight); }}
QSlider::handle:horizontal {{ width: {HANDLE}px; margin: -6px 0; border-radius: {HANDLE // 2}px;
  background: palette(text); }}
QSlider::handle:horizontal:focus, QSlider::handle:horizontal:hover {{ background: palette(highlight); }}
QSlider::handle:horizontal:disabled, QSlider::sub-page:horizontal:disabled {{
  background: palette(mid); }}
"""


class Slider(QSlider):
    """A horizontal slider; Fusion's own takes four times as long to paint, which is felt at every step of a drag."""

    def __init__(self) -> None:
        super().__init__(Qt.Orientation.Horizontal)
        self.setStyleSheet(_LOOK)
        self.setMinimumHeight(HANDLE + 2)
