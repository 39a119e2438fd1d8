"""The X-ray of the chosen batch-norm layer, small: its stages, and what evaluation will see."""

from typing import cast

from PySide6.QtWidgets import QComboBox

from engine.language import tr
from gui.common.theme import GRID, ThemeSource
from gui.training.norm_reading import (
    TITLES,
    Mode,
    densities,
    norm_caption,
    norm_in,
    norm_rows,
    reach,
    stage_text,
    stages,
)
from gui.training.reading import current_view

from .instrument import Instrument
from .pages import Text
from .sketch import Outline, Sketch

_HEIGHT = 18 * GRID
_SHARE = 0.55
"""How much of its room a stage's hill takes; the rest is for its words."""
_WAITING = tr(
    "Run the training to see here what this layer makes of its values, and "
    "whether evaluation will see the same."
)


class NormInstrument(Instrument):
    """Histograms of what comes in, of the normalised and of the scaled values, with a sentence."""

    def __init__(self, themes: ThemeSource) -> None:
        super().__init__()
        self._themes = themes
        self._node_id = ""
        self.mode_box = QComboBox()
        self.mode_box.setAccessibleName(tr("Statistics of the batch or moving ones"))
        self.mode_box.addItem(tr("in training: the batch's statistics"), "train")
        self.mode_box.addItem(tr("in evaluation: moving statistics"), "eval")
        self.mode_box.currentIndexChanged.connect(lambda _index: self.data_changed())
        self.sketch = Sketch(themes, tr("Input, normalised and scaled values"), _HEIGHT)
        self.words = Text(themes)
        for widget in (self.mode_box, self.sketch, self.words):
            self.column.addWidget(widget)
        themes.changed.connect(self.data_changed)

    def show_layer(self, node_id: str) -> None:
        """Show another layer; "" for none."""
        self._node_id = node_id
        self.setVisible(bool(node_id))
        self.data_changed()

    def draw(self) -> None:
        history, view = self.history, current_view(self.history, self.epoch)
        row = history.row(self._node_id) if history is not None else None
        known = history is not None and row is not None and row in norm_rows(history.layers)
        norm = norm_in(view.table, row) if known and view is not None and row is not None else None
        self.sketch.setVisible(norm is not None)
        self.mode_box.setVisible(norm is not None)
        if history is None or view is None or norm is None:
            self.words.say(_WAITING)
            return
        mode = cast("Mode", self.mode_box.currentData())
        found = stages(view.table, norm, mode)
        places, density = densities(found.counts, reach(found.counts))
        centres = (places[1:] + places[:-1]) / 2
        colors = (self._themes.theme.muted, *self._themes.theme.series)
        hills = [
            Outline(centres, _base(stage) + _SHARE * hill, colors[stage], True)
            for stage, hill in enumerate(density)
        ]
        words = [(_base(stage) + 1.0, stage_text(found, stage)) for stage in range(len(TITLES))]
        ends = float(places[0]), float(places[-1])
        self.sketch.show_outlines(hills, (ends, (-0.05, float(len(TITLES)))), words)
        caption = norm_caption(history.layers[norm.row].label, norm, view, mode)
        self.sketch.setAccessibleDescription(caption)
        self.words.say(f"{caption}.")


def _base(stage: int) -> float:
    """The height that a stage stands on: the first on top."""
    return float(len(TITLES) - 1 - stage)
