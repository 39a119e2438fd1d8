"""The inspector's forms and the palette: every declared setting can be seen, typed, refused and taken back."""

from collections.abc import Callable, Mapping

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDoubleSpinBox,
    QLabel,
    QLineEdit,
    QSpinBox,
    QWidget,
)
from pytestqt.qtbot import QtBot

from engine.graph import AddNodes, Node, SetParam, SetTraining
from engine.layers import CATALOGUE, LayerSpec
from engine.parameters import (
    BoolParameter,
    ChoiceParameter,
    FloatParameter,
    IntParameter,
    Parameter,
    TextParameter,
    Value,
)
from gui.common.icons import Icons
from gui.common.theme import ThemeSource
from gui.document import Document
from gui.inspector import Inspector, Palette
from gui.inspector.form import ParameterForm
from tests.gui.keyboard import give_keyboard

Chain = Callable[..., AddNodes]
Choose = Callable[..., str]
FIELDS: Mapping[type[Parameter], type[QWidget]] = {
    IntParameter: QSpinBox,
    FloatParameter: QDoubleSpinBox,
    BoolParameter: QCheckBox,
    ChoiceParameter: QComboBox,
    TextParameter: QLineEdit,
}
SETTINGS = [
    pytest.param(spec, parameter, id=f"{spec.kind}-{parameter.name}")
    for spec in CATALOGUE.values()
    for parameter in spec.parameters
]
TYPICAL = (0.5, 0.25, 2, 3)


@pytest.fixture
def inspector(document: Document, themes: ThemeSource, qtbot: QtBot) -> Inspector:
    """The inspector of the empty document, on the screen."""
    inspector = Inspector(document, Icons(themes), themes)
    qtbot.addWidget(inspector)
    inspector.resize(360, 900)
    with qtbot.waitExposed(inspector):
        inspector.show()
    return inspector


@pytest.fixture
def palette(themes: ThemeSource, qtbot: QtBot) -> Palette:
    """The palette, on the screen."""
    palette = Palette(Icons(themes), themes)
    qtbot.addWidget(palette)
    palette.show()
    return palette


@pytest.fixture
def choose(inspector: Inspector, document: Document, qtbot: QtBot) -> Choose:
    """Adds a layer with some settings and chooses it; nothing can be undone then."""

    def add(spec: LayerSpec, **params: Value) -> str:
        node = Node(f"{spec.kind.lower()}_1", spec.kind, "", {**spec.defaults, **params})
        document.do(AddNodes((node,)))
        document.undo_stack.clear()
        document.selection.choose([node.id])
        _wait_for_form(inspector, qtbot)
        return node.id

    return add


def _wait_for_form(inspector: Inspector, qtbot: QtBot) -> None:
    form = inspector.layer_page.form
    qtbot.waitUntil(lambda: form is None or form.isVisible())


def _form(inspector: Inspector) -> ParameterForm:
    form = inspector.layer_page.form
    assert form is not None
    return form


def _field(inspector: Inspector, name: str) -> QWidget:
    return _form(inspector).editors[name].field


def _shown(field: QWidget) -> object:
    """What the field says now."""
    if isinstance(field, QComboBox):
        return field.currentData()
    if isinstance(field, QCheckBox):
        return field.isChecked()
    if isinstance(field, QLineEdit):
        return field.text()
    assert isinstance(field, QSpinBox | QDoubleSpinBox)
    return field.value()


def _enter(field: QWidget, text: str, qtbot: QtBot) -> None:
    give_keyboard(field, qtbot)
    qtbot.keyClick(field, Qt.Key.Key_A, Qt.KeyboardModifier.ControlModifier)
    qtbot.keyClicks(field, text)
    qtbot.keyClick(field, Qt.Key.Key_Return)


def _change(parameter: Parameter, field: QWidget, qtbot: QtBot) -> Value:
    """Give the field another value by mouse or keyboard, and return it."""
    if isinstance(parameter, BoolParameter):
        qtbot.keyClick(field, Qt.Key.Key_Space)
        return not parameter.default
    if isinstance(parameter, ChoiceParameter):
        values = [choice.value for choice in parameter.choices]
        place = values.index(parameter.default)
        down = place + 1 < len(values)
        qtbot.keyClick(field, Qt.Key.Key_Down if down else Qt.Key.Key_Up)
        return values[place + 1 if down else place - 1]
    if isinstance(parameter, TextParameter):
        _enter(field, "3 2 1", qtbot)
        return "3 2 1"
    assert isinstance(parameter, IntParameter | FloatParameter)
    value = next(v for v in TYPICAL if v != parameter.default and parameter.check(v) is None)
    _enter(field, f"{value}", qtbot)
    return value


@pytest.mark.parametrize("spec", CATALOGUE.values(), ids=lambda spec: spec.kind)
def test_each_setting_has_one_editor_with_its_value_and_help(
    inspector: Inspector, document: Document, choose: Choose, spec: LayerSpec
) -> None:
    choose(spec)
    form = inspector.layer_page.form
    assert (form is None) == (not spec.parameters)
    editors = form.editors if form is not None else {}
    assert list(editors) == [parameter.name for parameter in spec.parameters]
    for parameter in spec.parameters:
        field = editors[parameter.name].field
        assert isinstance(field, FIELDS[type(parameter)])
        assert _shown(field) == pytest.approx(parameter.initial)
        assert field.accessibleName() == parameter.title
        assert field.toolTip().split() == parameter.help.split()
        depends = parameter.shown_when
        matters = depends is None or spec.defaults[depends[0]] in depends[1]
        assert field.isVisible() == matters


@pytest.mark.parametrize(("spec", "parameter"), SETTINGS)
def test_an_edit_is_one_step_that_can_be_taken_back(
    inspector: Inspector,
    document: Document,
    choose: Choose,
    qtbot: QtBot,
    spec: LayerSpec,
    parameter: Parameter,
) -> None:
    depends = {parameter.shown_when[0]: parameter.shown_when[1][0]} if parameter.shown_when else {}
    node_id = choose(spec, **depends)
    field = _field(inspector, parameter.name)
    value = _change(parameter, field, qtbot)
    assert document.graph.nodes[node_id].params[parameter.name] == value
    assert _shown(field) == value
    assert document.undo_stack.count() == 1
    document.undo_stack.undo()
    assert document.graph.nodes[node_id].params == {**spec.defaults, **depends}
    assert _shown(field) == pytest.approx(parameter.initial)


@pytest.mark.parametrize(("spec", "parameter"), SETTINGS)
def test_walking_through_a_field_changes_nothing(
    inspector: Inspector,
    document: Document,
    choose: Choose,
    qtbot: QtBot,
    spec: LayerSpec,
    parameter: Parameter,
) -> None:
    depends = {parameter.shown_when[0]: parameter.shown_when[1][0]} if parameter.shown_when else {}
    choose(spec, **depends)
    field = _field(inspector, parameter.name)
    give_keyboard(field, qtbot)
    if not isinstance(field, QComboBox):
        qtbot.keyClick(field, Qt.Key.Key_Return)
    assert _form(inspector).sentence == parameter.help
    qtbot.keyClick(field, Qt.Key.Key_Tab)
    assert document.undo_stack.count() == 0


@pytest.mark.parametrize(
    ("kind", "name", "text"),
    [
        ("Linear", "out_features", "0"),
        ("Linear", "out_features", "70000"),
        ("Conv2d", "padding", "-3"),
        ("Dropout", "p", "1"),
        ("Dropout", "p", "2"),
        ("BatchNorm1d", "eps", "0"),
        ("LeakyReLU", "negative_slope", "-1"),
        ("ELU", "alpha", "11"),
    ],
)
def test_a_number_out_of_bounds_is_refused_in_a_sentence(
    inspector: Inspector,
    document: Document,
    choose: Choose,
    qtbot: QtBot,
    kind: str,
    name: str,
    text: str,
) -> None:
    node_id = choose(CATALOGUE[kind])
    before = document.graph.nodes[node_id].params[name]
    _enter(_field(inspector, name), text, qtbot)
    assert document.graph.nodes[node_id].params[name] == before
    assert _shown(_field(inspector, name)) == pytest.approx(before)
    assert _form(inspector).sentence.startswith("✕ ")


@pytest.mark.parametrize("text", ["", "-", "abc", "1e", "nan", "inf", "1.2.3"])
def test_what_is_no_number_leaves_the_old_one(
    inspector: Inspector, document: Document, choose: Choose, qtbot: QtBot, text: str
) -> None:
    node_id = choose(CATALOGUE["Dropout"], p=0.375)
    field = _field(inspector, "p")
    give_keyboard(field, qtbot)
    for letter in text:
        qtbot.keyClicks(field, letter)
    qtbot.keyClick(field, Qt.Key.Key_Return)
    assert 0.0 <= document.graph.nodes[node_id].params["p"] < 1.0


@pytest.mark.parametrize(("text", "value"), [("0,25", 0.25), ("1e-3", 1e-3), (".5", 0.5)])
def test_a_number_may_be_written_in_several_ways(
    inspector: Inspector, document: Document, choose: Choose, qtbot: QtBot, text: str, value: float
) -> None:
    node_id = choose(CATALOGUE["Dropout"])
    _enter(_field(inspector, "p"), text, qtbot)
    assert document.graph.nodes[node_id].params["p"] == value


def test_layers_of_one_kind_are_changed_together_in_one_step(
    inspector: Inspector, document: Document, chain: Chain, qtbot: QtBot
) -> None:
    document.do(chain("Linear", "Linear", "ReLU"))
    document.do(SetParam("linear_2", "out_features", 5))
    document.undo_stack.clear()
    document.selection.choose(["linear_1", "linear_2"])
    field = _field(inspector, "out_features")
    assert isinstance(field, QSpinBox)
    assert field.text() == ""
    assert _shown(_field(inspector, "initializer")) == "he_normal"
    _enter(field, "9", qtbot)
    units = [document.graph.nodes[i].params["out_features"] for i in ("linear_1", "linear_2")]
    assert units == [9, 9]
    document.undo_stack.undo()
    units = [document.graph.nodes[i].params["out_features"] for i in ("linear_1", "linear_2")]
    assert (units, document.undo_stack.canUndo()) == ([64, 5], False)
    document.selection.choose(["linear_1", "relu_1"])
    assert inspector.layer_page.form is None


def test_a_setting_that_matters_only_now_appears(
    inspector: Inspector, document: Document, choose: Choose
) -> None:
    node_id = choose(CATALOGUE["Linear"])
    for initializer, visible in (("normal", True), ("uniform", False)):
        document.do(SetParam(node_id, "initializer", initializer))
        assert _field(inspector, "init_std").isVisible() == visible
        assert _field(inspector, "init_bound").isVisible() != visible


def test_a_chosen_layer_brings_its_page_with_its_facts(
    inspector: Inspector, document: Document, chain: Chain, qtbot: QtBot
) -> None:
    document.do(chain("Input", "Flatten", "Linear"))
    inspector.setCurrentWidget(inspector.training_page)
    document.selection.choose(["linear_1"])
    assert inspector.currentWidget() is inspector.layer_page
    text = "\n".join(label.text() for label in inspector.layer_page.findChildren(QLabel))
    assert "= 4,160" in text  # 64 pixels to 64 units, and 64 biases
    assert "σ = 0.177" in text  # He: the root of 2 / 64


def test_an_unknown_kind_keeps_its_settings_and_gets_no_form(
    inspector: Inspector, document: Document
) -> None:
    document.do(AddNodes((Node("odd_1", "Odd", "", {"knob": 3}),)))
    document.selection.choose(["odd_1"])
    assert inspector.layer_page.form is None
    texts = [label.text() for label in inspector.layer_page.findChildren(QLabel)]
    assert any("'Odd'" in text for text in texts)
    assert "knob: 3" in texts


def test_training_settings_are_edited_in_one_step(
    inspector: Inspector, document: Document, qtbot: QtBot
) -> None:
    inspector.setCurrentWidget(inspector.training_page)
    field = inspector.training_page.form.editors["learning_rate"].field
    _enter(field, "0.125", qtbot)
    assert document.graph.training["learning_rate"] == 0.125
    assert document.undo_stack.count() == 1
    document.do(SetTraining({"learning_rate": 0.5}))
    assert _shown(field) == 0.5
