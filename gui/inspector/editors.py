"""One small editor for each type of setting. `changed` carries a value that the person has finished entering."""

import math
import re
from collections.abc import Container
from pathlib import Path

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtGui import QStandardItemModel, QValidator, QWheelEvent
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDoubleSpinBox,
    QFileDialog,
    QHBoxLayout,
    QLineEdit,
    QSpinBox,
    QToolButton,
    QWidget,
)

from engine.language import tr
from engine.parameters import (
    BoolParameter,
    ChoiceParameter,
    FloatParameter,
    IntParameter,
    Parameter,
    TextParameter,
    Value,
)
from gui.common.theme import GRID
from gui.common.tips import in_lines

_NUMBER = re.compile(r"[+-]?(\d+([.,]\d*)?|[.,]\d+)([eE][+-]?\d+)?")
_BEGUN = re.compile(r"[+-]?\d*[.,]?\d*([eE][+-]?\d*)?")


_ANY_WHOLE = 2**31 - 1


class NumberBox(QDoubleSpinBox):
    """A number of any size: shown short, stepped by one of its leading digit (0.01, 0.02 … 0.1).

    Any number can be typed, so that one out of bounds can be refused in a sentence instead of being bent
    in silence; arrows and wheel stop at the bounds. The wheel turns it, and the boxes below, only when it
    has the keyboard: a wheel that scrolls a page must not change settings on its way.
    """

    def __init__(self, parameter: FloatParameter) -> None:
        super().__init__()
        self._parameter = parameter
        self.setRange(-math.inf, math.inf)
        self.setDecimals(15)
        self.setKeyboardTracking(False)

    def textFromValue(self, value: float) -> str:
        return f"{value:.6g}"

    def valueFromText(self, text: str) -> float:
        bare = text.removesuffix(self.suffix()).strip().replace(",", ".")
        # what is shown is rounded; reading it back must not change the value
        if not _NUMBER.fullmatch(bare) or bare == self.textFromValue(self.value()):
            return self.value()
        return float(bare)

    def validate(self, text: str, place: int) -> tuple[QValidator.State, str, int]:
        bare = text.removesuffix(self.suffix()).strip()
        if _NUMBER.fullmatch(bare):
            return QValidator.State.Acceptable, text, place
        begun = (
            QValidator.State.Intermediate if _BEGUN.fullmatch(bare) else QValidator.State.Invalid
        )
        return begun, text, place

    def stepBy(self, steps: int) -> None:
        wanted = stepped(self.value(), steps)
        if self._parameter.check(wanted) is not None:
            bounded = min(max(wanted, self._parameter.minimum), self._parameter.maximum)
            wanted = bounded if self._parameter.check(bounded) is None else self.value()
        self.setValue(wanted)

    def wheelEvent(self, event: QWheelEvent) -> None:
        if self.hasFocus():
            super().wheelEvent(event)
        else:
            event.ignore()


class WholeBox(QSpinBox):
    """A whole number: any can be typed, arrows stop at the bounds, the wheel turns it when it has the keyboard."""

    def __init__(self, parameter: IntParameter) -> None:
        super().__init__()
        self._parameter = parameter
        self.setRange(-_ANY_WHOLE, _ANY_WHOLE)
        self.setKeyboardTracking(False)
        self.setGroupSeparatorShown(True)

    def stepBy(self, steps: int) -> None:
        wanted = self.value() + steps * self.singleStep()
        self.setValue(min(max(wanted, self._parameter.minimum), self._parameter.maximum))

    def wheelEvent(self, event: QWheelEvent) -> None:
        if self.hasFocus():
            super().wheelEvent(event)
        else:
            event.ignore()


class ChoiceBox(QComboBox):
    """A list of choices; the wheel turns it only when it has the keyboard."""

    def wheelEvent(self, event: QWheelEvent) -> None:
        if self.hasFocus():
            super().wheelEvent(event)
        else:
            event.ignore()


def stepped(value: float, steps: int) -> float:
    """`value` moved by `steps` units of its leading digit; from zero by hundredths."""
    for _ in range(abs(steps)):
        direction = math.copysign(1.0, steps)
        if value == 0:
            value = 0.01 * direction
            continue
        unit = 10.0 ** math.floor(math.log10(abs(value)) + 1e-9)
        shrinking = value * direction < 0
        if shrinking and abs(value) < 1.5 * unit:
            unit /= 10
        value = float(f"{value + unit * direction:.12g}")
    return value


class Editor(QWidget):
    """The common face of all editors."""

    changed = Signal(object)

    def __init__(self, parameter: Parameter) -> None:
        super().__init__()
        self.parameter = parameter
        self.field: QWidget = self
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(0, 0, 0, 0)
        self._row.setSpacing(GRID // 2)

    def show_value(self, value: Value | None) -> None:
        """Show a value without announcing it; None for several different ones."""
        raise TypeError(f"{type(self).__name__} shows nothing")

    def _hold(self, field: QWidget) -> None:
        field.setAccessibleName(self.parameter.title)
        field.setAccessibleDescription(self.parameter.help)
        field.setToolTip(in_lines(self.parameter.help))
        self._row.addWidget(field, 1)
        self.field = field
        self.setFocusProxy(field)


class IntEditor(Editor):
    """A spin box."""

    def __init__(self, parameter: IntParameter) -> None:
        super().__init__(parameter)
        self.box = WholeBox(parameter)
        if parameter.unit:
            self.box.setSuffix(f" {parameter.unit}")
        self.box.valueChanged.connect(self.changed.emit)
        self._hold(self.box)

    def show_value(self, value: Value | None) -> None:
        with QSignalBlocker(self.box):
            if isinstance(value, int):
                self.box.setValue(value)
            else:
                self.box.clear()


class FloatEditor(Editor):
    """A box for numbers of any size."""

    def __init__(self, parameter: FloatParameter) -> None:
        super().__init__(parameter)
        self.box = NumberBox(parameter)
        if parameter.unit:
            self.box.setSuffix(f" {parameter.unit}")
        self.box.valueChanged.connect(self.changed.emit)
        self._hold(self.box)

    def show_value(self, value: Value | None) -> None:
        with QSignalBlocker(self.box):
            if isinstance(value, int | float):
                self.box.setValue(float(value))
            else:
                self.box.clear()


class BoolEditor(Editor):
    """A check box."""

    def __init__(self, parameter: BoolParameter) -> None:
        super().__init__(parameter)
        self.box = QCheckBox()
        self.box.clicked.connect(lambda checked: self.changed.emit(checked))
        self._hold(self.box)

    def show_value(self, value: Value | None) -> None:
        with QSignalBlocker(self.box):
            self.box.setTristate(value is None)
            if value is not None:
                self.box.setChecked(bool(value))


class ChoiceEditor(Editor):
    """A combo box; each choice explains itself."""

    def __init__(self, parameter: ChoiceParameter) -> None:
        super().__init__(parameter)
        self.box = ChoiceBox()
        for place, choice in enumerate(parameter.choices):
            self.box.addItem(choice.title, choice.value)
            if choice.help:
                self.box.setItemData(place, in_lines(choice.help), Qt.ItemDataRole.ToolTipRole)
        self.box.setSizeAdjustPolicy(
            QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon
        )
        self.box.setMinimumContentsLength(10)
        self.box.activated.connect(lambda place: self.changed.emit(self.box.itemData(place)))
        self._hold(self.box)

    def show_value(self, value: Value | None) -> None:
        with QSignalBlocker(self.box):
            self.box.setCurrentIndex(-1 if value is None else self.box.findData(value))

    def offer(self, values: Container[str]) -> None:
        """Let only these be chosen; the others are shown grey."""
        model = self.box.model()
        assert isinstance(model, QStandardItemModel)
        for place in range(self.box.count()):
            model.item(place).setEnabled(self.box.itemData(place) in values)


class TextEditor(Editor):
    """A line of text, with a button for files."""

    def __init__(self, parameter: TextParameter) -> None:
        super().__init__(parameter)
        self.box = QLineEdit()
        self.box.setMaxLength(parameter.maximum_length)
        self.box.editingFinished.connect(self._finish)
        self._shown = ""
        self._hold(self.box)
        if parameter.is_path:
            button = QToolButton()
            button.setText("…")
            button.setToolTip(tr("Choose a file"))
            button.setAccessibleName(tr("Choose a file"))
            button.clicked.connect(self._browse)
            self._row.addWidget(button)

    def show_value(self, value: Value | None) -> None:
        self._shown = str(value or "")
        with QSignalBlocker(self.box):
            self.box.setText(self._shown)

    def _finish(self) -> None:
        if self.box.text() != self._shown:
            self._shown = self.box.text()
            self.changed.emit(self._shown)

    def _browse(self) -> None:
        start = str(Path(self.box.text()).parent) if self.box.text() else str(Path.home())
        name, _ = QFileDialog.getOpenFileName(
            self,
            tr("Choose a file"),
            start,
            tr("Tables and texts (*.csv *.tsv *.txt);;All files (*)"),
        )
        if name:
            self.box.setText(name)
            self._finish()


def editor_for(parameter: Parameter) -> Editor:
    """The editor of a setting's type."""
    match parameter:
        case IntParameter():
            return IntEditor(parameter)
        case FloatParameter():
            return FloatEditor(parameter)
        case BoolParameter():
            return BoolEditor(parameter)
        case ChoiceParameter():
            return ChoiceEditor(parameter)
        case TextParameter():
            return TextEditor(parameter)
        case _:
            raise TypeError(f"{type(parameter).__name__} has no editor")
