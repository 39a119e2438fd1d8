"""The sub-command `experiment` on experiments that are made up: what it prints, and how it ends."""

import json
import math
from collections.abc import Callable, Iterator, Sequence

import pytest

from engine.terminal import experiment as command
from engine.terminal.experiment import ExperimentOptions, as_json, as_text, experiment
from engine.worker.experiments import EXPERIMENTS, Experiment, judge
from engine.worker.experiments.experiment import at_least, near, seen
from engine.worker.experiments.schedule import Done, Job

MADE_UP = Experiment(
    name="made-up",
    title="One is one",
    statement="A statement long enough to be wrapped, because it goes on and on until the line is full, and then on.",
    source="Nobody 1999",
    setup="Nothing at all.",
    expected=(near("χ of one", 1.0, within=0.1, over="mean"), at_least("epochs", math.inf)),
    run=lambda _seed: {},
    seeds=2,
)
GOOD = {0: {"χ of one": 0.95, "epochs": math.inf}, 1: {"χ of one": 1.09, "epochs": math.inf}}
BAD = {0: {"χ of one": 1.25, "epochs": 7.0}}

Measure = Callable[[Job], dict[str, float]]


@pytest.fixture
def measuring(monkeypatch: pytest.MonkeyPatch) -> Callable[[Measure], list[tuple[Job, ...]]]:
    """Puts a function in the place of the real measuring; the list tells which jobs were asked for."""

    def replace(measure: Measure) -> list[tuple[Job, ...]]:
        asked: list[tuple[Job, ...]] = []

        def carry_out_all(jobs: Sequence[Job], processes: int) -> Iterator[Done]:
            asked.append((*jobs, Job("processes", processes)))
            yield from (Done(job, measure(job), 0.5) for job in reversed(jobs))

        monkeypatch.setattr(command, "carry_out_all", carry_out_all)
        return asked

    return replace


def _as_expected(job: Job) -> dict[str, float]:
    """The middle of every expected range, or its finite end."""
    found = {}
    for expected in EXPERIMENTS[job.name].expected:
        ends = [end for end in (expected.low, expected.high) if math.isfinite(end)]
        found[expected.name] = sum(ends) / len(ends) if ends else expected.low
    return found


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (ExperimentOptions(), "Give the name of one experiment, or --all, or --list"),
        (ExperimentOptions("L01", all=True), "Give the name of one experiment"),
        (ExperimentOptions(all=True, list=True), "Give the name of one experiment"),
        (ExperimentOptions("he2051"), "Did you mean he2015?"),
        (ExperimentOptions("zzz"), "There is no experiment called 'zzz'. --list"),
        (ExperimentOptions("L01", seeds=0), "--seeds must be from 1 to 1,000, not 0"),
        (ExperimentOptions(all=True, jobs=-1), "--jobs must be from 1 to 1,000, not -1"),
    ],
)
def test_bad_usage_is_a_sentence_and_2(
    capsys: pytest.CaptureFixture[str], options: ExperimentOptions, sentence: str
) -> None:
    assert experiment(options) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert sentence in printed.err
    assert printed.err.endswith(".\n")


def test_list_shows_every_experiment(capsys: pytest.CaptureFixture[str]) -> None:
    assert experiment(ExperimentOptions(list=True)) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == list(EXPERIMENTS)
    assert all(one.title in line for one, line in zip(EXPERIMENTS.values(), lines, strict=True))
    assert experiment(ExperimentOptions(list=True, json=True)) == 0
    objects = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [found["statement"] for found in objects] == [e.statement for e in EXPERIMENTS.values()]


def test_text_says_statement_source_expected_measured_verdict_and_seeds() -> None:
    text = as_text(judge(MADE_UP, GOOD, 3.21))
    lines = text.splitlines()
    assert max(map(len, lines)) <= 100
    assert lines[0] == "made-up · One is one"
    assert lines[1].startswith("  statement  A statement long enough")
    assert lines[2].startswith("             ")
    assert "  source     Nobody 1999" in lines
    assert "  holds      χ of one   1 ± 0.1    mean 1.02 (0.95 … 1.09)" in lines
    assert "  holds      epochs     never      never … never" in lines
    assert lines[-1] == "  verdict    holds (seeds 0 to 1; 3.2 s)"


def test_text_of_one_seed_says_so_and_names_what_differs() -> None:
    text = as_text(judge(MADE_UP, BAD, 0.0))
    assert "  differs    χ of one   1 ± 0.1    1.25" in text
    assert "  differs    epochs     never      7" in text
    assert "differs in 2 of 2 numbers (seed 0 alone: one seed shows no spread; 0.0 s)" in text


def test_a_median_is_shown_with_its_spread() -> None:
    one = Experiment(
        name="n",
        title="n",
        statement="n.",
        source="n",
        run=lambda _s: {},
        expected=(seen("n", 0, 1),),
    )
    outcome = judge(one, {0: {"n": 0.5}, 1: {"n": 0.1}, 2: {"n": 0.75}}, 0.0)
    assert "median 0.5 (0.1 … 0.75)" in as_text(outcome)


def test_json_holds_everything_and_null_for_what_is_not_finite() -> None:
    found = json.loads(as_json(judge(MADE_UP, GOOD, 1.0)))
    assert (found["name"], found["verdict"], found["seeds"]) == ("made-up", "holds", [0, 1])
    assert (found["source"], found["seconds"]) == ("Nobody 1999", 1.0)
    first, second = found["measured"]
    assert first["values"] == [0.95, 1.09]
    assert (first["low"], first["high"], first["tolerance"], first["over"]) == (1, 1, 0.1, "mean")
    assert (second["values"], second["expected"]) == ([None, None], "never")
    assert json.loads(as_json(judge(MADE_UP, BAD, 1.0)))["verdict"] == "differs"


def test_all_that_hold_end_with_0(
    capsys: pytest.CaptureFixture[str], measuring: Callable[[Measure], list[tuple[Job, ...]]]
) -> None:
    asked = measuring(_as_expected)
    assert experiment(ExperimentOptions(all=True)) == 0
    out = capsys.readouterr().out
    assert f"{len(EXPERIMENTS)} of {len(EXPERIMENTS)} statements hold" in out
    assert all(f"{one.name} · {one.title}" in out for one in EXPERIMENTS.values())
    own = [Job(one.name, seed) for one in EXPERIMENTS.values() for seed in range(one.seeds)]
    assert asked == [(*own, Job("processes", 2))]


def test_one_that_differs_ends_with_1(
    capsys: pytest.CaptureFixture[str], measuring: Callable[[Measure], list[tuple[Job, ...]]]
) -> None:
    asked = measuring(lambda job: {} if job.seed == 2 else _as_expected(job))
    assert experiment(ExperimentOptions("l03", json=True, seeds=3, jobs=4)) == 1
    (line,) = capsys.readouterr().out.splitlines()
    assert json.loads(line)["verdict"] == "differs"
    assert asked == [(Job("L03", 0), Job("L03", 1), Job("L03", 2), Job("processes", 4))]


def test_a_name_alone_is_measured_here(
    capsys: pytest.CaptureFixture[str], measuring: Callable[[Measure], list[tuple[Job, ...]]]
) -> None:
    asked = measuring(_as_expected)
    assert experiment(ExperimentOptions("LU2019")) == 0
    assert asked == [(Job("lu2019", 0), Job("processes", 1))]
    assert "seed 0 alone" in capsys.readouterr().out
