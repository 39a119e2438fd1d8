"""The sub-command `experiment`: statements of the papers, measured here, with a verdict on each."""

import argparse
import difflib
import math
import statistics
import sys
import textwrap
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import BrokenExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import Any

import msgspec
from rich.cells import cell_len
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from engine.worker.experiments import (
    EXPERIMENTS,
    Experiment,
    Finding,
    Measurements,
    Outcome,
    judge,
)
from engine.worker.experiments.schedule import Job, carry_out_all

HOLDS, DIFFERS, BAD_USAGE = 0, 1, 2
_JOBS_OF_ALL = 2
"""Processes that `--all` uses when nobody says; each loads torch for itself."""
_WIDTH = 100
_INDENT = 13


@dataclass(frozen=True, slots=True)
class ExperimentOptions:
    """What `experiment` was asked for."""

    name: str | None = None
    list: bool = False
    all: bool = False
    json: bool = False
    seeds: int | None = None
    jobs: int | None = None

    @staticmethod
    def of(options: argparse.Namespace) -> "ExperimentOptions":
        """From the parsed command line."""
        return ExperimentOptions(
            **{name: getattr(options, name) for name in ExperimentOptions.__dataclass_fields__}
        )


def experiment(options: ExperimentOptions) -> int:
    """Carry out what was asked for: 0 when every statement holds, 1 when one does not, 2 on bad usage."""
    complaint = _complaint(options)
    if complaint is not None:
        sys.stderr.write(f"{complaint}.\n")
        return BAD_USAGE
    if options.list:
        _print("\n".join(_listed(options)))
        return HOLDS
    chosen = list(EXPERIMENTS.values()) if options.all else [_BY_NAME[str(options.name).lower()]]
    try:
        outcomes = _carried_out(chosen, options)
    except BrokenExecutor:
        sys.stderr.write("A measuring process was killed, perhaps for want of memory: --jobs 1.\n")
        return BAD_USAGE
    return HOLDS if all(outcome.holds for outcome in outcomes) else DIFFERS


_BY_NAME = {name.lower(): one for name, one in EXPERIMENTS.items()}


def _complaint(options: ExperimentOptions) -> str | None:
    """What is wrong with the words given, or None."""
    if [options.name is not None, options.list, options.all].count(True) != 1:
        return "Give the name of one experiment, or --all, or --list to see their names"
    for word, number in (("--seeds", options.seeds), ("--jobs", options.jobs)):
        if number is not None and not 1 <= number <= 1_000:
            return f"{word} must be from 1 to 1,000, not {number}"
    if options.name is not None and options.name.lower() not in _BY_NAME:
        near = difflib.get_close_matches(options.name.lower(), _BY_NAME, n=1)
        guess = f"Did you mean {_BY_NAME[near[0]].name}? " if near else ""
        return f"There is no experiment called {options.name!r}. {guess}--list shows their names"
    return None


def _listed(options: ExperimentOptions) -> Iterator[str]:
    for one in EXPERIMENTS.values():
        if options.json:
            keys = ("name", "title", "statement", "source", "setup", "seeds")
            yield msgspec.json.encode({key: getattr(one, key) for key in keys}).decode()
        else:
            yield f"{one.name:{_INDENT}}  {one.title}"


def _carried_out(chosen: Sequence[Experiment], options: ExperimentOptions) -> list[Outcome]:
    """Measure, and print each experiment as soon as all of its seeds are done."""
    jobs = [Job(one.name, seed) for one in chosen for seed in range(options.seeds or one.seeds)]
    processes = options.jobs or (_JOBS_OF_ALL if options.all else 1)
    outcomes: list[Outcome] = []
    with _progress(jobs, options) as (show, advance):
        for outcome in _outcomes(jobs, processes, advance):
            outcomes.append(outcome)
            show(as_json(outcome) if options.json else as_text(outcome))
    if options.all and not options.json:
        held = sum(outcome.holds for outcome in outcomes)
        seconds = sum(outcome.seconds for outcome in outcomes)
        _print(f"{held} of {len(outcomes)} statements hold ({seconds:.0f} s of computing).")
    return outcomes


def _outcomes(
    jobs: Sequence[Job], processes: int, advance: Callable[[str], None]
) -> Iterator[Outcome]:
    waiting = {name: sum(job.name == name for job in jobs) for name in EXPERIMENTS}
    measured: dict[str, dict[int, Measurements]] = {job.name: {} for job in jobs}
    seconds = dict.fromkeys(measured, 0.0)
    with closing(carry_out_all(jobs, processes)) as finished:
        for done in finished:
            name = done.job.name
            measured[name][done.job.seed] = done.measured
            seconds[name] += done.seconds
            advance(name)
            if len(measured[name]) == waiting[name]:
                yield judge(EXPERIMENTS[name], measured[name], seconds[name])


@contextmanager
def _progress(
    jobs: Sequence[Job], options: ExperimentOptions
) -> Iterator[tuple[Callable[[str], None], Callable[[str], None]]]:
    """How to print a text, and how to say that a seed of an experiment is done; with a bar on a terminal."""
    if options.json or not sys.stdout.isatty():
        yield _print, lambda _name: None
        return
    columns = (
        TextColumn("{task.completed}/{task.total} seeds"),
        BarColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.fields[last]}"),
    )
    with Progress(*columns) as bar:
        task = bar.add_task("", total=len(jobs), last="")
        yield (
            lambda text: bar.console.print(text, markup=False, highlight=False, soft_wrap=True),
            lambda name: bar.update(task, advance=1, last=f"{name} measured"),
        )


def as_json(outcome: Outcome) -> str:
    """One line of JSON; a number that is not finite becomes null."""
    one = outcome.experiment
    return msgspec.json.encode(
        {
            "name": one.name,
            "title": one.title,
            "statement": one.statement,
            "source": one.source,
            "setup": one.setup,
            "seeds": outcome.seeds,
            "seconds": round(outcome.seconds, 3),
            "verdict": _verdict_word(holds=outcome.holds),
            "measured": [_as_object(finding) for finding in outcome.findings],
        }
    ).decode()


def _as_object(finding: Finding) -> dict[str, Any]:
    expected = finding.expected
    return {
        "name": expected.name,
        "expected": expected.stated,
        "low": expected.low,
        "high": expected.high,
        "tolerance": expected.tolerance,
        "over": expected.over,
        "values": finding.values,
        "verdict": _verdict_word(holds=finding.holds),
    }


def as_text(outcome: Outcome) -> str:
    """An outcome for people: statement, source, expected, measured, verdict, and the seeds."""
    one = outcome.experiment
    lines = [f"{one.name} · {one.title}"]
    for title, text in (
        ("statement", one.statement),
        ("source", one.source),
        ("set-up", one.setup),
    ):
        lines += _paragraph(title, text)
    rows = [("", "expected", "measured"), *map(_row, outcome.findings)]
    widths = [max(cell_len(row[column]) for row in rows) for column in (0, 1)]
    verdicts = ["", *(_verdict_word(holds=finding.holds) for finding in outcome.findings)]
    for verdict, row in zip(verdicts, rows, strict=True):
        cells = [
            text + " " * (width - cell_len(text))
            for text, width in zip(row[:2], widths, strict=True)
        ]
        lines.append(f"  {verdict:{_INDENT - 2}}{'   '.join([*cells, row[2]])}")
    lines += _paragraph("verdict", _verdict(outcome))
    return "\n".join(lines) + "\n"


def _paragraph(title: str, text: str) -> list[str]:
    first = f"  {title:{_INDENT - 2}}"
    return textwrap.wrap(text, _WIDTH, initial_indent=first, subsequent_indent=" " * _INDENT)


def _row(finding: Finding) -> tuple[str, str, str]:
    return finding.expected.name, finding.expected.stated, measured_text(finding)


def measured_text(finding: Finding) -> str:
    """The judged number and, over several seeds, the lowest and highest one."""
    values = finding.values
    if len(values) == 1:
        return _number(values[0])
    spread = f"{_number(min(values))} … {_number(max(values))}"
    if finding.expected.over == "each" or any(math.isnan(value) for value in values):
        return spread
    middle = statistics.fmean if finding.expected.over == "mean" else statistics.median
    return f"{finding.expected.over} {_number(middle(values))} ({spread})"


def _number(value: float) -> str:
    return "never" if value == math.inf else f"{value:.3g}"


def _verdict(outcome: Outcome) -> str:
    seeds = outcome.seeds
    whence = (
        f"seed {seeds[0]} alone: one seed shows no spread"
        if len(seeds) == 1
        else f"seeds {seeds[0]} to {seeds[-1]}"
    )
    wrong = sum(not finding.holds for finding in outcome.findings)
    word = "holds" if outcome.holds else f"differs in {wrong} of {len(outcome.findings)} numbers"
    return f"{word} ({whence}; {outcome.seconds:.1f} s)"


def _verdict_word(*, holds: bool) -> str:
    return "holds" if holds else "differs"


def _print(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()
