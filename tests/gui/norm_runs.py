"""Runs of batch-norm networks with made-up figures."""

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

import numpy as np

from engine.stats import BatchNormStats, Distribution, EpochStats, LayerTable, StepStats, bin_values
from engine.training import LayerInfo, RunHistory, RunStarted

KINDS = ("Linear", "BatchNorm1d", "ReLU", "Conv2d", "BatchNorm2d")
CHANNELS = {1: 3, 4: 40}
"""Channels of the batch norms in rows 1 and 4: a few, and many."""
STEPS = 6


def run(
    epochs: int = 4, first: int = 0, ids: Mapping[int, str] = MappingProxyType({})
) -> RunHistory:
    """A run of five layers, two of them batch norms, measured in so many epochs; `ids` names some rows' layers."""
    infos = tuple(
        LayerInfo(ids.get(row, f"layer_{row}"), kind, f"{kind} {row}", kind != "ReLU")
        for row, kind in enumerate(KINDS)
    )
    history = RunHistory(
        RunStarted(1, infos, 9, STEPS, 8, 100, 80, 20, "Digits", first_epoch=first)
    )
    for epoch in range(first, first + epochs):
        history.add_epoch(epoch_of(epoch))
    return history


def epoch_of(number: int) -> EpochStats:
    """Other figures at every epoch."""
    random = np.random.default_rng(number)
    table = LayerTable.empty(len(KINDS), 8)
    norms = tuple(_norm(row, random) for row in CHANNELS)
    for row in range(len(KINDS)):
        values = random.normal(0.3, 1.4, 600)
        table.activations.mean[row], table.activations.std[row] = values.mean(), values.std()
        table.activations.set_histogram(row, bin_values(values))
    size = random.uniform(0.5, 3.0, STEPS if number else 0)
    steps = StepStats(size, size, size, np.ones_like(size))
    table = replace(table, batch_norms=norms)
    return EpochStats(number, 1.0, 0.5, 1.1, 0.4, 0.1, 0.01, 30.0, table, steps)


def _norm(row: int, random: np.random.Generator) -> BatchNormStats:
    channels = CHANNELS[row]
    stages = Distribution.empty(4)
    for stage, (mean, spread) in enumerate(((2.0, 3.0), (0.0, 1.0), (-0.2, 1.1), (0.5, 2.0))):
        values = random.normal(mean, spread, 600)
        stages.mean[stage], stages.std[stage] = values.mean(), values.std()
        stages.set_histogram(stage, bin_values(values))
    gamma, beta = random.uniform(0.5, 2.0, channels), random.uniform(-1.0, 1.0, channels)
    means = random.normal(0.0, 1.0, (2, channels))
    variances = random.uniform(0.2, 4.0, (2, channels))
    return BatchNormStats(
        row, gamma, beta, means[0], variances[0], means[1], variances[1], 1e-5, stages
    )
