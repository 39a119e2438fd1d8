"""An instrumented epoch of the lab against the tightest bare torch loop, on the same network and batches.

The bare loop is what somebody would write who wants the trained weights and their validation loss: no training
loss is read, no norm taken. (Validating is training's, not measuring's: it costs a network of convolutions some
8 %, which would hide what measuring costs.) Beside it stand a textbook loop with a DataLoader that reads the loss
of every step, and, where TensorBoard is installed, the bare loop that writes histograms of the lab's tensors once
an epoch. Epochs of all alternate in an order drawn anew for each round; the limit is on the median of the rounds'
ratios. Short epochs are repeated more often, because they vary more.
"""

import itertools
import random
import statistics
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

import torch
from rich.console import Console
from rich.table import Table
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.data import DataLoader, TensorDataset

from engine.data import DataSpec, Split
from engine.graph import Edge, NetworkGraph, Node
from engine.layers import CATALOGUE
from engine.worker.prepare import prepare
from engine.worker.trainer import Trainer

SHORT, LONG = 1.05, 1.02
"""Limits at 45 steps an epoch, and at 450."""
TENSORBOARD_SHARE = 0.1
"""How much of TensorBoard's overhead the lab's may be."""

Layers = Sequence[tuple[str, Mapping[str, Any]]]
Work = Callable[[], object]


@dataclass(frozen=True)
class Case:
    """A network, its data, and how often it is timed."""

    title: str
    layers: Layers
    data: DataSpec
    batch: int
    rounds: int
    limit: float
    plain: Callable[[], nn.Module]
    """The same network by hand."""
    loss: Callable[[Tensor, Tensor], Tensor] = functional.cross_entropy
    kind: str = "cross_entropy"


def _dense(hidden: int, inputs: int, classes: int) -> nn.Module:
    layers: list[nn.Module] = [nn.Flatten()]
    for fan_in, fan_out in itertools.pairwise([inputs, *[64] * hidden]):
        layers += [nn.Linear(fan_in, fan_out), nn.ReLU()]
    return nn.Sequential(*layers, nn.Linear(64, classes))


def _lenet() -> nn.Module:
    return nn.Sequential(
        *(nn.Conv2d(1, 6, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Conv2d(6, 16, 5), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten()),
        *(nn.Linear(400, 120), nn.ReLU(), nn.Linear(120, 84), nn.ReLU(), nn.Linear(84, 10)),
    )


class _Lstm(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layer, self.head = nn.LSTM(2, 64, batch_first=True), nn.Linear(64, 1)

    def forward(self, inputs: Tensor) -> Tensor:
        return self.head(self.layer(inputs)[1][0][0])


def _units(count: int) -> tuple[str, Mapping[str, Any]]:
    return "Linear", {"out_features": count}


def _mlp(hidden: int, data: DataSpec, rounds: int, limit: float, ends: tuple[int, int]) -> Case:
    layers: Layers = [("Flatten", {}), *[_units(64), ("ReLU", {})] * hidden, _units(ends[1])]
    steps = "450" if limit == LONG else "45"
    title = f"MLP {hidden} × 64, {steps} steps"
    return Case(title, layers, data, 32, rounds, limit, lambda: _dense(hidden, *ends))


_DIGITS = DataSpec("digits")
_BLOBS = DataSpec("blobs", {"samples": 18_000})
_LENET: Layers = [
    ("Conv2d", {"out_channels": 6, "kernel_size": 5, "padding": 2}),
    *(("ReLU", {}), ("MaxPool2d", {})),
    ("Conv2d", {"out_channels": 16, "kernel_size": 5, "padding": 0}),
    *(("ReLU", {}), ("MaxPool2d", {}), ("Flatten", {})),
    *(_units(120), ("ReLU", {}), _units(84), ("ReLU", {}), _units(10)),
]

CASES: tuple[Case, ...] = (
    _mlp(5, _DIGITS, 120, SHORT, (64, 10)),
    _mlp(20, _DIGITS, 60, SHORT, (64, 10)),
    _mlp(50, _DIGITS, 25, SHORT, (64, 10)),
    Case("LeNet, MNIST-5k, 45 steps", _LENET, DataSpec("mnist5k"), 89, 16, SHORT, _lenet),
    Case(
        "LSTM, T = 50, 45 steps",
        [("LSTM", {"hidden_size": 64}), _units(1)],
        DataSpec("adding", {"samples": 1_800, "length": 50}),
        32,
        80,
        SHORT,
        _Lstm,
        functional.mse_loss,
        "mse",
    ),
    _mlp(5, _BLOBS, 20, LONG, (2, 3)),
    _mlp(20, _BLOBS, 8, LONG, (2, 3)),
)


def network(hidden: int) -> NetworkGraph:
    """Digits through `hidden` layers of 64 ReLU units, in batches of 32."""
    return graph_of(next(case for case in CASES if case.title.startswith(f"MLP {hidden} ")))


def graph_of(case: Case) -> NetworkGraph:
    """The case's network as a document."""
    chain: Layers = [("Input", {}), *case.layers, ("Output", {"loss": case.kind})]
    nodes = [
        Node(f"{kind.lower()}_{place}", kind, "", {**CATALOGUE[kind].defaults, **params})
        for place, (kind, params) in enumerate(chain)
    ]
    edges = [Edge(a.id, b.id) for a, b in itertools.pairwise(nodes)]
    training = {"batch_size": case.batch, "epochs": 1_000, "learning_rate": 1e-3, "threads": 1}
    return NetworkGraph(nodes, edges, case.data, training)


def lab_epoch(trainer: Trainer) -> None:
    """What the worker does in an epoch, but for sending it."""
    while not trainer.epoch_is_over:
        trainer.step()
    trainer.end_epoch()


class ByHand:
    """The same network and batches in plain torch."""

    def __init__(self, case: Case, split: Split) -> None:
        torch.manual_seed(0)
        self.case, self.model = case, case.plain()
        # torch's fastest setting that keeps the bits
        self.optimizer = torch.optim.SGD(
            self.model.parameters(), lr=1e-3, momentum=0.9, foreach=True
        )
        self.train, self.validation = (
            tuple(map(torch.from_numpy, pair))
            for pair in (
                (split.train_inputs, split.train_targets),
                (split.validation_inputs, split.validation_targets),
            )
        )

    def step(self, inputs: Tensor, targets: Tensor) -> Tensor:
        """One training step; the loss."""
        self.optimizer.zero_grad()
        loss = self.case.loss(self.model(inputs), targets)
        loss.backward()
        self.optimizer.step()
        return loss

    def bare(self) -> float:
        """An epoch that does nothing but train and validate."""
        order = torch.randperm(len(self.train[0]))
        for pair in zip(*(part[order].split(self.case.batch) for part in self.train), strict=True):
            self.step(*pair)
        return self.validated()

    def validated(self) -> float:
        """The validation loss."""
        with torch.no_grad():
            inputs, targets = self.validation
            return self.case.loss(self.model(inputs), targets).item()

    def textbook(self) -> float:
        """An epoch with a DataLoader, the mean loss and validation, as tutorials write it."""
        loader = DataLoader(TensorDataset(*self.train), self.case.batch, shuffle=True)
        total = sum(self.step(*pair).item() for pair in loader) / len(loader)
        return total + self.validated()


class WithTensorBoard(ByHand):
    """The bare loop, writing each epoch's histograms of outputs, their gradients, weights and theirs."""

    def __init__(self, case: Case, split: Split, folder: str) -> None:
        super().__init__(case, split)
        from torch.utils.tensorboard import SummaryWriter

        self.writer, self.epoch = SummaryWriter(folder), 0

    def written(self) -> None:
        """An epoch, and its histograms at the last step."""
        self.bare()
        outputs: dict[str, Tensor] = {}

        def keep(name: str) -> Callable[[nn.Module, object, Any], None]:
            def hook(_module: nn.Module, _inputs: object, output: Any) -> None:
                outputs[name] = output[0] if isinstance(output, tuple) else output
                if outputs[name].requires_grad:
                    outputs[name].retain_grad()

            return hook

        named = [(n, m) for n, m in self.model.named_modules() if not list(m.children())]
        handles = [module.register_forward_hook(keep(name)) for name, module in named]
        self.step(*(part[: self.case.batch] for part in self.train))
        for handle in handles:
            handle.remove()
        self._write(outputs)

    def _write(self, outputs: Mapping[str, Tensor]) -> None:
        self.epoch += 1
        for name, output in outputs.items():
            self.writer.add_histogram(f"{name}/output", output.detach(), self.epoch)
            if output.grad is not None:
                self.writer.add_histogram(f"{name}/gradient", output.grad, self.epoch)
        for name, parameter in self.model.named_parameters():
            if parameter.dim() > 1 and parameter.grad is not None:
                self.writer.add_histogram(name, parameter.detach(), self.epoch)
                self.writer.add_histogram(f"{name}/gradient", parameter.grad, self.epoch)


def seconds(work: Work) -> float:
    """Wall time of one call."""
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


def measure(case: Case, folder: str) -> dict[str, list[float]]:
    """Seconds of epochs in turns, by the name of the loop."""
    trainer = Trainer(prepare(graph_of(case), None))
    split = trainer.prepared.split
    works: dict[str, Work] = {
        "bare": ByHand(case, split).bare,
        "lab": lambda: lab_epoch(trainer),
        "textbook": ByHand(case, split).textbook,
    }
    with ExitStack() as stack:
        if find_spec("tensorboard") is not None:
            board = WithTensorBoard(case, split, folder)
            stack.callback(board.writer.close)  # its thread writes into the folder
            works["tensorboard"] = board.written
        return in_turns(works, case.rounds)


def in_turns(works: Mapping[str, Work], rounds: int) -> dict[str, list[float]]:
    """Seconds of every work in every round, in an order drawn anew for each round."""
    for work in works.values():
        work()
    times: dict[str, list[float]] = {name: [] for name in works}
    order, shuffler = list(works), random.Random(0)
    for _ in range(rounds):
        shuffler.shuffle(order)
        for name in order:
            times[name].append(seconds(works[name]))
    return times


def ratio(times: Mapping[str, Sequence[float]], name: str) -> float:
    """Median of the rounds' ratios to the bare loop; NaN for a loop that was not run."""
    if name not in times:
        return float("nan")
    return statistics.median(a / b for a, b in zip(times[name], times["bare"], strict=True))


def main(arguments: list[str]) -> int:
    """Print the table; 1 when a ratio is above its limit. Words of the titles choose cases."""
    torch.set_num_threads(1)
    table = Table(title="overhead: an epoch / a bare torch epoch, medians")
    for column in ("network", "rounds", "bare, ms", "lab", "limit", "textbook", "TensorBoard"):
        table.add_column(column, justify="left" if column == "network" else "right")
    kept = True
    with tempfile.TemporaryDirectory() as folder:
        for case in CASES:
            if arguments and not any(word in case.title for word in arguments):
                continue
            times = measure(case, folder)
            lab, textbook, board = (ratio(times, n) for n in ("lab", "textbook", "tensorboard"))
            kept &= lab <= case.limit and lab < textbook
            kept &= not board - 1 < (lab - 1) / TENSORBOARD_SHARE
            bare = statistics.median(times["bare"]) * 1e3
            figures = (f"{bare:.1f}", f"{lab:.3f}", f"{case.limit}", f"{textbook:.3f}")
            peer = f"{board:.2f}" if board == board else "not installed"
            table.add_row(case.title, str(case.rounds), *figures, peer)
    Console(width=100).print(table)
    return int(not kept)
