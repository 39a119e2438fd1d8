"""The inspector's page for the data set."""

from PySide6.QtWidgets import QLabel

from engine.data import DATA_SETS, DataInfo, DataSpec
from engine.graph import SetData
from engine.language import tr
from engine.layers import show
from engine.parameters import Value
from gui.common.theme import ThemeSource
from gui.document import Document

from .editors import ChoiceBox
from .form import FormSlot, ParameterForm
from .pages import Page, Text


class DataPage(Page):
    """Which data set, its settings, what is known of it, where it comes from."""

    def __init__(self, document: Document, themes: ThemeSource) -> None:
        super().__init__(themes)
        self._document = document
        self.box = DataSetBox(document)
        label = QLabel(tr("Data set"))
        label.setBuddy(self.box)
        self._summary = Text(themes)
        self._problem = Text(themes, "error")
        self._facts = Text(themes)
        self._notes = Text(themes, "warning")
        self._source = Text(themes, "muted", 0.95)
        for widget in (label, self.box, self._summary, self._problem):
            self.column.addWidget(widget)
        self._slot = FormSlot(self.column, themes, self._set)
        for text in (self._facts, self._notes, self._source):
            self.column.addWidget(text)
        document.edited.connect(self._update)
        document.replaced.connect(self._update)
        document.inferred.connect(self._update)
        self._update()

    @property
    def form(self) -> ParameterForm | None:
        """The form of the data set's settings; None for an unknown data set."""
        return self._slot.form

    def _update(self) -> None:
        data = self._document.graph.data
        spec = DATA_SETS.get(data.kind)
        self._slot.use(data.kind, spec.parameters if spec else ())
        self._problem.say(
            f"✕ {self._document.data_problem}." if self._document.data_problem else ""
        )
        self._summary.say(spec.summary if spec else "")
        self._source.say(tr("Source: {source}.").format(source=spec.source) if spec else "")
        info = self._document.data_info
        self._facts.say("" if self._document.data_problem else facts(info))
        self._notes.say(
            "" if self._document.data_problem else "\n".join(f"▲ {note}." for note in info.notes)
        )
        if self.form is not None:
            self.form.show_values(data.params)

    def _set(self, name: str, value: Value) -> None:
        data = self._document.graph.data
        edit = SetData(DataSpec(data.kind, {**data.params, name: value}))
        self._document.do(edit, merge_key=("data", data.kind, name))


class DataSetBox(ChoiceBox):
    """Shows and chooses the document's data set."""

    def __init__(self, document: Document) -> None:
        super().__init__()
        self._document = document
        self.setAccessibleName(tr("Data set"))
        self.setToolTip(tr("What the network is trained on"))
        for spec in DATA_SETS.values():
            self.addItem(spec.title, spec.kind)
        self.activated.connect(self._choose)
        document.edited.connect(self._update)
        document.replaced.connect(self._update)
        self._update()

    def _update(self) -> None:
        self.setCurrentIndex(self.findData(self._document.graph.data.kind))

    def _choose(self, place: int) -> None:
        kind = self.itemData(place)
        if kind != self._document.graph.data.kind:
            self._document.do(SetData(DataSpec(kind, DATA_SETS[kind].defaults)))


def facts(info: DataInfo) -> str:
    """Samples, shapes and classes in a few lines."""
    values = {"samples": info.samples, "shape": show(info.input_shape), "tokens": info.tokens}
    text = (
        tr("{samples:,} samples, each {shape} tokens of {tokens:,}")
        if info.tokens
        else tr("{samples:,} samples, each {shape}")
    )
    return f"{text.format(**values)}\n{_aim(info)}"


def _aim(info: DataInfo) -> str:
    if not info.classes:
        return tr("targets: {shape} (a regression)").format(shape=show(info.target_shape))
    names = ", ".join(info.class_names[:12]) + (" …" if len(info.class_names) > 12 else "")
    text = (
        tr("{classes} classes, one for each of {steps} steps: {names}")
        if info.target_shape
        else tr("{classes} classes: {names}")
    )
    return text.format(classes=info.classes, steps=show(info.target_shape), names=names)
