"""The statements of the papers, and what each remedy does, measured with the lab's own engine."""

from collections.abc import Mapping

from . import activations, clipping, initialisation, normalisation, recurrent
from .experiment import Expected, Experiment, Finding, Measurements, Outcome, judge


def _by_name(*families: tuple[Experiment, ...]) -> Mapping[str, Experiment]:
    """The table: papers first, by year, then L01, L02 …"""
    found = [experiment for family in families for experiment in family]
    return {one.name: one for one in sorted(found, key=_place)}


def _place(experiment: Experiment) -> tuple[bool, str]:
    remedy = experiment.name.startswith("L")
    return remedy, experiment.name if remedy else experiment.name[-4:] + experiment.name


EXPERIMENTS: Mapping[str, Experiment] = _by_name(
    initialisation.EXPERIMENTS,
    activations.EXPERIMENTS,
    normalisation.EXPERIMENTS,
    clipping.EXPERIMENTS,
    recurrent.EXPERIMENTS,
)
"""Every experiment, by its name."""

__all__ = [
    "EXPERIMENTS",
    "Expected",
    "Experiment",
    "Finding",
    "Measurements",
    "Outcome",
    "judge",
]
