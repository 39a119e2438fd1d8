"""The inspector: properties of the chosen layer, the data set, the training."""

from PySide6.QtWidgets import QTabWidget, QWidget

from engine.language import tr
from engine.training import RunHistory
from gui.common.frames import FrameClock
from gui.common.icons import Icons
from gui.common.theme import ThemeSource
from gui.document import Document
from gui.document.theory import Foretold

from .data_page import DataPage
from .layer_page import LayerPage
from .training_page import TrainingPage


class Inspector(QTabWidget):
    """Three pages; choosing a layer brings its page to the front."""

    def __init__(
        self, document: Document, icons: Icons, themes: ThemeSource, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.layer_page = LayerPage(document, icons, themes)
        self.data_page = DataPage(document, themes)
        self.training_page = TrainingPage(document, themes)
        self._instruments = (
            self.layer_page.microscope,
            self.layer_page.norm,
            self.training_page.clip,
        )
        self.setDocumentMode(True)
        self.setAccessibleName(tr("Inspector"))
        for page, title in (
            (self.layer_page, tr("&Layer")),
            (self.data_page, tr("&Data")),
            (self.training_page, tr("&Training")),
        ):
            page.setAccessibleName(title.replace("&", ""))
            self.addTab(page, title)
        self._document = document
        document.selection.changed.connect(self._follow_selection)

    def set_running(self, running: bool) -> None:
        """A training is under way, or no longer."""
        self.training_page.set_running(running)

    def use_clock(self, clock: FrameClock) -> None:
        """Share the frames with the panes."""
        for instrument in self._instruments:
            instrument.use_clock(clock)

    def show_history(self, history: RunHistory | None) -> None:
        """Show another run, its newest epoch."""
        for instrument in self._instruments:
            instrument.show_history(history)

    def show_theory(self, foretold: Foretold | None) -> None:
        """Another theory of the open network holds; None while there is none."""
        self.layer_page.bench.show_theory(foretold)

    def data_changed(self) -> None:
        """The history has grown."""
        for instrument in self._instruments:
            instrument.data_changed()

    def set_epoch(self, epoch: int | None) -> None:
        """Show the epoch at a place in the history, or with None the newest."""
        for instrument in self._instruments:
            instrument.set_epoch(epoch)

    def _follow_selection(self) -> None:
        if self._document.selection.nodes:
            self.setCurrentWidget(self.layer_page)
