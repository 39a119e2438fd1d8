"""The clip gauge beside the training settings, small: norms before and after clipping, and a sentence."""

import numpy as np

from engine.language import tr
from engine.training import RunHistory
from gui.common.theme import GRID, ThemeSource
from gui.document import Document
from gui.training.clip_reading import (
    StepGroups,
    clip_caption,
    epoch_clipping,
    group_places,
    logarithms,
    step_groups,
)

from .instrument import Instrument
from .pages import Text
from .sketch import Outline, Sketch

_HEIGHT = 9 * GRID
_ROOM = 0.15
"""Decades that are left free above and below."""


class ClipInstrument(Instrument):
    """The gradient's norm at every step on a logarithmic scale, with the threshold across."""

    def __init__(self, document: Document, themes: ThemeSource) -> None:
        super().__init__()
        self._document = document
        self._themes = themes
        self.sketch = Sketch(themes, tr("Norm of the gradient before and after clipping"), _HEIGHT)
        self.words = Text(themes)
        for widget in (self.sketch, self.words):
            self.column.addWidget(widget)
        for signal in (document.edited, document.replaced, themes.changed):
            signal.connect(self.data_changed)

    def draw(self) -> None:
        history, training = self.history, self._document.graph.training
        known = history is not None and bool(history.epochs)
        self.sketch.setVisible(known)
        if history is None or not known:
            self.words.say("")
            return
        groups = step_groups(history)
        found = epoch_clipping(history, self.epoch, float(training["clip_threshold"]), groups)
        caption = f"{clip_caption(found, groups, training)}."
        self.words.say(caption)
        self.sketch.setAccessibleDescription(caption)
        level = None if training["clip_mode"] == "none" else float(training["clip_threshold"])
        self._draw_norms(history, groups, level)

    def _draw_norms(self, history: RunHistory, groups: StepGroups, level: float | None) -> None:
        places = np.repeat(group_places(history, groups), 2)
        theme = self._themes.theme
        lines = [
            Outline(places, logarithms(spans.T.ravel()), color)
            for spans, color in ((groups.before, theme.series[1]), (groups.after, theme.series[0]))
        ]
        heights = np.concatenate([line.y for line in lines])
        height = None if level is None else float(np.log10(level))
        known = np.append(heights[np.isfinite(heights)], [] if height is None else height)
        low, high = (known.min(), known.max()) if known.size else (0.0, 0.0)
        end = max(float(places.max(initial=0.0)), history.started.first_epoch + 1.0)
        across = float(history.started.first_epoch), end
        self.sketch.show_outlines(
            lines, (across, (float(low) - _ROOM, float(high) + _ROOM)), level=height
        )
