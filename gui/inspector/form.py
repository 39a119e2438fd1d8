"""A form drawn from declared settings: one row a setting, help below, sentences where a value is refused."""

from collections.abc import Callable, Mapping, Sequence

from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtWidgets import QFormLayout, QLabel, QVBoxLayout, QWidget

from engine.language import tr
from engine.parameters import Parameter, Value
from gui.common.theme import GRID, ThemeSource
from gui.common.tips import in_lines

from .editors import Editor, editor_for

_HINT = tr("Click into a field to read what it does.")


class ParameterForm(QWidget):
    """Shows and edits settings. `edited` carries a setting's name and its new, checked value."""

    edited = Signal(str, object)

    def __init__(self, parameters: Sequence[Parameter], themes: ThemeSource) -> None:
        super().__init__()
        self._themes = themes
        self._values: dict[str, Value | None] = {}
        self.editors: dict[str, Editor] = {}
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(GRID)
        self._rows = QFormLayout()
        self._rows.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        # in some languages a label leaves no room beside it
        self._rows.setRowWrapPolicy(QFormLayout.RowWrapPolicy.WrapLongRows)
        self._rows.setHorizontalSpacing(GRID * 2)
        self._rows.setVerticalSpacing(GRID)
        column.addLayout(self._rows)
        self._help = QLabel()
        self._help.setWordWrap(True)
        self._help.setAlignment(Qt.AlignmentFlag.AlignTop)
        column.addWidget(self._help)
        themes.changed.connect(self._dress)
        self._dress()
        for parameter in parameters:
            self._add(parameter)
        self._help.setVisible(bool(parameters))
        self._say(_HINT, "muted")

    def _dress(self) -> None:
        self._help.setFont(self._themes.font(0.9))
        self._help.setMinimumHeight(self._help.fontMetrics().lineSpacing() * 2)

    def show_values(self, values: Mapping[str, Value | None]) -> None:
        """Show other values; None stands for several different ones."""
        for name, editor in self.editors.items():
            value = values.get(name)
            if name not in self._values or self._values[name] != value:
                editor.show_value(value)
        self._values = dict(values)
        known = {name: value for name, value in values.items() if value is not None}
        for editor in self.editors.values():
            self._rows.setRowVisible(editor, editor.parameter.matters(known))

    @property
    def sentence(self) -> str:
        """What stands below the rows: help, or why a value was refused."""
        return self._help.text()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.FocusIn:
            for editor in self.editors.values():
                if editor.field is watched:
                    self._say(editor.parameter.help, "muted")
        return super().eventFilter(watched, event)

    def _add(self, parameter: Parameter) -> None:
        editor = editor_for(parameter)
        editor.changed.connect(lambda value: self._take(editor, value))
        editor.field.installEventFilter(self)
        label = QLabel(parameter.title)
        label.setBuddy(editor.field)
        label.setToolTip(in_lines(parameter.help))
        self._rows.addRow(label, editor)
        self.editors[parameter.name] = editor

    def _take(self, editor: Editor, value: Value) -> None:
        name = editor.parameter.name
        sentence = editor.parameter.check(value)
        if sentence is not None:
            self._say(f"✕ {sentence}", "error")
            editor.show_value(self._values.get(name))
            return
        self._say(editor.parameter.help, "muted")
        if value != self._values.get(name):
            self._values[name] = value
            self.edited.emit(name, value)

    def _say(self, sentence: str, color: str) -> None:
        self._help.setText(sentence)
        self._help.setStyleSheet(f"color: {getattr(self._themes.theme, color)};")


class FormSlot:
    """The place of a form in a column of widgets; the form is another one when the kind of thing is."""

    def __init__(
        self, column: QVBoxLayout, themes: ThemeSource, edited: Callable[[str, Value], None]
    ) -> None:
        self._column = column
        self._themes = themes
        self._edited = edited
        self._place = column.count()
        self._kind = ""
        self.form: ParameterForm | None = None

    def use(self, kind: str, parameters: Sequence[Parameter]) -> None:
        """Show a form for `parameters`; the same `kind` keeps the form that is there."""
        if kind == self._kind:
            return
        if self.form is not None:
            self._column.removeWidget(self.form)
            self.form.hide()
            self.form.deleteLater()
            self.form = None
        self._kind = kind
        if parameters:
            self.form = ParameterForm(parameters, self._themes)
            self.form.edited.connect(self._edited)
            self._column.insertWidget(self._place, self.form)
