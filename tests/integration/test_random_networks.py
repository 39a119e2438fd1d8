"""Random networks: what can be trained is trained and reported without a fault, what cannot gets a sentence."""

import json
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.data import DataSpec, describe
from engine.graph import Edge, NetworkGraph, Node, infer, task_of
from engine.layers import CATALOGUE, LayerSpec, Shape, ShapeError, Task, expected_output, product
from engine.parameters import (
    BoolParameter,
    ChoiceParameter,
    FloatParameter,
    IntParameter,
    Parameter,
    TextParameter,
    Value,
    complaints,
)
from engine.terminal.report import as_json
from engine.worker.divergence import DivergenceError
from engine.worker.picture import Painter
from engine.worker.prepare import Prepared, RunError, prepare
from engine.worker.trainer import Trainer

KINDS = [kind for kind, spec in CATALOGUE.items() if spec.module]
DATA = [
    DataSpec("moons", {"samples": 40}),
    DataSpec("sine", {"samples": 40}),
    DataSpec("digits", {"validation_share": 0.9}),
]
LARGEST = 5_000
"""Numbers in a sample, or in a layer, beyond which a random network would only be slow."""
TEXTS = ["1 × -1", "-1", "2, 1", "2 -1", "3 1 2", "1, 3, 2", "4 4 4", "1 8 8"]
QUICK = settings(
    max_examples=60,
    deadline=None,
    derandomize=True,  # the same networks for everybody
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def _values(parameter: Parameter) -> st.SearchStrategy[Value]:
    """Values that the setting allows, most often its default."""
    others: st.SearchStrategy[Value]
    match parameter:
        case IntParameter(minimum=low, maximum=high):
            others = st.integers(low, min(high, low + 5))
        case FloatParameter(minimum=low, maximum=high):
            numbers = [max(low, -2.0), min(high, 2.0), 0.5, 0.01]
            others = st.sampled_from([n for n in numbers if parameter.check(n) is None])
        case BoolParameter():
            others = st.booleans()
        case ChoiceParameter(choices=choices):
            others = st.sampled_from([choice.value for choice in choices])
        case TextParameter():
            others = st.sampled_from(TEXTS)
        case _:
            raise TypeError(type(parameter).__name__)
    return st.one_of(st.just(parameter.initial), others)


@dataclass
class _Growing:
    """A network that grows layer by layer, as long as its shapes fit."""

    task: Task
    nodes: list[Node] = field(default_factory=list)
    edges: list[Edge] = field(default_factory=list)
    shapes: dict[str, Shape] = field(default_factory=dict)

    @property
    def last(self) -> str:
        return self.nodes[-1].id

    def fitting(self) -> list[LayerSpec]:
        """The kinds that take what leaves the last layer; those for images and lengths more often, being rarer."""
        arrives = self.shapes[self.last]
        fitting = [spec for spec in map(CATALOGUE.__getitem__, KINDS) if self._takes(spec, arrives)]
        return [s for s in fitting for _ in range(1 if self._takes(s, (7,)) else 3)]

    def _takes(self, spec: LayerSpec, shape: Shape) -> bool:
        try:
            spec.shape(spec.defaults, [shape] * spec.inputs.minimum, self.task)
        except ShapeError:
            return False
        return True

    def add(self, spec: LayerSpec, params: dict[str, Value], sources: list[str]) -> None:
        """Add a layer if it takes these inputs and stays small."""
        shapes = [self.shapes[source] for source in sources]
        try:
            shape = spec.shape(params, shapes, self.task)
        except ShapeError:
            return
        if max(product(shape), 0) > LARGEST or spec.parameter_count(params, shapes) > LARGEST:
            return
        node = Node(f"{spec.kind.lower()}_{len(self.nodes)}", spec.kind, "", params)
        self.nodes.append(node)
        self.edges += [Edge(source, node.id, port) for port, source in enumerate(sources)]
        self.shapes[node.id] = shape


@st.composite
def _networks(draw: st.DrawFn) -> NetworkGraph:
    data = draw(st.sampled_from(DATA))
    task = task_of(describe(data, None))
    growing = _Growing(task)
    growing.add(CATALOGUE["Input"], {}, [])
    for _ in range(draw(st.integers(0, 7))):
        spec = draw(st.sampled_from(growing.fitting()))
        params = {p.name: draw(_values(p)) for p in spec.parameters}
        alike = [n for n, shape in growing.shapes.items() if shape == growing.shapes[growing.last]]
        more = [draw(st.sampled_from(alike)) for _ in range(spec.inputs.minimum - 1)]
        growing.add(spec, params, [growing.last, *more])
    loss = draw(st.sampled_from(["cross_entropy", "mse"] if task.classes else ["mse"]))
    growing.add(CATALOGUE["Flatten"], {}, [growing.last])
    units = product(expected_output(loss, task))
    head = {**CATALOGUE["Linear"].defaults, "out_features": units}
    growing.nodes.append(Node("head_1", "Linear", "", head))
    growing.nodes.append(Node("output_1", "Output", "", {"loss": loss}))
    growing.edges += [Edge(growing.nodes[-3].id, "head_1"), Edge("head_1", "output_1")]
    training = {"batch_size": draw(st.sampled_from([1, 2, 8])), "learning_rate": 0.01}
    return NetworkGraph(growing.nodes, growing.edges, data, training)


def _train(prepared: Prepared) -> None:
    """Measure, and train two batches, the second one looked into."""
    trainer = Trainer(prepared)
    stats = trainer.measure()
    rows = len(trainer.layers)
    assert len(stats.layers.activation_mean) == rows
    json.loads(as_json(stats, trainer.layers))
    painter = Painter(trainer.parts)
    picture = painter.picture((0, 0), always=True)
    assert (picture is None) == bool(painter.backdrop.sentence)
    if picture is not None:
        picture.check(rows)
        assert picture.fits(painter.backdrop)
    # growing beyond all bounds is an outcome, not a fault
    with suppress(DivergenceError):
        trainer.step()
        step = trainer.step(look=True)
        assert step.layers is not None
        assert len(step.layers.activation_gradient_rms) == rows


def _has_batch_norm(graph: NetworkGraph) -> bool:
    return any(node.kind.startswith("BatchNorm") for node in graph.nodes.values())


@QUICK
@given(_networks())
def test_what_fits_trains_and_reports_without_a_fault(graph: NetworkGraph) -> None:
    inference = infer(graph, describe(graph.data, None))
    assert [problem.sentence for problem in inference.errors] == []
    try:
        prepared = prepare(graph, None)
    except RunError:
        # the one thing that shapes do not tell
        assert graph.training["batch_size"] == 1
        assert _has_batch_norm(graph)
    else:
        _train(prepared)


Break = Callable[[NetworkGraph, str], tuple[list[Node], set[Edge]]]


def _without_input(graph: NetworkGraph, node_id: str) -> tuple[list[Node], set[Edge]]:
    return list(graph.nodes.values()), {e for e in graph.edges if e.target != node_id}


def _unknown(graph: NetworkGraph, node_id: str) -> tuple[list[Node], set[Edge]]:
    nodes = {**graph.nodes, node_id: Node(node_id, "Riddle", "", {"knob": 1})}
    return list(nodes.values()), set(graph.edges)


def _broken_setting(graph: NetworkGraph, node_id: str) -> tuple[list[Node], set[Edge]]:
    node = graph.nodes[node_id]
    params: dict[str, Any] = {**node.params, "nothing_like_it": 1}
    nodes = {**graph.nodes, node_id: Node(node_id, node.kind, "", params)}
    return list(nodes.values()), set(graph.edges)


def _looped(graph: NetworkGraph, node_id: str) -> tuple[list[Node], set[Edge]]:
    return list(graph.nodes.values()), {*graph.edges, Edge("head_1", node_id, 60)}


def _wrong_head(graph: NetworkGraph, _node_id: str) -> tuple[list[Node], set[Edge]]:
    head = graph.nodes["head_1"]
    params = {**head.params, "out_features": int(head.params["out_features"]) + 1}
    nodes = {**graph.nodes, "head_1": Node("head_1", "Linear", "", params)}
    return list(nodes.values()), set(graph.edges)


def _second_output(graph: NetworkGraph, node_id: str) -> tuple[list[Node], set[Edge]]:
    extra = Node("output_2", "Output", "", graph.nodes["output_1"].params)
    return [*graph.nodes.values(), extra], {*graph.edges, Edge(node_id, "output_2")}


BREAKS: list[Break] = [
    _without_input,
    _unknown,
    _broken_setting,
    _looped,
    _wrong_head,
    _second_output,
]


@QUICK
@given(_networks(), st.sampled_from(BREAKS), st.data())
def test_what_is_broken_gets_its_sentence(
    graph: NetworkGraph, break_it: Break, data: st.DataObject
) -> None:
    inner = sorted(set(graph.nodes) - {"input_0", "output_1"})
    nodes, edges = break_it(graph, data.draw(st.sampled_from(inner)))
    broken = NetworkGraph(nodes, edges, graph.data, graph.training)
    problems = infer(broken, describe(graph.data, None)).errors
    assert problems
    assert all(problem.sentence and not problem.sentence.endswith(".") for problem in problems)
    with pytest.raises(RunError) as refused:
        prepare(broken, None)
    assert refused.value.sentence == problems[0].sentence


WRONG: list[Any] = [None, "?", -1e9, 1e12, [], {}, float("nan"), True]


@QUICK
@given(st.sampled_from(KINDS), st.data())
def test_settings_and_shapes_of_any_kind_are_refused_in_words(
    kind: str, data: st.DataObject
) -> None:
    spec = CATALOGUE[kind]
    params: dict[str, Any] = {p.name: data.draw(_values(p)) for p in spec.parameters}
    if params:
        params[data.draw(st.sampled_from(sorted(params)))] = data.draw(st.sampled_from(WRONG))
    assert all(isinstance(sentence, str) for sentence in complaints(spec.parameters, params))
    shape = data.draw(st.lists(st.integers(1, 6), max_size=4).map(tuple))
    ports = range(spec.inputs.minimum)
    graph = NetworkGraph(
        [Node("input_1", "Input"), Node("it_1", kind, "", params), Node("output_1", "Output")],
        [*(Edge("input_1", "it_1", port) for port in ports), Edge("it_1", "output_1")],
    )
    info = describe(DATA[0], None)
    inference = infer(graph, info.__class__(title="", samples=1, input_shape=shape, classes=2))
    assert "it_1" in inference.shapes or inference.of("it_1")
    assert all(problem.sentence for problem in inference.problems)
