"""Taking a whole run along: a report as one HTML page, and an animation."""

import datetime
from collections.abc import Callable, Iterable, Sequence, Sized
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QFileDialog, QWidget

from engine.data import DATA_SETS, DataError, describe
from engine.export import Picture, Report, report_html
from engine.graph import Inference, NetworkGraph, decode, infer, write_atomically
from engine.language import tr
from gui.common.actions import ActionSpec
from gui.common.long_work import LongWork, Pieces
from gui.common.theme import LIGHT
from gui.document import Document
from gui.training import Playhead, RunControl

from .animation import MISSING, film, find_encoder, thinned_epochs

if TYPE_CHECKING:
    from .pane import Pane

WHOLE_WINDOW = "window"


class Panes(Sized, Iterable["Pane"], Protocol):
    """The panes, some of which may come later."""


class Exports(QObject):
    """Writes reports and animations, a little at a time. `done` carries the file, `failed` a sentence."""

    done = Signal(str, Path)
    failed = Signal(str)

    def __init__(
        self,
        window: QWidget,
        panes: Panes,
        playhead: Playhead,
        control: RunControl,
        document: Document,
        versions: Callable[[], str],
    ) -> None:
        super().__init__(window)
        self._window = window
        self._panes = panes
        self._playhead = playhead
        self._control = control
        self._document = document
        self._versions = versions
        self._encoder = find_encoder()
        self.work = LongWork(window)

    @property
    def has_run(self) -> bool:
        """Whether there is an epoch that can be told of."""
        return self._playhead.last >= 0

    @property
    def can_animate(self) -> bool:
        """Whether there are epochs to show one after the other, and a program that makes a film of them."""
        return self._encoder is not None and self._playhead.last > 0

    @property
    def animation_tip(self) -> str:
        """What an animation needs."""
        return MISSING if self._encoder is None else tr("Save the recorded epochs as a film")

    def ask_and_report(self) -> None:
        """Let the person choose a file, and write the report."""
        path = self._ask(tr("Export a report"), "report", (".html",))
        if path is not None:
            self.report(path)

    def report(self, path: Path) -> None:
        """Write the report to a file."""
        pieces = self._report_pieces(path)
        self.work.begin(tr("Export a report"), len(self._panes), pieces, self.failed.emit)

    def ask_and_animate(self, name: str) -> None:
        """Let the person choose a file, and write an animation of a pane, or of the whole window."""
        if self._encoder is not None:
            path = self._ask(tr("Export an animation"), name, self._encoder.kinds)
            if path is not None:
                self.animate(name, path)

    def animate(self, name: str, path: Path) -> None:
        """Write an animation of the pane with this name, or of the whole window, to a file."""
        if self._encoder is None or path.suffix.lower() not in self._encoder.kinds:
            known = tr(" or ").join(self._encoder.kinds) if self._encoder else MISSING
            self.failed.emit(
                tr("Files that end in {suffix!r} cannot be written: {known}").format(
                    suffix=path.suffix, known=known
                )
            )
            return
        pieces = self._film_pieces(name, path)
        count = len(thinned_epochs(self._playhead.last + 1))
        self.work.begin(tr("Export an animation"), count, pieces, self.failed.emit)

    def _film_pieces(self, name: str, path: Path) -> Pieces:
        assert self._encoder is not None
        yield from film(self._playhead, lambda: self._grab(name), self._encoder, path)
        self.done.emit(tr("The animation is saved"), path)

    def _grab(self, name: str) -> QImage:
        wanted = [pane for pane in self._panes if name == pane.name]
        for pane in wanted or [pane for pane in self._panes if pane.isVisible()]:
            pane.draw_now()
        return (wanted[0] if wanted else self._window).grab().toImage()

    def _report_pieces(self, path: Path) -> Pieces:
        history, frozen = self._playhead.history, self._frozen
        if history is None or not history.epochs:
            raise ValueError(tr("There is nothing to report yet. Press Run first"))
        shown = history.epochs[self._playhead.shown]
        pictures: list[Picture] = []
        for done, pane in enumerate(self._panes):
            yield done
            pictures += self._picture(pane, frozen)
        graph = decode(self._control.trained)
        page = report_html(
            Report(
                title=self._title,
                graph=graph,
                inference=self._inference(graph),
                history=history,
                shown=shown,
                pictures=pictures,
                versions=self._versions().splitlines(),
                made=datetime.datetime.now(),
            )
        )
        write_atomically(path, page.encode())
        self.done.emit(tr("The report is saved"), path)

    def _picture(self, pane: "Pane", epoch: int | None) -> list[Picture]:
        """What a pane shows, on white; nothing when it has nothing to show."""
        if not pane.has_content():
            return []
        pane.set_epoch(epoch)
        with pane.in_theme(LIGHT):
            svg = pane.taking.content(".svg")
        title, headline = pane.accessibleName(), pane.headline.text()
        caption = pane.caption.text()
        drawn = pane.shows_picture
        pane.set_epoch(self._playhead.epoch)
        return [Picture(title, headline, caption, svg)] if drawn else []

    @property
    def _frozen(self) -> int | None:
        """The epoch that all pictures show, however the run goes on; None for a single step that was looked at."""
        history, epoch = self._playhead.history, self._playhead.epoch
        follows = epoch is None and history is not None and history.snapshot is not None
        return None if follows else self._playhead.shown

    def _inference(self, graph: NetworkGraph) -> Inference | None:
        """The shapes of the network that was trained; the document may be at another data set by now."""
        if graph.data == self._document.graph.data:
            return infer(graph, self._document.data_info)
        spec = DATA_SETS.get(graph.data.kind)
        if spec is None or spec.reads_file:
            return None
        try:
            return infer(graph, describe(graph.data, None))
        except DataError:
            return None

    @property
    def _title(self) -> str:
        path = self._document.path
        return path.stem if path else tr("Untitled network")

    def _ask(self, title: str, what: str, kinds: Sequence[str]) -> Path | None:
        start = (self._document.folder or Path.home()) / f"{self._title}-{what}{kinds[0]}"
        filters = ";;".join(f"{kind[1:].upper()} (*{kind})" for kind in kinds)
        name, _ = QFileDialog.getSaveFileName(self._window, title, str(start), filters)
        if not name:
            return None
        return Path(name) if Path(name).suffix else Path(f"{name}{kinds[0]}")


def export_actions(exports: Exports, panes: Sequence[tuple[str, str]]) -> list[ActionSpec]:
    """The report, and an animation of the window and of each pane (name and title)."""
    return [
        ActionSpec(
            "report",
            tr("Export a re&port …"),
            tr("Save network, settings, outcome and all pictures as one page"),
            exports.ask_and_report,
            "Ctrl+E",
            enabled=lambda: exports.has_run,
        ),
        *(
            _animation_action(exports, name, title)
            for name, title in ((WHOLE_WINDOW, tr("The whole window")), *panes)
        ),
    ]


def _animation_action(exports: Exports, name: str, title: str) -> ActionSpec:
    return ActionSpec(
        f"animate_{name}",
        f"{title} …",
        exports.animation_tip,
        lambda: exports.ask_and_animate(name),
        enabled=lambda: exports.can_animate,
    )
