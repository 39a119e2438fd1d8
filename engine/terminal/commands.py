"""The sub-commands: each prints its answer and returns an exit code."""

import argparse
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager, nullcontext
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

import msgspec
import torch
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from engine.data import DATA_SETS, DataError, DataSpec, describe
from engine.graph import Inference, NetworkGraph, StorageError, infer, json_schema, load
from engine.layers import show
from engine.stats import EpochStats
from engine.training import TRAINING_PARAMETERS, training_complaints
from engine.worker.build import LayerError
from engine.worker.divergence import DivergenceError
from engine.worker.faults import fault_sentence
from engine.worker.prepare import Prepared, RunError, prepare
from engine.worker.threads import use_threads
from engine.worker.trainer import Trainer

from .live import LiveView, plain_table
from .report import CsvRecord, as_json, as_line

BAD_INPUT = 2
READY_EXAMPLE = "digits_mlp.json"


_BETWEEN = "\0"
"""Between two sentences of one error; a name in a file cannot hold it."""
_LONGEST_SENTENCE = 600
_LONGEST_WORD = 300


class _InputError(Exception):
    """One or more sentences about what the person gave."""

    def __init__(self, *sentences: str) -> None:
        super().__init__(_BETWEEN.join(sentences))


@dataclass(frozen=True, slots=True)
class TrainOptions:
    """What `train` was asked for."""

    network: Path
    data: str | None = None
    label: str | None = None
    epochs: int | None = None
    seed: int | None = None
    out: Path | None = None
    json: bool = False

    @staticmethod
    def of(options: argparse.Namespace) -> "TrainOptions":
        """From the parsed command line."""
        return TrainOptions(
            **{name: getattr(options, name) for name in TrainOptions.__dataclass_fields__}
        )


def train(options: TrainOptions) -> int:
    """Train a network and report each epoch: as JSON, with a progress bar, or a line when piped."""
    with bad_input() as failed:
        trainer = _trainer(options)
        record = _record(options)
    if failed:
        return BAD_INPUT
    with bad_input() as failed, closing(record) if record else nullcontext():
        _report_epochs(trainer, options, record)
    return BAD_INPUT if failed else 0


def _report_epochs(trainer: Trainer, options: TrainOptions, record: CsvRecord | None) -> None:
    try:
        for stats in _epochs(trainer, options):
            if record is not None:
                record.add(stats, trainer.layers)
            if options.json:
                _print(as_json(stats, trainer.layers))
            elif not sys.stdout.isatty():
                _print(as_line(stats))
    except DivergenceError as outcome:
        _complain([outcome.sentence])
    if trainer.stopped_early:
        _complain([trainer.stopped_early])


def check(path: Path) -> int:
    """Say what is wrong with a network; when nothing is, show its layers."""
    with bad_input() as failed:
        graph = _loaded(path)
        found, inference = _problems(graph, path.absolute().parent)
    if failed:
        return BAD_INPUT
    _complain(found)
    warnings = (
        [p.sentence for p in inference.problems if p.severity == "warning"] if inference else []
    )
    for sentence in warnings:
        _print(f"Remark: {sentence}.")
    if found or inference is None:
        return BAD_INPUT
    _print_network(graph, inference)
    return 0


def schema() -> int:
    """Print the JSON Schema of network files."""
    text = msgspec.json.format(msgspec.json.encode(json_schema(TRAINING_PARAMETERS)), indent=2)
    _print(text.decode())
    return 0


def live(network: Path | None) -> int:
    """Train a network, or the ready example, with a table that is drawn anew at each epoch."""
    path = network or Path(str(files("resources"))) / "examples" / READY_EXAMPLE
    with bad_input() as failed:
        trainer = _trainer(TrainOptions(path))
        _show_live(trainer)
    return BAD_INPUT if failed else 0


def _show_live(trainer: Trainer) -> None:
    console = Console()
    stats = trainer.measure()
    try:
        with LiveView(console, trainer.layers, trainer.config.epochs) as view:
            view.show(stats)
            for stats in train_epochs(trainer):
                view.show(stats)
                if not console.is_terminal:
                    _print(as_line(stats))
    except DivergenceError as outcome:
        _complain([outcome.sentence])
    if not console.is_terminal:
        table = plain_table(
            trainer.layers, stats, trainer.config.epochs, in_unicode=view.in_unicode
        )
        console.print(table)


@contextmanager
def bad_input() -> Iterator[list[str]]:
    """Turn what is wrong with the person's input into sentences on stderr; the list then holds them."""
    failed: list[str] = []
    try:
        yield failed
    except (_InputError, RunError, StorageError) as error:
        failed.extend(str(error).split(_BETWEEN))
    except (LayerError, MemoryError, RuntimeError) as error:  # torch's word for most of its faults
        failed.append(fault_sentence(error))
    _complain(failed)


def _complain(sentences: Sequence[str]) -> None:
    """Write sentences to stderr, a line each; what a hostile file put into a name cannot steer the terminal."""
    for sentence in sentences:
        line = "".join(sign if sign.isprintable() else " " for sign in sentence)
        words = (_shortened(word, _LONGEST_WORD) for word in line.split(" "))
        line = _shortened(" ".join(words), _LONGEST_SENTENCE)
        sys.stderr.write(f"{line}{'' if line.endswith(('.', '?')) else '.'}\n")


def _shortened(text: str, room: int) -> str:
    """The middle is left out of what is too long."""
    half = room // 2
    return text if len(text) <= room else f"{text[:half]} … {text[-half:]}"


def _loaded(path: Path) -> NetworkGraph:
    return load(path)


def _trainer(options: TrainOptions) -> Trainer:
    torch.set_num_threads(1)
    trainer = Trainer(prepared(options))
    use_threads(trainer)
    return trainer


def prepared(options: TrainOptions) -> Prepared:
    graph = _loaded(options.network)
    folder: Path | None = options.network.absolute().parent
    if options.data is not None:
        graph.data = _data_spec(options)
        folder = Path.cwd()
    elif options.label is not None:
        graph.data = DataSpec(graph.data.kind, {**graph.data.params, "label": options.label})
    for name in ("epochs", "seed"):
        if (value := getattr(options, name)) is not None:
            graph.training = {**graph.training, name: value}
    found, _ = _problems(graph, folder)
    if found:
        raise _InputError(*found)
    return prepare(graph, folder)


def _data_spec(options: TrainOptions) -> DataSpec:
    kind = str(options.data)
    if kind in DATA_SETS and not DATA_SETS[kind].reads_file:
        return DataSpec(kind, DATA_SETS[kind].defaults)
    if not (Path(kind).suffix or os.sep in kind or Path(kind).is_file()):
        known = ", ".join(name for name, spec in DATA_SETS.items() if not spec.reads_file)
        raise _InputError(
            f"There is no data set called {kind!r}. Give a CSV file, or one of {known}"
        )
    return DataSpec("csv", {"path": kind, "label": options.label or ""})


def _problems(graph: NetworkGraph, folder: Path | None) -> tuple[list[str], Inference | None]:
    """Everything that stops a training, as sentences; the inference when the data can be described."""
    found = training_complaints(graph.training)
    try:
        inference = infer(graph, describe(graph.data, folder))
    except DataError as error:
        return [*found, str(error)], None
    return [*found, *(problem.sentence for problem in inference.errors)], inference


def _record(options: TrainOptions) -> CsvRecord | None:
    path = options.out
    if path is None:
        return None
    for name in (str(options.network), options.data or ""):
        if name and path.exists() and Path(name).exists() and path.samefile(name):
            raise _InputError(
                f"{path} is what is read here; --out would overwrite it. Choose another file"
            )
    try:
        return CsvRecord(path)
    except OSError as error:
        raise _InputError(f"Cannot write {path}: {error.strerror or error}") from None


def _epochs(trainer: Trainer, options: TrainOptions) -> Iterator[EpochStats]:
    if options.json or not sys.stdout.isatty():
        yield from train_epochs(trainer)
        return
    columns = (
        TextColumn("epoch {task.fields[epoch]}"),
        BarColumn(),
        TextColumn("{task.fields[figures]}"),
        TimeRemainingColumn(),
    )
    total = trainer.config.epochs * trainer.steps_per_epoch
    with Progress(*columns) as bar:
        task = bar.add_task("training", total=total, epoch=1, figures="")
        for stats in train_epochs(trainer, lambda: bar.advance(task)):
            bar.update(
                task, epoch=min(stats.epoch + 1, trainer.config.epochs), figures=_short(stats)
            )
            bar.console.print(as_line(stats))
            yield stats


def train_epochs(
    trainer: Trainer, stepped: Callable[[], None] | None = None
) -> Iterator[EpochStats]:
    """Train to the end, giving each epoch; `stepped` is called after every step."""
    while not trainer.is_over:
        while not trainer.epoch_is_over:
            trainer.step()
            if stepped is not None:
                stepped()
        yield trainer.end_epoch()


def _short(stats: EpochStats) -> str:
    accuracy = stats.validation_accuracy
    return f"loss {stats.train_loss:.3g}" + (
        f", accuracy {accuracy:.1%}" if accuracy is not None else ""
    )


def _print(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def _print_network(graph: NetworkGraph, inference: Inference) -> None:
    table = Table(box=None)
    for title, side in (
        ("layer", "left"),
        ("kind", "left"),
        ("output", "right"),
        ("parameters", "right"),
    ):
        table.add_column(title, justify="right" if side == "right" else "left")
    for node_id in inference.trained:
        node = graph.nodes[node_id]
        count = inference.parameter_counts[node_id]
        shape = show(inference.shapes[node_id])
        table.add_row(node.id, Text(node.kind), shape, f"{count:,}" if count else "")
    console = Console()
    console.print(table)
    console.print(f"{inference.total_parameters:,} parameters. No problems.", highlight=False)
