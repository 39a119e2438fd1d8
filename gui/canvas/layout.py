"""A tidy layout: columns by depth, wrapped into rows as a text is."""

import math

from engine.graph import NetworkGraph

from .geometry import STEP_X, STEP_Y


def tidy_places(graph: NetworkGraph, per_row: int) -> dict[str, tuple[float, float]]:
    """A place for every node: its depth gives the column, branches stand below each other.

    `per_row` columns make a row; a network of many columns goes on below, as lines of a text do.
    """
    depth = _depths(graph)
    columns: dict[int, list[str]] = {}
    for node_id in graph.order():
        columns.setdefault(depth[node_id], []).append(node_id)
    places: dict[str, tuple[float, float]] = {}
    top = 0.0
    for first in range(0, len(columns), per_row):
        row = [columns[column] for column in range(first, min(first + per_row, len(columns)))]
        height = max(len(column) for column in row)
        for place, column in enumerate(row):
            lead = math.floor((height - len(column)) / 2)
            for level, node_id in enumerate(column):
                places[node_id] = (place * STEP_X, top + (lead + level) * STEP_Y)
        top += height * STEP_Y
    return places


def _depths(graph: NetworkGraph) -> dict[str, int]:
    """Length of the longest way to each node; every number up to the largest one occurs."""
    depth: dict[str, int] = {}
    for node_id in graph.order():
        sources = (depth.get(edge.source, -1) for edge in graph.incoming(node_id))
        depth[node_id] = 1 + max(sources, default=-1)
    return depth
