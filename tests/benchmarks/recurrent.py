"""The gradient through time of one watched step: by hand from the fused kernels' step, against unrolled autograd.

Torch's fused kernels do not give away ∂L/∂h_t. The usual way to it is a second pass through a cell, step by step,
with every state's gradient retained; it has other bits than the fused pass, so that it can only come on top of the
training step, as what the lab does comes on top of it. Both are timed in turns with the plain training step, on
the same module and batch; the spectral radius is timed by itself, because it does not depend on T.

The limits are on the medians of the ratios: by hand at most half of the unrolled pass, and so little of an epoch
of 45 steps with one watched that it stays within 1.05 times.
"""

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import torch
from rich.console import Console
from rich.table import Table
from torch import Tensor, nn

from engine.probe import spectral_radius, through_time

OF_UNROLLED = 0.5
OF_EPOCH = 1.05
STEPS_AN_EPOCH = 45
LENGTHS = (50, 200)
ROUNDS = {50: 30, 200: 12}
BATCH, NUMBERS, UNITS, CLASSES = 32, 8, 64, 8

CELLS: dict[type[nn.RNNBase], type[nn.RNNCellBase]] = {
    nn.RNN: nn.RNNCell,
    nn.LSTM: nn.LSTMCell,
    nn.GRU: nn.GRUCell,
}


@dataclass
class Bench:
    """One kind at one length: a training step, and the two ways to look into it."""

    kind: type[nn.RNNBase]
    length: int
    times: dict[str, list[float]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        torch.manual_seed(0)
        self.module = self.kind(NUMBERS, UNITS, batch_first=True)  # type: ignore[call-arg]
        self.head = nn.Linear(UNITS, CLASSES)
        self.cell = CELLS[self.kind](NUMBERS, UNITS)  # type: ignore[call-arg]
        for name, weight in self.cell.named_parameters():
            weight.data.copy_(self.module.get_parameter(f"{name}_l0"))
        self.inputs = torch.randn(BATCH, self.length, NUMBERS)
        self.targets = torch.randint(CLASSES, (BATCH, self.length))
        weights = [*self.module.parameters(), *self.head.parameters()]
        self.optimizer = torch.optim.SGD(weights, lr=0.0, foreach=True)
        self.output: Tensor

    def plain(self) -> None:
        """What training does: forward, backward, step; the output's gradient is kept for the look."""
        self.optimizer.zero_grad()
        self.output = self.module(self.inputs)[0]
        self.output.retain_grad()
        self._loss(self.output).backward()
        self.optimizer.step()

    def by_hand(self) -> list[float]:
        """What the lab does on top."""
        assert self.output.grad is not None
        found = through_time(
            self.module, self.inputs, self.output, self.output.grad, spectrum=False
        )
        return found[0].state.tolist()

    def unrolled(self) -> list[float]:
        """The same figures from autograd, a cell at a time."""
        states: list[Tensor] = []
        state = None
        for inputs in self.inputs.unbind(1):
            state = self.cell(inputs, state)
            states.append(state[0] if isinstance(state, tuple) else state)
            states[-1].retain_grad()
        self._loss(torch.stack(states, dim=1)).backward()
        gradients = torch.stack([each.grad for each in states if each.grad is not None])
        norms = torch.linalg.vector_norm(gradients.flatten(1), dim=1, dtype=torch.float64)
        self.cell.zero_grad()
        return (norms * BATCH**0.5).tolist()

    def compared(self) -> list[float]:
        """The figures by hand, of a step that is trained for them."""
        self.plain()
        return self.by_hand()

    def spectrum(self) -> None:
        """The eigenvalues, which need not be taken at every look."""
        spectral_radius(self.module)

    def measure(self) -> None:
        """Time all in turns."""
        works: tuple[Callable[[], object], ...] = (
            self.plain,
            self.by_hand,
            self.unrolled,
            self.spectrum,
        )
        for place in range(ROUNDS[self.length] + 1):
            for work in works:
                begun = time.perf_counter()
                work()
                if place:  # the first time everything is allocated
                    self.times.setdefault(work.__name__, []).append(time.perf_counter() - begun)

    def ratio(self, one: str, other: str) -> float:
        """Median of the ratios of the rounds."""
        pairs = zip(self.times[one], self.times[other], strict=True)
        return statistics.median(first / second for first, second in pairs)

    def _loss(self, states: Tensor) -> Tensor:
        return nn.functional.cross_entropy(self.head(states).flatten(0, 1), self.targets.flatten())


def main(_arguments: list[str]) -> int:
    """Print the table; 1 when a limit is passed."""
    torch.set_num_threads(1)
    table = Table(title=f"recurrent: ‖∂L/∂h_t‖ of {UNITS} units, batch {BATCH}, one look")
    columns = ("", "T", "step, ms", "unrolled, ms", "by hand, ms", "ρ, ms")
    ratios = ("by hand / unrolled", f"limit {OF_UNROLLED}", "by hand / step")
    for column in (*columns, *ratios, f"epoch of {STEPS_AN_EPOCH}", f"limit {OF_EPOCH}"):
        table.add_column(column, justify="right")
    kept = True
    for length in LENGTHS:
        for kind in CELLS:
            kept &= _row(table, Bench(kind, length))
    Console(width=110).print(table)
    return int(not kept)


def _row(table: Table, bench: Bench) -> bool:
    torch.testing.assert_close(bench.compared(), bench.unrolled(), rtol=1e-4, atol=0.0)
    bench.measure()
    names = ("plain", "unrolled", "by_hand", "spectrum")
    times = (f"{statistics.median(bench.times[name]) * 1e3:.2f}" for name in names)
    of_unrolled, of_step = bench.ratio("by_hand", "unrolled"), bench.ratio("by_hand", "plain")
    of_epoch = 1 + (of_step + bench.ratio("spectrum", "plain")) / STEPS_AN_EPOCH
    verdicts = [
        "kept" if good else "PASSED" for good in (of_unrolled <= OF_UNROLLED, of_epoch <= OF_EPOCH)
    ]
    table.add_row(
        bench.kind.__name__,
        str(bench.length),
        *times,
        f"{of_unrolled:.2f}",
        verdicts[0],
        f"{of_step:.2f}",
        f"{of_epoch:.3f}",
        verdicts[1],
    )
    return verdicts == ["kept", "kept"]
