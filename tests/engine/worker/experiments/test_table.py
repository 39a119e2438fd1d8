"""Every declaration is complete, and a few cheap experiments are carried out for real."""

import inspect

import pytest

from engine.worker.experiments import EXPERIMENTS, Experiment, judge
from engine.worker.experiments.schedule import Job, carry_out

PAPERS = (
    "bengio1994 glorot2010 pascanu2013 he2015 ioffe2015 poole2016 klambauer2017 yang2019 lu2019"
)
REMEDIES = [f"L{number:02}" for number in range(1, 12)]


def test_the_table_names_every_statement_and_every_remedy() -> None:
    names = list(EXPERIMENTS)
    assert sorted(names[: -len(REMEDIES)]) == sorted(PAPERS.split())
    assert names[-len(REMEDIES) :] == REMEDIES


@pytest.mark.parametrize("experiment", EXPERIMENTS.values(), ids=list(EXPERIMENTS))
def test_every_declaration_is_complete(experiment: Experiment) -> None:
    assert experiment.title
    assert not experiment.title.endswith(".")
    for sentence in (experiment.statement, experiment.setup):
        assert sentence.endswith(".")
        assert "  " not in sentence
    assert experiment.source
    assert experiment.seeds >= 1
    names = [expected.name for expected in experiment.expected]
    assert len(names) == len(set(names)) >= 1
    for expected in experiment.expected:
        assert expected.stated
        assert expected.low <= expected.high
        assert expected.tolerance >= 0
    assert list(inspect.signature(experiment.run).parameters) == ["seed"]


@pytest.mark.parametrize("name", ["ioffe2015", "pascanu2013", "bengio1994"])
def test_cheap_statements_hold_when_measured(name: str) -> None:
    experiment = EXPERIMENTS[name]
    done = [carry_out(Job(name, seed)) for seed in range(2)]
    outcome = judge(experiment, {one.job.seed: one.measured for one in done}, 0.0)
    assert [f.expected.name for f in outcome.findings if not f.holds] == []
    assert {f.expected.name for f in outcome.findings} == set(done[0].measured)
    assert all(one.seconds > 0 for one in done)


def test_the_same_seed_gives_the_same_numbers() -> None:
    first, again, other = (carry_out(Job("pascanu2013", seed)).measured for seed in (0, 0, 1))
    assert first == again
    assert first != other
