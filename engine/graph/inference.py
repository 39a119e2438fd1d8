"""Shape inference and validation: what leaves every layer, and what is wrong and where."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from engine.data import DataInfo
from engine.language import tr
from engine.layers import LayerSpec, Shape, ShapeError, Task, product, show
from engine.parameters import complaints

from .model import NetworkGraph, Node

MAXIMUM_NUMBERS = 250_000_000
"""Trained numbers, or numbers leaving one layer for one sample, beyond which a network is refused (1 GB)."""

_SMALLER = tr("Choose fewer units")

Severity = Literal["error", "warning"]


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that is wrong, where, and what to do: an error stops training, a warning does not."""

    node_id: str | None
    sentence: str
    severity: Severity = "error"


@dataclass(frozen=True, slots=True)
class Inference:
    """What is known of a network before it is built."""

    shapes: Mapping[str, Shape]
    """What leaves each node whose shape could be inferred (for Output: what it receives)."""
    parameter_counts: Mapping[str, int]
    problems: tuple[Problem, ...]
    trained: tuple[str, ...]
    """The nodes that lead to the Output, in topological order: the ones that a run builds."""
    tensors: Mapping[str, Mapping[str, Shape]] = field(default_factory=dict)
    """The trained tensors of each node, with their shapes."""

    @property
    def errors(self) -> tuple[Problem, ...]:
        """The problems that stop a training."""
        return tuple(problem for problem in self.problems if problem.severity == "error")

    @property
    def total_parameters(self) -> int:
        """Trained numbers of the nodes that lead to the Output."""
        return sum(self.parameter_counts.get(node_id, 0) for node_id in self.trained)

    def of(self, node_id: str) -> tuple[Problem, ...]:
        """The problems of one node."""
        return tuple(problem for problem in self.problems if problem.node_id == node_id)


def task_of(info: DataInfo) -> Task:
    """The part of a data set's description that shapes depend on."""
    return Task(info.input_shape, info.classes, info.target_shape, info.tokens)


def infer(graph: NetworkGraph, info: DataInfo) -> Inference:
    """Infer every shape and find every problem; never raises, whatever the graph holds."""
    return _Walk(graph, task_of(info)).result()


class _Walk:
    """One pass over the nodes in topological order."""

    def __init__(self, graph: NetworkGraph, task: Task) -> None:
        self.graph = graph
        self.task = task
        self.shapes: dict[str, Shape] = {}
        self.tensors: dict[str, Mapping[str, Shape]] = {}
        self.counts: dict[str, int] = {}
        self.problems: list[Problem] = []
        self.visited: set[str] = set()

    def result(self) -> Inference:
        outputs = sorted(i for i, node in self.graph.nodes.items() if node.kind == "Output")
        order = self.graph.order()
        used = self.graph.ancestors(outputs[0]) if len(outputs) == 1 else set(order)
        self._check_ends(outputs)
        for node_id in order:
            self._visit(self.graph.nodes[node_id], "error" if node_id in used else "warning")
            self.visited.add(node_id)
        trained = tuple(node_id for node_id in order if node_id in used)
        if sum(self.counts.get(node_id, 0) for node_id in trained) > MAXIMUM_NUMBERS:
            self._report(
                None,
                tr("The network has more than {maximum_numbers:,} parameters. {smaller}").format(
                    maximum_numbers=MAXIMUM_NUMBERS, smaller=_SMALLER
                ),
            )
        if outputs and not self.problems and not any(self.counts[node_id] for node_id in trained):
            self._report(
                None,
                tr("No layer has anything to train. Put a Linear layer between Input and Output"),
            )
        return Inference(self.shapes, self.counts, tuple(self.problems), trained, self.tensors)

    def _report(self, node_id: str | None, sentence: str, severity: Severity = "error") -> None:
        self.problems.append(Problem(node_id, sentence, severity))

    def _check_ends(self, outputs: list[str]) -> None:
        if not self.graph.nodes:
            self._report(
                None,
                tr(
                    "The network is empty. Drag an Input, some layers and an Output onto the canvas"
                ),
            )
        elif not outputs:
            self._report(
                None,
                tr("The network has no Output, so there is no loss. Drag one from the palette"),
            )
        for extra in outputs[1:]:
            self._report(
                extra, tr("There is more than one Output. Keep the one that is to be trained")
            )

    def _visit(self, node: Node, severity: Severity) -> None:
        spec = node.spec
        if spec is None:
            sentence = tr(
                "This lab does not know the layer kind {kind!r}. Replace it, or delete it"
            ).format(kind=node.kind)
            self._report(node.id, sentence, severity)
            return
        found = complaints(spec.parameters, node.params)
        for sentence in found:
            self._report(node.id, f"{node.label}: {sentence}", severity)
        shapes = self._arriving(node, spec, severity)
        if shapes is not None and not found:
            self._derive(node, spec, shapes, severity)

    def _arriving(self, node: Node, spec: LayerSpec, severity: Severity) -> list[Shape] | None:
        """The shapes at the node's inputs; None when one is missing, which is reported where it begins."""
        edges = self.graph.incoming(node.id)
        if any(edge.source not in self.visited for edge in edges):
            self._report(
                node.id,
                tr("{label} is part of a loop. Delete one of its wires").format(label=node.label),
                severity,
            )
            return None
        if severity == "warning":
            self._report(
                node.id,
                tr("{label} does not lead to the Output and is not trained").format(
                    label=node.label
                ),
                severity,
            )
        elif len(edges) < spec.inputs.minimum:
            self._report(node.id, _missing_wires(node, spec, len(edges)), severity)
        known = [self.shapes[edge.source] for edge in edges if edge.source in self.shapes]
        return known if len(known) == len(edges) >= spec.inputs.minimum else None

    def _derive(self, node: Node, spec: LayerSpec, shapes: list[Shape], severity: Severity) -> None:
        try:
            shape = spec.shape(node.params, shapes, self.task)
        except ShapeError as error:
            self._report(node.id, f"{node.label}: {error}", severity)
            return
        tensors = spec.tensors(node.params, shapes)
        count = sum(product(tensor) for tensor in tensors.values())
        if max(count, product(shape)) > MAXIMUM_NUMBERS:
            sentence = tr(
                "{label} gives {shape} and has {count:,} parameters: too large. {smaller}"
            ).format(label=node.label, shape=show(shape), count=count, smaller=_SMALLER)
            self._report(node.id, sentence, severity)
            return
        self.shapes[node.id] = shape
        self.tensors[node.id] = tensors
        self.counts[node.id] = count


def _missing_wires(node: Node, spec: LayerSpec, wires: int) -> str:
    if spec.inputs.minimum == 1:
        return tr("{label} has no input. Draw a wire to it from the layer before").format(
            label=node.label
        )
    return tr("{label} needs at least {minimum} wires and has {wires}. Draw another to it").format(
        label=node.label, minimum=spec.inputs.minimum, wires=wires
    )
