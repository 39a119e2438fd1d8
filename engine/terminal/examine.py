"""The sub-command `examine`: a thorough look at a network, before or after some epochs of training."""

import argparse
import math
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec
from rich.console import Console
from rich.table import Table
from rich.text import Text

from engine.stats import Examination
from engine.training import LayerInfo
from engine.worker.divergence import DivergenceError
from engine.worker.trainer import Trainer

from .commands import BAD_INPUT, TrainOptions, bad_input, prepared, train_epochs

_COLUMNS = ("dead", "effective_rank", "stable_rank")


@dataclass(frozen=True, slots=True)
class ExamineOptions:
    """What `examine` was asked for."""

    network: Path
    epochs: int = 0
    json: bool = False

    @staticmethod
    def of(options: argparse.Namespace) -> "ExamineOptions":
        """From the parsed command line."""
        return ExamineOptions(options.network, options.epochs, options.json)


def examine(options: ExamineOptions) -> int:
    """Train for some epochs, 0 for none, and print what a thorough look finds."""
    if options.epochs < 0:
        sys.stderr.write(f"--epochs must be 0 or more, not {options.epochs}.\n")
        return BAD_INPUT
    with bad_input() as failed:
        trainer = Trainer(prepared(TrainOptions(options.network, epochs=options.epochs or None)))
        if options.epochs:
            _train(trainer)
        found = trainer.examine()
    if failed:
        return BAD_INPUT
    if options.json:
        sys.stdout.write(f"{as_json(trainer.layers, found)}\n")
    else:
        _show(trainer.layers, found)
    return 0


def _train(trainer: Trainer) -> None:
    try:
        for _ in train_epochs(trainer):
            pass
    except DivergenceError as outcome:
        sys.stderr.write(f"{outcome.sentence}.\n")


def as_json(layers: Sequence[LayerInfo], found: Examination) -> str:
    """One object; what does not exist, or is not finite, is null."""
    rows = [
        {"id": info.id, "kind": info.kind}
        | {name: _finite(getattr(found, name)[row]) for name in _COLUMNS}
        for row, info in enumerate(layers)
    ]
    whole = {
        "samples": found.samples,
        "ranked_samples": found.ranked_samples,
        "noise_scale": _finite(found.noise_scale),
        "batch": found.batch,
        "jacobian_singular_values": [[_finite(v) for v in row] for row in found.jacobian.tolist()],
        "layers": rows,
    }
    return msgspec.json.encode(whole).decode()


def _show(layers: Sequence[LayerInfo], found: Examination) -> None:
    table = Table(box=None)
    table.add_column("layer")
    for title in ("dead units", "effective rank", "stable rank"):
        table.add_column(title, justify="right")
    for row, info in enumerate(layers):
        dead = found.dead[row]
        table.add_row(
            Text(info.label),
            "" if math.isnan(dead) else f"{dead:.1%}",
            f"{found.effective_rank[row]:.1f}",
            f"{found.stable_rank[row]:.2f}",
        )
    console = Console()
    console.print(table)
    console.print(
        f"Evaluation mode; dead units over {found.samples:,} training samples, ranks over "
        f"{found.ranked_samples:,}. Gradient noise scale {found.noise_scale:.4g} samples "
        f"(batch {found.batch}).",
        highlight=False,
    )
    if found.jacobian.size:
        console.print(
            f"Singular values of ∂output/∂input over {len(found.jacobian)} samples: "
            f"{found.jacobian.min():.3g} to {found.jacobian.max():.3g}.",
            highlight=False,
        )


def _finite(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None
