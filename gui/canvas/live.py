"""Brings the figures of a training onto cards and wires, and keeps them in step with the run."""

from collections import defaultdict, deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from PySide6.QtCore import QCoreApplication, QEvent, QObject, Signal
from PySide6.QtWidgets import QGraphicsView

from engine.graph import Node
from engine.stats import LayerTable
from engine.training import RunHistory
from gui.common.frames import FrameClock
from gui.common.theme import ThemeSource
from gui.document import Document
from gui.training.reading import current_view

from .card_part import Sheet
from .figures import (
    NO_GRADIENT,
    NO_REMARK,
    Remark,
    WireFigure,
    card_remarks,
    outcome_lines,
    wire_figures,
)
from .histograms import Ink, Reach, input_reach
from .node_item import NodeItem
from .scene import CanvasScene
from .wire_item import WireItem
from .zoom import HISTOGRAMS, TEXTS

_SLICE = 64
"""Layers whose cards and wires are drawn in one frame; the rest of a large network follows in the next frames."""


@dataclass(frozen=True, slots=True)
class _Picture:
    """What there is to be drawn of an epoch."""

    table: LayerTable
    wires: Mapping[str, WireFigure]
    """By the layer that they come from."""
    sheet: Sheet
    remarks: Sequence[Remark]
    """Empty when they could not be read from so far."""


class LiveDrawing(QObject):
    """Draws the shown epoch at most 60 times a second, only what has changed, and only while `view` is visible.

    A layer shows figures as long as it is the one that was trained: the same node with the same settings.
    """

    drawn = Signal()

    def __init__(
        self, scene: CanvasScene, document: Document, themes: ThemeSource, view: QGraphicsView
    ) -> None:
        super().__init__(view)
        self._scene = scene
        self._document = document
        self._themes = themes
        self._view = view
        self._history: RunHistory | None = None
        self._epoch: int | None = None
        self._trained: Mapping[str, Node] = {}
        self._rows: Mapping[str, int] = {}
        self._wires: defaultdict[str, list[WireItem]] = defaultdict(list)
        self._table: LayerTable | None = None
        self._stale = True
        self._picture: _Picture | None = None
        self._rest: deque[str] = deque()
        self._shown = True
        self._reach = Reach()
        self._near = self._sees_bars = True
        self._clock = FrameClock(self)
        document.inferred.connect(self._start_afresh)
        document.replaced.connect(lambda: self.show_history(None))  # the run is not its own
        themes.changed.connect(self._start_afresh)

    @property
    def is_shown(self) -> bool:
        """Whether figures are wanted on the canvas."""
        return self._shown

    @property
    def has_figures(self) -> bool:
        """Whether figures are on the canvas."""
        return self._shown and self._table is not None

    def sentence(self, node_id: str) -> str:
        """What is drawn of a layer's gradient, in words; "" without figures."""
        row = self._rows.get(node_id)
        if self._table is None or row is None or self._history is None:
            return ""
        return wire_figures(self._history.layers, self._table)[row].sentence

    def set_shown(self, shown: bool) -> None:
        """Put the figures on the canvas, or take them off."""
        self._shown = shown
        self._start_afresh()

    def show_history(self, history: RunHistory | None) -> None:
        """Show another run, its newest epoch; the document's network is the one that it trains."""
        self._history, self._epoch, self._reach = history, None, Reach()
        self._trained = dict(self._document.graph.nodes)
        self._start_afresh()

    def set_epoch(self, epoch: int | None) -> None:
        """Show an epoch by its place in the history, or with None follow the newest."""
        self._epoch = epoch
        self.data_changed()

    def data_changed(self) -> None:
        """The history has grown, or another epoch is to be shown."""
        if self._view.isVisible():
            self._clock.ask(self, self._draw_frame)

    def zoomed(self) -> None:
        """From another distance other things can be read."""
        if self._sees_texts != self._near:
            self._start_afresh()

    def use_clock(self, clock: FrameClock) -> None:
        """Share the frames with others, so that all together are drawn in time."""
        self._clock.forget(self)
        self._clock = clock
        self.data_changed()

    def draw(self) -> None:
        """Bring all cards and wires up to date now, if anything has changed."""
        self._go_on(len(self._rest))
        self._begin()
        self._go_on(len(self._rest))

    def _begin(self) -> None:
        """Find out what is to be drawn, if anything has changed; nothing of it is drawn yet."""
        view = current_view(self._history, self._epoch) if self._shown else None
        if view is None and self._shown and self._history is not None:
            return  # the new run's first figures are on their way; until then the old picture is better than none
        table = view.table if view is not None else None
        if table is self._table and not self._stale:
            return
        if self._stale:
            self._rows = self._trained_rows()
            self._wires = defaultdict(list)
            for edge, wire in self._scene.wires.items():
                self._wires[edge.source].append(wire)
        self._table, self._stale = table, False
        self._near, self._sees_bars = self._sees_texts, self._zoom() >= HISTOGRAMS
        self._picture = self._picture_of(table) if table is not None else None
        self._rest = deque(self._scene.cards)

    def _go_on(self, layers: int) -> None:
        """Draw so many of the layers that are left."""
        if not self._rest:
            return
        for _ in range(min(layers, len(self._rest))):
            self._draw_layer(self._rest.popleft())
        if not self._rest:
            self.drawn.emit()

    def _draw_frame(self) -> None:
        """Draw a slice and paint it at once, so that the clock knows what it takes."""
        if not self._rest:
            self._begin()
        self._go_on(_SLICE)
        QCoreApplication.sendPostedEvents(self._scene, QEvent.Type.MetaCall)
        QCoreApplication.sendPostedEvents(self._view.window(), QEvent.Type.UpdateRequest)
        if not self._rest:
            self._begin()  # the run may have gone on since the slice before
        if self._rest:
            self._clock.ask(self, self._draw_frame, rest=True)

    def _start_afresh(self) -> None:
        """Not only the figures may be others, but also what they are drawn on."""
        self._stale = True
        self._rest.clear()
        self.data_changed()

    def _trained_rows(self) -> Mapping[str, int]:
        """The rows of the layers that are still what they were when the training began."""
        layers = self._history.layers if self._history is not None else ()
        return {layer.id: row for row, layer in enumerate(layers) if self._is_trained(layer.id)}

    def _is_trained(self, node_id: str) -> bool:
        node, before = self._document.graph.nodes.get(node_id), self._trained.get(node_id)
        return (
            node is not None
            and before is not None
            and (node.kind, node.params) == (before.kind, before.params)
        )

    def _picture_of(self, table: LayerTable) -> _Picture:
        assert self._history is not None
        figures = wire_figures(self._history.layers, table)
        return _Picture(
            table,
            {node_id: figures[row] for node_id, row in self._rows.items()},
            Sheet(table.activations, partial(self._reach.holding, table.activations), self._ink),
            card_remarks(table) if self._near else (),
        )

    def _draw_layer(self, node_id: str) -> None:
        """The card, and the wires that come from it; nothing on them without a picture."""
        card, picture = self._scene.cards.get(node_id), self._picture
        if card is None:  # it was taken away since
            return
        figure = picture.wires.get(node_id) if picture is not None else None
        if picture is not None and figure is None:
            figure = self._without_row(node_id)
        for wire in self._wires.get(node_id, ()):
            wire.show_figure(figure, near=self._near)
        if picture is None:
            card.show_words(())
        elif card.node.kind in {"Input", "Output"}:
            self._show_end(card, picture.table)
        else:
            self._show_bars(card, picture)

    def _zoom(self) -> float:
        return self._view.transform().m11()

    @property
    def _sees_texts(self) -> bool:
        return self._zoom() >= TEXTS

    def _without_row(self, node_id: str) -> WireFigure | None:
        """The data take no gradient; a layer that was not trained has none to show."""
        is_input = self._is_trained(node_id) and self._trained[node_id].kind == "Input"
        return NO_GRADIENT if is_input else None

    def _show_bars(self, card: NodeItem, picture: _Picture) -> None:
        row = self._rows.get(card.node.id)
        if row is None:
            card.show_words(())
            return
        remark = picture.remarks[row] if picture.remarks else NO_REMARK
        verdict = picture.wires[card.node.id].verdict
        card.show_bars(picture.sheet, row, remark, verdict, near=self._sees_bars)

    def _show_end(self, card: NodeItem, table: LayerTable) -> None:
        """Input shows the data, Output what the epoch came to."""
        assert self._history is not None
        if not self._is_trained(card.node.id):
            card.show_words(())
        elif card.node.kind == "Output":
            card.show_words(outcome_lines(self._history, self._epoch))
        elif table.inputs.totals[0]:
            sheet = Sheet(table.inputs, partial(input_reach, table), self._ink)
            card.show_bars(sheet, 0, NO_REMARK, None, near=self._sees_bars)

    @property
    def _ink(self) -> Ink:
        theme = self._themes.theme
        return Ink(theme.color("ridge", 0.6).rgba(), theme.color("muted").rgba())
