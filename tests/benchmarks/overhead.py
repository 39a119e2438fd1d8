"""An instrumented epoch of the lab against the tightest bare torch loop, on the same network and batches.

The bare loop is what somebody would write who wants nothing but the trained weights: no loss is read, no
norm taken, no validation done. Epochs of both alternate, and so does which of them comes first; the limit
is on the median of their ratios. Short epochs are repeated more often, because they vary more.
"""

import itertools
import statistics
import time
from collections.abc import Callable

import torch
from rich.console import Console
from rich.table import Table
from torch import nn

from engine.data import DataSpec
from engine.graph import Edge, NetworkGraph, Node
from engine.layers import CATALOGUE
from engine.worker.prepare import prepare
from engine.worker.trainer import Trainer

LIMIT = 1.25
PAIRS = {5: 80, 20: 40, 50: 20}
"""How many pairs of epochs are timed, by the number of hidden layers."""
BATCH = 32


def network(hidden: int) -> NetworkGraph:
    """Digits through `hidden` layers of 64 ReLU units."""
    kinds = ["Input", "Flatten", *["Linear", "ReLU"] * hidden, "Linear", "Output"]
    nodes = [
        Node(f"{kind.lower()}_{place}", kind, "", CATALOGUE[kind].defaults)
        for place, kind in enumerate(kinds)
    ]
    last = nodes[-2]
    nodes[-2] = Node(last.id, last.kind, "", {**last.params, "out_features": 10})
    edges = [Edge(a.id, b.id) for a, b in itertools.pairwise(nodes)]
    training = {"batch_size": BATCH, "epochs": 1_000, "learning_rate": 1e-3}
    return NetworkGraph(nodes, edges, DataSpec("digits"), training)


def lab_epoch(trainer: Trainer) -> None:
    """What the worker does in an epoch, but for sending it."""
    while not trainer.epoch_is_over:
        trainer.step()
    trainer.end_epoch()


def bare_epoch(hidden: int, trainer: Trainer) -> Callable[[], None]:
    """The tightest loop over the same batches, with torch's fastest settings that keep the bits."""
    widths = [64] * (hidden + 1)
    layers: list[nn.Module] = [nn.Flatten()]
    for fan_in, fan_out in itertools.pairwise(widths):
        layers += [nn.Linear(fan_in, fan_out), nn.ReLU()]
    model = nn.Sequential(*layers, nn.Linear(64, 10))
    optimizer = torch.optim.SGD(model.parameters(), lr=1e-3, momentum=0.9, foreach=True)
    split = trainer.prepared.split
    inputs, targets = torch.from_numpy(split.train_inputs), torch.from_numpy(split.train_targets)

    def epoch() -> None:
        order = torch.randperm(len(inputs))
        batches = inputs[order].split(BATCH), targets[order].split(BATCH)
        for batch, wanted in zip(*batches, strict=True):
            optimizer.zero_grad()
            nn.functional.cross_entropy(model(batch), wanted).backward()
            optimizer.step()

    return epoch


def seconds(work: Callable[[], None]) -> float:
    """Wall time of one call."""
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


def measure(hidden: int) -> tuple[list[float], list[float]]:
    """Seconds of alternating epochs: bare, lab."""
    trainer = Trainer(prepare(network(hidden), None))
    bare = bare_epoch(hidden, trainer)
    works = (bare, lambda: lab_epoch(trainer))
    for work in works:
        work()
    times: tuple[list[float], list[float]] = ([], [])
    for pair in range(PAIRS[hidden]):
        for which in (0, 1) if pair % 2 else (1, 0):
            times[which].append(seconds(works[which]))
    return times


def main(_arguments: list[str]) -> int:
    """Print the table; 1 when a median ratio is above the limit."""
    torch.set_num_threads(1)
    table = Table(title="overhead: instrumented epoch / bare torch epoch")
    columns = (
        "hidden layers",
        "pairs",
        "bare, ms",
        "lab, ms",
        "lowest",
        "median",
        "highest",
        "limit",
    )
    for column in columns:
        table.add_column(column, justify="right")
    worst = 0.0
    for hidden, pairs in PAIRS.items():
        bare, lab = measure(hidden)
        ratios = [ours / theirs for theirs, ours in zip(bare, lab, strict=True)]
        middle = statistics.median(ratios)
        worst = max(worst, middle)
        times = (f"{statistics.median(part) * 1e3:.1f}" for part in (bare, lab))
        shares = (f"{value:.3f}" for value in (min(ratios), middle, max(ratios), LIMIT))
        table.add_row(str(hidden), str(pairs), *times, *shares)
    Console().print(table)
    return int(worst > LIMIT)
