"""The init bench: choose how weights begin, and see at once what that does to the whole network."""

import math
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QSignalBlocker, QTimer, Signal
from PySide6.QtGui import QShowEvent, QWheelEvent
from PySide6.QtWidgets import QButtonGroup, QHBoxLayout, QLabel, QRadioButton

from engine.graph import Node
from engine.language import tr
from engine.layers import WeightDensity, variance_in_numbers, weight_density
from engine.layers.initializers import INITIALIZER_PARAMETERS
from engine.parameters import ChoiceParameter, Value
from engine.training import Measured
from gui.common.flow_layout import flowing
from gui.common.slider import Slider
from gui.common.theme import GRID, ThemeSource
from gui.common.tips import in_lines
from gui.document import Document
from gui.document.theory import Foretold

from . import init_reading as reading
from .chart import Area, Chart, Curve, Mark, Picture, decade_ticks, linear_ticks, number
from .editors import ChoiceEditor
from .folding import Folding
from .pages import Text

if TYPE_CHECKING:
    from engine.theory import Prediction

ASK_MS = 80
"""How long changes are gathered before theory and measurement are asked for."""
STALE_MS = 400
"""How long figures of the network as it was stay, so that nothing flickers while a slider moves."""
_POINTS = 241
_HEIGHT = 13 * GRID
_MOST_POINTS = 40
_CHOICE = next(
    p for p in INITIALIZER_PARAMETERS if p.name == "initializer" and isinstance(p, ChoiceParameter)
)


class _WheelSlider(Slider):
    """The wheel turns it only when it has the keyboard, so that scrolling a page changes nothing."""

    def wheelEvent(self, event: QWheelEvent) -> None:
        if self.hasFocus():
            super().wheelEvent(event)
        else:
            event.ignore()


class InitBench(Folding):
    """Edits the initialiser of one weight layer, or of all, and shows density, theory and measurement.

    `measure_wanted` carries a network file and its folder; `show_measured` takes the answer.
    """

    measure_wanted = Signal(object, str)

    def __init__(self, document: Document, themes: ThemeSource) -> None:
        super().__init__(tr("Init bench"))
        self._document = document
        self._node: Node | None = None
        self._asked: tuple[bytes, str] | None = None
        self._prediction: Prediction | None = None
        self._foretold: object = None
        """The network that the prediction is of."""
        self._measured: Measured | None = None
        self._late = False
        self._drags = 0
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.setInterval(ASK_MS)
        self._soon.timeout.connect(self._ask)
        self._patience = QTimer(self)
        self._patience.setSingleShot(True)
        self._patience.setInterval(STALE_MS)
        self._patience.timeout.connect(self._forget_stale)
        self.choice = ChoiceEditor(_CHOICE)
        self.choice.changed.connect(lambda value: self._change("initializer", value))
        self.here = QRadioButton(tr("this layer"))
        self.everywhere = QRadioButton(tr("all weight layers"))
        self.slider = _WheelSlider()
        self.slider.sliderPressed.connect(self._begin_drag)
        self.slider.valueChanged.connect(self._turn)
        self._size = QLabel()
        self._amount = QLabel()
        self.density = Chart(themes, tr("Density of the initial weights"), _HEIGHT)
        self.formula = Text(themes)
        self.share = Text(themes)
        self.forward = Chart(themes, tr("σ of z by depth"), _HEIGHT)
        self.forward_words = Text(themes)
        self.backward = Chart(themes, tr("Gradient by depth"), _HEIGHT)
        self.backward_words = Text(themes)
        self.notes = Text(themes, "muted", 0.9)
        self._arrange()
        document.inferred.connect(self._follow)
        self.toggled.connect(self._follow)

    def show_layer(self, node: Node | None) -> None:
        """Show the bench for a weight layer that has a shape; None hides it."""
        self._node = node
        self.setVisible(node is not None)
        if node is not None:
            self._show_settings(node)
            self._show_density(node)
            self._show_depth()
            self._follow()

    def show_measured(self, answer: Measured) -> None:
        """The network was measured at its initialisation."""
        self._measured, self._late = answer, False
        self._show_depth()

    def show_theory(self, foretold: Foretold | None) -> None:
        """Another theory holds; None while there is none."""
        self._prediction = foretold.prediction if foretold is not None else None
        self._foretold = self._network()
        self._show_depth()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._follow()

    # settings

    def _arrange(self) -> None:
        self._scope = QButtonGroup(self)
        scope, line = flowing()
        line.addWidget(QLabel(tr("Apply to")))
        for button in (self.here, self.everywhere):
            self._scope.addButton(button)
            line.addWidget(button)
        self.here.setChecked(True)
        self.everywhere.setToolTip(
            in_lines(tr("What you change here is given to every weight layer, in one step"))
        )
        size = QHBoxLayout()
        size.setSpacing(GRID)
        for widget, stretch in ((self._size, 0), (self.slider, 1), (self._amount, 0)):
            size.addWidget(widget, stretch)
        self._amount.setMinimumWidth(self._amount.fontMetrics().horizontalAdvance("0.000123"))
        self.column.addWidget(self.choice)
        self.column.addLayout(size)
        self.column.addWidget(scope)
        for part in (
            self.backward,
            self.backward_words,
            self.forward,
            self.forward_words,
            self.density,
            self.formula,
            self.share,
            self.notes,
        ):
            self.column.addWidget(part)

    def _show_settings(self, node: Node) -> None:
        kind = str(node.params["initializer"])
        self.choice.show_value(kind)
        parameter = reading.tunable(kind)
        for widget in (self.slider, self._size, self._amount):
            widget.setVisible(parameter is not None)
        if parameter is None:
            return
        value = float(node.params[parameter.name])
        self._size.setText(parameter.title)
        self._amount.setText(f"{value:.3g}")
        self.slider.setAccessibleName(
            tr("{title} of the initial weights").format(title=parameter.title)
        )
        self.slider.setToolTip(in_lines(parameter.help))
        with QSignalBlocker(self.slider):
            self.slider.setRange(*reading.slider_range(parameter.name))
            self.slider.setPageStep(reading.STEPS_PER_DECADE // 4)
            self.slider.setValue(reading.to_slider(parameter.name, value))

    def _begin_drag(self) -> None:
        """Each drag is a step of its own."""
        self._drags += 1

    def _turn(self, place: int) -> None:
        if self._node is not None:
            parameter = reading.tunable(str(self._node.params["initializer"]))
            if parameter is not None:
                self._change(parameter.name, reading.from_slider(place))

    def _change(self, name: str, value: Value) -> None:
        if self._node is None:
            return
        graph, everywhere = self._document.graph, self.everywhere.isChecked()
        nodes: tuple[str, ...] = (self._node.id,)
        if everywhere:
            nodes = reading.weight_layers(graph, self._document.inference) or nodes
        changes = reading.changes_for(
            graph.nodes[self._node.id].params, name, value, everywhere=everywhere
        )
        key = ("bench", nodes, name, self._drags)
        self._document.do(reading.init_edit(graph, nodes, changes), merge_key=key)

    # density

    def _show_density(self, node: Node) -> None:
        weight, transposed = self._weight(node)
        density = weight_density(weight, node.params, transposed=transposed)
        formula = variance_in_numbers(weight, node.params, transposed=transposed)
        self.formula.say(f"{formula}, σ = {density.std:.4g}" if density.random else formula)
        sentence = reading.share_sentence(density, node.params)
        self.share.say(sentence)
        self.density.setVisible(density.random)
        if density.random:
            self.density.show_picture(density_picture(density), sentence)

    def _weight(self, node: Node) -> tuple[tuple[int, ...], bool]:
        assert node.spec is not None
        return self._document.inference.tensors[node.id]["weight"], node.spec.transposed

    # theory and measurement

    def _follow(self) -> None:
        """Ask soon, when there is somebody to see the answer."""
        if self.isVisible() and self.open and self._node is not None and not self._soon.isActive():
            self._soon.start()

    def _ask(self) -> None:
        if not (self.isVisible() and self.open):
            return
        if self._document.errors:
            self._asked = self._measured = None
            self._show_depth()
            return
        folder = self._document.folder
        wish = self._document.encoded(), str(folder) if folder else ""
        if wish != self._asked:
            self._asked = wish
            self._late = True
            if not self._patience.isActive():
                self._patience.start()
            self.measure_wanted.emit(*wish)

    def _forget_stale(self) -> None:
        """Figures of another network than the one that is open mislead."""
        if self._foretold != self._network():
            self._prediction = None
        if self._late:
            self._measured = None
        self._show_depth()

    def _network(self) -> object:
        """What both theory and measurement depend on, to be compared."""
        graph = self._document.graph
        layers = {node_id: (node.kind, node.params) for node_id, node in graph.nodes.items()}
        return layers, sorted(graph.edges), graph.data, graph.training.get("batch_size")

    def _show_depth(self) -> None:
        if self._node is None:
            return
        graph = self._document.graph
        nodes = reading.weight_layers(graph, self._document.inference)
        if self._node.id not in nodes:
            return
        forward, backward = reading.by_depth(nodes, self._prediction, self._measured)
        place = nodes.index(self._node.id) + 1
        words = reading.forward_sentence(forward)
        self.forward.show_picture(depth_picture(forward, place, tr("σ of z")), words)
        self.forward_words.say(words)
        words = reading.backward_sentence(backward)
        self.backward.show_picture(depth_picture(backward, place, tr("∂L/∂z over the last")), words)
        self.backward_words.say(words)
        self.notes.say(self._notes(nodes))

    def _notes(self, nodes: tuple[str, ...]) -> str:
        if self._document.errors:
            return tr("Theory and measurement wait until the network has no errors.")
        lines = []
        if self._measured is not None and self._measured.table is None:
            lines.append(tr("✕ Not measured: {sentence}.").format(sentence=self._measured.sentence))
        elif self._measured is not None:
            lines.append(
                tr("Measured on the first batch, before any training, with the run's own seed.")
            )
        if self._prediction is None:
            lines.append(tr("Theory is being worked out …"))
        else:
            labels = {i: self._document.graph.nodes[i].label for i in nodes}
            lines.append(reading.theory_notes(nodes, labels, self._prediction))
        return "\n".join(lines)


def density_picture(density: WeightDensity) -> Picture:
    """p(w) with ±1σ shaded."""
    w = np.linspace(-density.reach, density.reach, _POINTS)
    if density.bound < density.reach:
        # the two sides of each end, so that a box has upright walls
        ends = density.bound * np.array([1.0 - 1e-9, 1.0 + 1e-9])
        w = np.sort(np.concatenate([w, ends, -ends]))
    p = density.density(w)
    inner = np.linspace(-1.0, 1.0, _POINTS) * density.std
    within = density.density(inner)
    top = float(p.max()) if density.family == "normal" else float(np.quantile(p, 0.98))

    def says(at: float) -> str:
        p_here = float(density.density(np.array([at]))[0])
        return tr("w = {at}: density {density}").format(at=number(at), density=number(p_here))

    return Picture(
        x=(-density.reach, density.reach),
        y=(0.0, top * 1.12),
        x_ticks=[(-density.std, "−σ"), (density.std, f"σ = {number(density.std)}")],
        y_ticks=linear_ticks(0.0, top * 1.12, 3),
        areas=[
            Area(
                "within",
                inner,
                np.zeros_like(inner),
                within,
                "accent",
                0.3,
                legend=tr("within ±1σ"),
            )
        ],
        curves=[Curve("density", w, p, "accent", legend=tr("density p(w)"))],
        marks=[Mark(-density.std, "muted"), Mark(density.std, "muted")],
        says=says,
    )


def depth_picture(figures: reading.ByDepth, place: int, what: str) -> Picture:
    """Theory as a dashed line with its band, what was measured as points; the chosen layer marked."""
    layers = np.arange(1.0, figures.theory.size + 1.0)
    theory, measured, low, high = (
        reading.logarithm(x) for x in (figures.theory, figures.measured, figures.low, figures.high)
    )
    y = reading.log_range(theory, measured)
    banded = np.isfinite(low) & np.isfinite(high)
    band = [Area("band", layers[banded], low[banded], high[banded], "muted", 0.25)]
    ends = (0.5, max(1.5, layers.size + 0.5))

    def says(at: float) -> str:
        row = min(max(round(at), 1), layers.size) - 1
        parts = [
            f"{who} {column[row]:.3g}"
            for who, column in (
                (tr("measured"), figures.measured),
                (tr("theory"), figures.theory),
            )
            if math.isfinite(column[row])
        ]
        return tr("weight layer {number}: {what} {parts}").format(
            number=row + 1, what=what, parts=", ".join(parts) or tr("not known")
        )

    return Picture(
        x=ends,
        y=y,
        x_ticks=_layer_ticks(layers.size),
        y_ticks=decade_ticks(*y),
        areas=band if banded.sum() > 1 else [],
        curves=[
            *_measured_curves(layers, measured),
            Curve(
                "theory",
                layers,
                theory,
                "warning",
                "dashed",
                tr("{what}: theory").format(what=what),
            ),
        ],
        marks=[Mark(float(place), "text")],
        says=says,
    )


def _measured_curves(layers: reading.Floats, measured: reading.Floats) -> list[Curve]:
    """A point a layer while there is room for points."""
    if layers.size > _MOST_POINTS:
        return [Curve("measured", layers, measured, "accent", "line", tr("measured"))]
    return [
        Curve("measured line", layers, measured, "accent", "thin"),
        Curve("measured", layers, measured, "accent", "points", tr("measured")),
    ]


def _layer_ticks(count: int) -> list[tuple[float, str]]:
    """The first layer, then whole numbers."""
    if count <= 12:
        return [(float(n), f"{n}") for n in range(1, count + 1)]
    ticks = linear_ticks(1.0, float(count), 6)
    return [(1.0, "1"), *((n, text) for n, text in ticks if n > 1 + 0.03 * count)]
