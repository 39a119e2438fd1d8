"""All panes together: they follow the playhead, and are built when nobody waits for them."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal, Slot
from PySide6.QtWidgets import QWidget

from engine.parameters import Value
from engine.training import TRAINING_DEFAULTS
from gui.common.frames import FrameClock
from gui.common.theme import ThemeSource
from gui.training import Playhead

from . import PANES, PaneSpec
from .theory import ShownTheory

if TYPE_CHECKING:
    from .pane import Pane


class PaneDeck(QObject):
    """Builds the panes and hands on to each what there is to show.

    `built` carries a pane that was built. The other signals are those of the panes; `alone_wanted`
    carries the pane.
    """

    built = Signal(object)
    layer_chosen = Signal(str)
    epoch_chosen = Signal(int)
    setting_chosen = Signal(str, object, object)
    failed = Signal(str)
    alone_wanted = Signal(object)

    def __init__(
        self, themes: ThemeSource, clock: FrameClock, playhead: Playhead, parent: QObject
    ) -> None:
        super().__init__(parent)
        self._themes = themes
        self._clock = clock
        self._playhead = playhead
        self._panes: dict[str, Pane] = {}
        self._selected: frozenset[str] = frozenset()
        self._training: Mapping[str, Value] = TRAINING_DEFAULTS
        self._theory: ShownTheory | None = None
        playhead.replaced.connect(self._show_history)
        playhead.grown.connect(self._show_growth)
        playhead.moved.connect(self._show_epoch)
        playhead.pin_changed.connect(self._show_pinned)

    def __iter__(self) -> Iterator["Pane"]:
        """The panes that are built, in the order of their declaration."""
        return (self._panes[spec.name] for spec in PANES if spec.name in self._panes)

    def __len__(self) -> int:
        return len(self._panes)

    def get(self, name: str) -> "Pane | None":
        """A pane by its name; None while it is not built."""
        return self._panes.get(name)

    @Slot()
    def complete(self) -> None:
        """Build the panes that are not built yet, first those in front."""
        for spec in sorted(PANES, key=lambda spec: bool(spec.tabbed_with)):
            if spec.name not in self._panes:
                self.built.emit(self._build(spec))

    @Slot()
    def build_plots(self) -> None:
        """Build the drawings of the panes in front, so that the first epoch need not wait for them."""
        for pane in self:
            pane.build_plot()

    def with_focus(self, focus: QWidget | None) -> "Pane | None":
        """The pane with the keyboard, else the first that is seen, else the first; None before they are built."""
        near = [p for p in self if focus is not None and (focus is p or p.isAncestorOf(focus))]
        seen = [pane for pane in self if pane.isVisible()]
        return next(iter([*near, *seen, *self]), None)

    def set_selected(self, ids: frozenset[str]) -> None:
        """Mark the chosen layers."""
        self._selected = ids
        for pane in self:
            pane.set_selected(ids)

    def set_training(self, training: Mapping[str, Value]) -> None:
        """Show these training settings."""
        self._training = training
        for pane in self:
            pane.set_training(training)

    def show_theory(self, theory: ShownTheory | None) -> None:
        """Show another theory; None while there is none."""
        self._theory = theory
        for pane in self:
            pane.show_theory(theory)

    def data_changed(self) -> None:
        """Something that is drawn is another one."""
        for pane in self:
            pane.data_changed()

    def _build(self, spec: PaneSpec) -> "Pane":
        pane = self._panes[spec.name] = spec.factory(self._themes)
        pane.use_clock(self._clock)
        pane.layer_chosen.connect(self.layer_chosen)
        pane.epoch_chosen.connect(self.epoch_chosen)
        pane.setting_chosen.connect(self.setting_chosen)
        pane.failed.connect(self.failed)
        pane.alone_wanted.connect(lambda: self.alone_wanted.emit(pane))
        pane.show_history(self._playhead.history)
        pane.set_epoch(self._playhead.epoch)
        pane.set_pinned(self._playhead.pinned)
        pane.set_selected(self._selected)
        pane.set_training(self._training)
        pane.show_theory(self._theory)
        return pane

    def _show_history(self) -> None:
        for pane in self:
            pane.show_history(self._playhead.history)

    def _show_growth(self) -> None:
        self.data_changed()

    def _show_epoch(self) -> None:
        for pane in self:
            pane.set_epoch(self._playhead.epoch)

    def _show_pinned(self) -> None:
        for pane in self:
            pane.set_pinned(self._playhead.pinned)
