"""Which card lies in a direction, for the arrow keys."""

from collections.abc import Iterable

from engine.graph import Node


def nearest(nodes: Iterable[Node], start: Node, right: int, down: int) -> str | None:
    """The id of the card that lies nearest in a direction (unit steps); None when there is none."""
    best: tuple[float, str] | None = None
    for node in nodes:
        along = (node.x - start.x) * right + (node.y - start.y) * down
        aside = abs((node.x - start.x) * down) + abs((node.y - start.y) * right)
        # what lies more aside than along is another direction's
        if along > 0 and aside <= along * 2:
            best = min(best or (float("inf"), ""), (along + 2 * aside, node.id))
    return best[1] if best else None
