"""The inspector's page for the chosen layer."""

from collections.abc import Mapping, Sequence

from PySide6.QtWidgets import QHBoxLayout, QLabel, QLineEdit

from engine.graph import Edit, Node, Rename, SetParam, Together
from engine.graph.edits import MAXIMUM_NAME
from engine.language import tr
from engine.layers import LayerSpec, describe_recurrent, describe_weight, show
from engine.parameters import Value
from gui.common.icons import Icons
from gui.common.theme import GRID, ThemeSource
from gui.common.tips import in_lines
from gui.document import Document

from .folding import Folding
from .form import FormSlot, ParameterForm
from .init_bench import InitBench
from .microscope import Microscope
from .norm_instrument import NormInstrument
from .pages import Page, Text

_ICON = 32


class LayerPage(Page):
    """Name, formula, settings, facts and problems of one layer, or the common settings of several alike."""

    def __init__(self, document: Document, icons: Icons, themes: ThemeSource) -> None:
        super().__init__(themes)
        self._document = document
        self._icons = icons
        self._shown: tuple[str, ...] = ()
        self._picture = QLabel()
        self._title = Text(themes, factor=1.2, bold=True)
        head = QHBoxLayout()
        head.setSpacing(GRID)
        head.addWidget(self._picture)
        head.addWidget(self._title, 1)
        self._name = QLineEdit()
        self._name.setMaxLength(MAXIMUM_NAME)
        self._name.setAccessibleName(tr("Name of the layer"))
        self._name.setToolTip(
            in_lines(tr("A name of your own; empty for the one made from the kind"))
        )
        self._name.editingFinished.connect(self._rename)
        self._summary = Text(themes)
        self._formula = Text(themes, bold=True)
        self._problems = Text(themes, "error")
        self.microscope = Microscope(themes)
        self.bench = InitBench(document, themes)
        self.norm = NormInstrument(themes)
        self._facts = Text(themes)
        self._details = Text(themes, "muted", 0.95)
        self.column.addLayout(head)
        for widget in (self._name, self._problems, self._summary, self._formula):
            self.column.addWidget(widget)
        self._settings = Folding(tr("Settings"))
        self._slot = FormSlot(self._settings.column, themes, self._set)
        self.column.addWidget(self._settings)
        self.column.addWidget(self.microscope)
        self.column.addWidget(self.bench)
        self.column.addWidget(self.norm)
        self.column.addWidget(self._facts)
        self.column.addWidget(self._details)
        document.selection.changed.connect(self._update)
        document.inferred.connect(self._update)
        document.edited.connect(self._update)
        document.replaced.connect(self._update)
        themes.changed.connect(self._update)
        self._update()

    @property
    def form(self) -> ParameterForm | None:
        """The form of the chosen layers' settings; None when they have none in common."""
        return self._slot.form

    def _update(self) -> None:
        nodes = [
            self._document.graph.nodes[i]
            for i in self._document.graph.order()
            if i in self._document.selection.nodes
        ]
        self._shown = tuple(node.id for node in nodes)
        kinds = {node.kind for node in nodes}
        spec = nodes[0].spec if len(kinds) == 1 else None
        self._name.setVisible(len(nodes) == 1)
        self._picture.setVisible(spec is not None)
        self._slot.use(spec.kind if spec else "", spec.parameters if spec else ())
        is_norm = spec is not None and spec.mean_field == "batch_norm" and len(nodes) == 1
        self.norm.show_layer(nodes[0].id if is_norm else "")
        self._settings.setVisible(self.form is not None)
        if spec is not None:
            self._show_kind(spec, nodes)
        else:
            self._show_none(nodes, kinds)

    def _show_none(self, nodes: Sequence[Node], kinds: set[str]) -> None:
        for text in (self._formula, self._facts, self._details, self._problems):
            text.say("")
        self.microscope.hide()
        self.bench.show_layer(None)
        if not nodes:
            self._title.say(tr("No layer is chosen"))
            self._summary.say(
                tr(
                    "Click a layer on the canvas to see and change its settings. Data set and "
                    "training have their own pages."
                )
            )
        elif len(kinds) > 1:
            self._title.say(
                tr("{layers} layers of {kinds} kinds").format(layers=len(nodes), kinds=len(kinds))
            )
            self._summary.say(
                tr("Layers of one kind can be changed together. Choose only some of these.")
            )
        else:
            self._show_unknown(nodes[0])

    def _show_unknown(self, node: Node) -> None:
        self._title.say(node.kind)
        self._name.setText(node.name)
        self._name.setPlaceholderText(node.label)
        self._problems.say(
            tr(
                "✕ This lab does not know the kind {kind!r}. Its settings are kept as they "
                "came with the file."
            ).format(kind=node.kind)
        )
        self._summary.say("")
        self._facts.say("\n".join(f"{name}: {value}" for name, value in node.params.items()))

    def _show_kind(self, spec: LayerSpec, nodes: Sequence[Node]) -> None:
        self._picture.setPixmap(self._icons.layer_icon(spec).pixmap(_ICON, _ICON))
        self._title.say(spec.title if len(nodes) == 1 else f"{len(nodes)} × {spec.title}")
        if len(nodes) == 1 and not self._name.hasFocus():
            self._name.setText(nodes[0].name)
            self._name.setPlaceholderText(nodes[0].label)
        self._summary.say(spec.summary)
        self._formula.say(spec.formula)
        self._details.say(spec.details)
        inference = self._document.inference
        problems = [problem for node in nodes for problem in inference.of(node.id)]
        self._problems.say("\n".join(f"{_GLYPHS[p.severity]} {p.sentence}." for p in problems))
        self._facts.say(self._facts_of(nodes[0]) if len(nodes) == 1 else "")
        if self.form is not None:
            self.form.show_values(_common(spec, nodes))
        seen = spec.function is not None and not problems
        self.microscope.setVisible(seen)
        if seen:
            self.microscope.show_activation(spec, nodes[0], self._source_of(nodes))
        self.bench.show_layer(nodes[0] if self._can_be_drawn(spec, nodes) else None)

    def _source_of(self, nodes: Sequence[Node]) -> Node | None:
        """What a single layer gets its numbers from; several layers get different ones."""
        graph = self._document.graph
        wires = graph.incoming(nodes[0].id)
        return graph.nodes[wires[0].source] if len(nodes) == 1 and wires else None

    def _can_be_drawn(self, spec: LayerSpec, nodes: Sequence[Node]) -> bool:
        """Whether this is a single layer whose weight has a shape and an initialiser."""
        tensors = self._document.inference.tensors.get(nodes[0].id, {})
        return len(nodes) == 1 and spec.initialised and "weight" in tensors

    def _facts_of(self, node: Node) -> str:
        inference, graph = self._document.inference, self._document.graph
        shape = inference.shapes.get(node.id)
        if shape is None:
            return ""
        arriving = [
            inference.shapes[e.source]
            for e in graph.incoming(node.id)
            if e.source in inference.shapes
        ]
        shapes = ", ".join(show(s) for s in arriving)
        lines = [tr("in: {shapes}").format(shapes=shapes)] if arriving else []
        if node.kind != "Output":
            lines.append(tr("out: {shape}").format(shape=show(shape)))
        tensors = inference.tensors.get(node.id, {})
        if tensors:
            terms = " + ".join(show(tensor) for tensor in tensors.values())
            lines.append(
                tr("parameters: {terms} = {count:,}").format(
                    terms=terms, count=inference.parameter_counts[node.id]
                )
            )
        if node.spec is not None and node.spec.initialised and "weight" in tensors:
            lines.append(
                describe_weight(tensors["weight"], node.params, transposed=node.spec.transposed)
            )
        elif "weight_hh_l0" in tensors:
            lines.append(describe_recurrent(tensors, node.params))
        return "\n".join(lines)

    def _set(self, name: str, value: Value) -> None:
        edits: tuple[Edit, ...] = tuple(SetParam(node_id, name, value) for node_id in self._shown)
        edit = (
            edits[0]
            if len(edits) == 1
            else Together(
                edits, tr("Set {name} of {count} layers").format(name=name, count=len(edits))
            )
        )
        self._document.do(edit, merge_key=("set", self._shown, name))

    def _rename(self) -> None:
        if len(self._shown) == 1:
            node = self._document.graph.nodes[self._shown[0]]
            if self._name.text().strip() != node.name:
                self._document.do(Rename(node.id, self._name.text().strip()))


_GLYPHS = {"error": "✕", "warning": "▲"}


def _common(spec: LayerSpec, nodes: Sequence[Node]) -> Mapping[str, Value | None]:
    """Each setting's value where all nodes agree, else None."""
    values: dict[str, Value | None] = {}
    for parameter in spec.parameters:
        found = {node.params.get(parameter.name) for node in nodes}
        values[parameter.name] = found.pop() if len(found) == 1 else None
    return values
