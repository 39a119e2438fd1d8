"""The settings that are wanted most, for the tool bar: data set, learning rate, clipping."""

from PySide6.QtWidgets import QHBoxLayout, QLabel, QSizePolicy, QWidget

from engine.graph import SetTraining
from engine.parameters import Value
from engine.training import LIVE_PARAMETERS, TRAINING_PARAMETERS
from gui.common.theme import GRID
from gui.document import Document

from .data_page import DataSetBox
from .editors import Editor, editor_for

_WIDTH = GRID * 11


class QuickSettings(QWidget):
    """The data set, and every setting that acts while training runs."""

    def __init__(self, document: Document, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._document = document
        self.box = DataSetBox(document)
        row = QHBoxLayout(self)
        row.setContentsMargins(GRID // 2, 0, GRID // 2, 0)
        row.setSpacing(GRID // 2)
        row.addWidget(self.box)
        self.editors: dict[str, Editor] = {}
        self._labels: dict[str, QLabel] = {}
        for parameter in TRAINING_PARAMETERS:
            if parameter.name in LIVE_PARAMETERS:
                editor = editor_for(parameter)
                editor.setFixedWidth(_WIDTH)
                editor.changed.connect(lambda value, editor=editor: self._set(editor, value))
                label = QLabel(parameter.title)
                label.setBuddy(editor.field)
                label.setContentsMargins(GRID, 0, 0, 0)
                row.addWidget(label)
                row.addWidget(editor)
                self.editors[parameter.name] = editor
                self._labels[parameter.name] = label
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Preferred)
        document.edited.connect(self._update)
        document.replaced.connect(self._update)
        self._update()

    def _update(self) -> None:
        training = self._document.graph.training
        for name, editor in self.editors.items():
            editor.show_value(training[name])
            matters = editor.parameter.matters(training)
            editor.setVisible(matters)
            self._labels[name].setVisible(matters)

    def _set(self, editor: Editor, value: Value) -> None:
        name = editor.parameter.name
        sentence = editor.parameter.check(value)
        if sentence is not None:
            self._document.refused.emit(sentence)
            self._update()
        elif value != self._document.graph.training[name]:
            self._document.do(SetTraining({name: value}), merge_key=("training", name))
