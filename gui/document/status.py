"""The document's part of the status line: size of the network, and what is wrong with it."""

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QToolButton, QWidget

from engine.language import tr, trn
from gui.common.theme import GRID
from gui.common.tips import in_lines

from .document import Document


class NetworkStatus(QWidget):
    """Number of parameters and of problems; a click on the problems shows one after the other.

    `node_wanted` carries the layer that a problem is about.
    """

    node_wanted = Signal(str)

    def __init__(self, document: Document, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._document = document
        self._next = 0
        self._size = QLabel()
        self._problems = QToolButton()
        self._problems.setAutoRaise(True)
        self._problems.clicked.connect(self._show_next)
        row = QHBoxLayout(self)
        row.setContentsMargins(GRID, 0, GRID, 0)
        row.addWidget(self._problems)
        row.addWidget(self._size)
        document.inferred.connect(self._update)
        document.replaced.connect(self._update)
        self._update()

    @property
    def text(self) -> str:
        """What the part says of problems."""
        return self._problems.text()

    def _update(self) -> None:
        problems = self._document.problems
        errors = sum(problem.severity == "error" for problem in problems)
        self._next = 0
        if errors:
            text = trn("✕ {count} problem", "✕ {count} problems", errors).format(count=errors)
        elif problems:
            count = len(problems)
            text = trn("▲ {count} remark", "▲ {count} remarks", count).format(count=count)
        else:
            text = tr("● No problems")
        self._problems.setText(text)
        self._problems.setEnabled(bool(problems))
        self._problems.setToolTip(
            in_lines("\n".join(problem.sentence for problem in problems[:20]))
        )
        count = self._document.inference.total_parameters
        self._size.setText(tr("{count:,} parameters").format(count=count))

    def _show_next(self) -> None:
        nodes = [problem.node_id for problem in self._document.problems if problem.node_id]
        if nodes:
            self.node_wanted.emit(nodes[self._next % len(nodes)])
            self._next += 1
