"""What the window tells about a training: how it ended, what went wrong, and where to look."""

from collections.abc import Callable

from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QWidget

from engine.language import tr
from engine.training import Adopted, Examined, RunFinished
from gui.canvas import CanvasView
from gui.common.help import show_text
from gui.common.notice import Level, NoticeBar, Remedy
from gui.document import Document
from gui.training import RunControl, Session
from gui.training.examined import examined_text


class Tellings:
    """Turns what session and control report into notices, each with a remedy where there is one."""

    def __init__(
        self, notice: NoticeBar, document: Document, canvas: CanvasView, window: QWidget
    ) -> None:
        self._notice = notice
        self._document = document
        self._canvas = canvas
        self._window = window

    def follow(self, session: Session, control: RunControl) -> None:
        """Tell of a session, and of why a training cannot begin."""
        session.finished.connect(self._tell_end)
        session.failed.connect(self._tell_failure)
        session.worried.connect(lambda sentence: self._notice.say(sentence, "warning"))
        session.adopted.connect(self._tell_adoption)
        session.adoption_refused.connect(self._tell_adoption_refusal)
        session.examined.connect(lambda found: self._tell_examination(session, found))
        control.refused.connect(self._tell_refusal)

    def tell_crash(self, sentence: str, details: str) -> None:
        """Tell of a fault of the lab's own."""
        self._notice.say(sentence, "error", Remedy(tr("Copy details"), _copier(details)))

    def _tell_end(self, finished: RunFinished) -> None:
        if finished.sentence:
            level: Level = "info" if finished.outcome == "completed" else "warning"
            self._notice.say(finished.sentence, level, self._show_remedy(finished.node_id or ""))

    def _tell_failure(self, sentence: str, node_id: str, details: str) -> None:
        remedy = self._show_remedy(node_id)
        if remedy is None and details:
            remedy = Remedy(tr("Copy details"), _copier(details))
        self._notice.say(sentence, "error", remedy)

    def _tell_refusal(self, sentence: str, node_id: str) -> None:
        text = tr("Training cannot begin. {sentence}").format(sentence=sentence)
        self._notice.say(text, "error", self._show_remedy(node_id))

    def _tell_adoption(self, adopted: Adopted) -> None:
        text = tr("Training goes on with the edited network. {notes}")
        self._notice.say(text.format(notes=". ".join(adopted.notes)))

    def _tell_adoption_refusal(self, sentence: str, node_id: str) -> None:
        text = tr("Training cannot go on with the edited network. {sentence}")
        self._notice.say(text.format(sentence=sentence), "error", self._show_remedy(node_id))

    def _tell_examination(self, session: Session, message: Examined) -> None:
        if session.history is not None:
            text = examined_text(session.history.layers, message)
            show_text(self._window, tr("A thorough look"), text)

    def _show_remedy(self, node_id: str) -> Remedy | None:
        if node_id not in self._document.graph.nodes:
            return None
        return Remedy(tr("Show the layer"), lambda: self._canvas.show_node(node_id))


def _copier(details: str) -> Callable[[], None]:
    return lambda: QGuiApplication.clipboard().setText(details)
