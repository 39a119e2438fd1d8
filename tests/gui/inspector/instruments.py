"""Networks and runs that the instruments' tests look at."""

import itertools
import math
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from engine.data import DataSpec
from engine.graph import AddNodes, Edge, NetworkGraph, Node
from engine.layers import CATALOGUE
from engine.parameters import Value
from engine.stats import EpochStats, LayerTable, StepStats, bin_values
from engine.training import LayerInfo, RunHistory, RunStarted
from gui.document import Document

Floats = NDArray[np.float64]
NO_STEPS = StepStats.of([], [], [], [])
UNITS = 64


def chain(*layers: tuple[str, Mapping[str, Value]]) -> AddNodes:
    """The edit that adds a network of vectors: Input, Flatten, the layers, Output. Ids are like `linear_2`."""
    kinds = [("Input", {}), ("Flatten", {}), *layers, ("Output", {})]
    ids = [f"{kind.lower()}_{place}" for place, (kind, _) in enumerate(kinds)]
    nodes = tuple(
        Node(node_id, kind, "", {**CATALOGUE[kind].defaults, **params}, 0.0, 0.0)
        for node_id, (kind, params) in zip(ids, kinds, strict=True)
    )
    edges = tuple(Edge(a, b) for a, b in itertools.pairwise(ids))
    return AddNodes(nodes, edges)


def linear_chain(depth: int, **params: Value) -> AddNodes:
    """So many layers of 64 units without any activation, and the ten classes of digits."""
    layers = [("Linear", {"out_features": UNITS, **params})] * (depth - 1)
    return chain(*layers, ("Linear", {"out_features": 10, **params}))


def network(edit: AddNodes) -> NetworkGraph:
    """A graph on digits with nothing but these layers."""
    graph = NetworkGraph(data=DataSpec("digits"))
    graph.apply(edit)
    return graph


def fill(document: Document, edit: AddNodes) -> None:
    """Put a network into the document; nothing can be undone then."""
    assert document.do(edit)
    document.undo_stack.clear()


def history_of(
    kinds: Sequence[str], pre: Sequence[Floats], post: Sequence[Floats], **columns: Floats
) -> RunHistory:
    """A run of rows `kinds`, whose second row gets `pre` and gives `post`, an epoch for each of them."""
    infos = tuple(
        LayerInfo(f"{kind.lower()}_{place + 2}", kind, kind, True)
        for place, kind in enumerate(kinds)
    )
    history = RunHistory(RunStarted(1, infos, 9, 1, 8, 1, 1, 0, "Digits"))
    for epoch, (before, after) in enumerate(zip(pre, post, strict=True)):
        table = LayerTable.empty(len(kinds), 8)
        for row, values in ((0, before), (1, after)):
            table.activations.mean[row] = values.mean()
            table.activations.std[row] = values.std()
            table.activations.set_histogram(row, bin_values(values))
        for name, values in columns.items():
            if name == "slopes":
                table.weights.mean[1], table.weights.std[1] = values[epoch]
            else:
                getattr(table, name)[1] = values[epoch]
        history.add_epoch(
            EpochStats(epoch, 1.0, 0.5, 1.0, 0.5, 0.1, 0.1, math.nan, table, NO_STEPS)
        )
    return history
