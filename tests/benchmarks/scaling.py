"""Time and memory of one look inside against depth, width and batch: both should grow with the numbers looked at.

A look is what a watched step adds: keeping outputs and their gradients, copying weights, and counting them all.
Its time is that of `before_step` and `table`; its memory the highest that Python and numpy held in `table`, as
`tracemalloc` sees it, and the tensors that the watch keeps. The limit is on the time per number: along each axis
the largest network may need at most `LIMIT` times what the cheapest of the axis needs, for 100,000 numbers and
more (below that the calls cost more than the numbers).
"""

import statistics
import time
import tracemalloc
from collections.abc import Sequence
from typing import NamedTuple

import torch
from rich.console import Console
from rich.table import Table
from torch import Tensor, nn

from engine.probe import StepWatch
from engine.stats import LayerTable

LIMIT = 3.0
ENOUGH = 100_000
REPEATS = 5


class Size(NamedTuple):
    """A network of ReLU layers and its batch."""

    depth: int
    width: int
    batch: int


AXES: dict[str, Sequence[Size]] = {
    "depth": [Size(depth, 32, 32) for depth in (10, 30, 100, 300, 1_000)],
    "width": [Size(4, width, 32) for width in (16, 64, 256, 1_024, 4_096)],
    "batch": [Size(10, 64, batch) for batch in (2, 16, 128, 1_024, 8_192)],
}


class Found(NamedTuple):
    """What looks at one network took."""

    numbers: int
    milliseconds: float
    megabytes: float

    @property
    def nanoseconds_each(self) -> float:
        """Time per number."""
        return self.milliseconds * 1e6 / self.numbers


def measure(size: Size) -> Found:
    """Look into some steps of a network."""
    torch.manual_seed(0)
    layers: list[nn.Module] = []
    for _ in range(size.depth):
        layers += [nn.Linear(size.width, size.width), nn.ReLU()]
    for layer in layers[::2]:
        nn.init.kaiming_normal_(layer.get_parameter("weight"))
    model = nn.Sequential(*layers)
    inputs = torch.randn(size.batch, size.width)
    watch = StepWatch({str(place): layer for place, layer in enumerate(layers)})
    times = [_look(model, watch, inputs)[0] for _ in range(REPEATS + 1)][1:]
    tracemalloc.start()
    _look(model, watch, inputs)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    weights = size.depth * size.width * size.width
    outputs = 2 * size.depth * size.width * size.batch
    kept = 4 * (2 * weights + 2 * outputs)
    numbers = 2 * outputs + 3 * weights
    return Found(numbers, statistics.median(times) * 1e3, (peak + kept) / 2**20)


def _look(model: nn.Module, watch: StepWatch, inputs: Tensor) -> tuple[float, LayerTable]:
    watch.attach()
    model.zero_grad()
    model(inputs).square().mean().backward()
    begun = time.perf_counter()
    watch.before_step()
    table = watch.table(len(inputs))
    return time.perf_counter() - begun, table


def main(arguments: list[str]) -> int:
    """Print the table; 1 when an axis does not grow with its numbers. Words choose axes."""
    torch.set_num_threads(1)
    table = Table(title="scaling: one look inside")
    for column in ("axis", "depth", "width", "batch", "numbers", "ms", "ns a number", "MB"):
        table.add_column(column, justify="left" if column == "axis" else "right")
    kept = True
    for axis, sizes in AXES.items():
        if arguments and axis not in arguments:
            continue
        found = [measure(size) for size in sizes]
        for size, one in zip(sizes, found, strict=True):
            figures = (
                f"{one.milliseconds:.2f}",
                f"{one.nanoseconds_each:.1f}",
                f"{one.megabytes:.1f}",
            )
            table.add_row(axis, *map(str, size), f"{one.numbers:,}", *figures)
        large = [one.nanoseconds_each for one in found if one.numbers >= ENOUGH]
        kept &= large[-1] <= LIMIT * min(large)
    Console(width=100).print(table)
    return int(not kept)
