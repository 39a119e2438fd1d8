"""Verdicts on made-up measurements: at, inside and outside of what is expected."""

import math

import pytest

from engine.worker.experiments.experiment import (
    Expected,
    Experiment,
    at_least,
    at_most,
    between,
    judge,
    near,
    seen,
)


@pytest.mark.parametrize(
    ("expected", "inside", "at", "outside"),
    [
        (near("n", 2.0, within=0.5), 2.3, 2.5, 2.5001),
        (near("n", 2.0, within=0.5), 1.7, 1.5, 1.4999),
        (near("n", -4.0, share=0.25), -4.9, -5.0, -5.01),
        (near("n", 8.0, share=0.25, within=1.0), 10.5, 11.0, 11.01),
        (near("n", 0.0), 0.0, 0.0, 5e-324),
        (between("n", 0.25, 0.5), 0.3, 0.5, 0.50001),
        (between("n", 0.25, 0.5, within=0.125), 0.6, 0.625, 0.6251),
        (between("n", 0.25, 0.5, within=0.125), 0.2, 0.125, 0.1249),
        (at_least("n", 0.99), 1.0, 0.99, 0.98999),
        (at_least("n", math.inf), math.inf, math.inf, 1e300),
        (at_most("n", 0.25), -math.inf, 0.25, 0.25001),
        (seen("n", 0.5, 0.75), 0.6, 0.75, 0.785),
    ],
)
def test_verdict_at_inside_and_outside(
    expected: Expected, inside: float, at: float, outside: float
) -> None:
    assert expected.holds([inside])
    assert expected.holds([at])
    assert not expected.holds([outside])


@pytest.mark.parametrize(
    ("over", "values", "holds"),
    [
        ("each", [0.0, 1.0, 1.0], True),
        ("each", [0.0, 1.0, 1.1], False),
        ("mean", [-1.0, 0.5, 3.4], True),
        ("mean", [0.0, 0.5, 3.0], False),
        ("median", [-5.0, 0.5, 9.0], True),
        ("median", [0.5, 1.5, 1.5], False),
        ("median", [0.0, 1.0, math.inf], True),
        ("median", [0.0, 3.0], False),
        ("mean", [0.5, math.inf], False),
    ],
)
def test_several_seeds_are_judged_each_or_by_their_middle(
    over: str, values: list[float], *, holds: bool
) -> None:
    expected = Expected(name="n", stated="0 to 1", low=0.0, high=1.0, over=over)  # type: ignore[arg-type]
    assert expected.holds(values) is holds


@pytest.mark.parametrize("over", ["each", "mean", "median"])
@pytest.mark.parametrize("values", [[], [math.nan], [0.5, math.nan, 0.5]])
def test_what_was_not_measured_does_not_hold(over: str, values: list[float]) -> None:
    expected = Expected(name="n", stated="anything", over=over)  # type: ignore[arg-type]
    assert not expected.holds(values)
    assert expected.holds([0.5])


def _experiment(*expected: Expected) -> Experiment:
    return Experiment(
        name="made-up",
        title="Made up",
        statement="One is one.",
        source="nobody",
        expected=expected,
        run=lambda _seed: {},
    )


def test_an_experiment_holds_when_all_its_numbers_do() -> None:
    experiment = _experiment(near("one", 1.0), at_most("half", 0.5))
    good = judge(experiment, {1: {"one": 1.0, "half": 0.5}, 0: {"one": 1.0, "half": 0.0}}, 2.5)
    assert (good.holds, good.seeds, good.seconds) == (True, (0, 1), 2.5)
    assert [finding.values for finding in good.findings] == [(1.0, 1.0), (0.0, 0.5)]
    bad = judge(experiment, {0: {"one": 1.0, "half": 0.5}, 1: {"one": 1.0, "half": 0.6}}, 0.0)
    assert [finding.holds for finding in bad.findings] == [True, False]
    assert not bad.holds


def test_a_number_that_the_run_left_out_is_not_a_success() -> None:
    outcome = judge(_experiment(at_most("half", 0.5)), {0: {"whole": 0.1}}, 0.0)
    assert math.isnan(outcome.findings[0].values[0])
    assert not outcome.holds


def test_expectations_say_what_they_accept() -> None:
    assert near("n", 1.0716, share=0.03).stated == "1.072 ± 3 %"
    assert near("n", 0.944, within=0.012).stated == "0.944 ± 0.012"
    assert near("n", 0.0).stated == "exactly 0"
    assert between("n", 0.95, 0.98, within=0.03).stated == "0.95 to 0.98 ± 0.03"
    assert at_least("n", math.inf).stated == "never"
    assert at_least("n", 0.85).stated == "at least 0.85"
    assert at_most("n", 0.25).stated == "at most 0.25"
