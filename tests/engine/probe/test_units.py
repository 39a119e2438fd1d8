"""Saturated, dormant and dead units, and batch cosine, against loops over single numbers."""

import itertools
import math

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from engine.probe import DeadUnits, StepWatch
from engine.stats import LayerTable


def _table(model: nn.Sequential, inputs: Tensor, **healthy: tuple[float, float]) -> LayerTable:
    names = [f"m{place}" for place in range(len(model))]
    watch = StepWatch(dict(zip(names, model, strict=True)), healthy)
    watch.attach()
    model(inputs)
    return watch.table(len(inputs))


def test_saturation_is_the_share_beyond_the_limits_of_the_slope() -> None:
    torch.manual_seed(0)
    inputs = 3.0 * torch.randn(50, 20)
    edge, elu = math.atanh(0.95), math.log(0.05)
    model = nn.Sequential(nn.Identity(), nn.Tanh(), nn.Identity(), nn.ELU())
    table = _table(model, inputs, m1=(-edge, edge), m3=(elu, math.inf))
    tanh = torch.tanh(inputs)
    assert table.saturation[1] == pytest.approx(float((tanh.abs() > 0.95).double().mean()))
    assert table.saturation[3] == pytest.approx(float((tanh < elu).double().mean()))
    assert np.isnan(table.saturation[[0, 2]]).all()


def test_cosine_is_the_mean_over_all_pairs() -> None:
    torch.manual_seed(1)
    inputs = torch.randn(7, 5) + 0.5
    inputs[3] = 0.0
    (found,) = _table(nn.Sequential(nn.Identity()), inputs).batch_cosine
    rows = [row.double() for row in inputs]
    pairs = itertools.product(range(7), repeat=2)
    cosines = [
        float(rows[a] @ rows[b] / (rows[a].norm() * rows[b].norm())) if 3 not in (a, b) else 0.0
        for a, b in pairs
    ]
    assert found == pytest.approx(np.mean(cosines), rel=1e-5)


def test_samples_that_are_all_alike_have_a_cosine_of_one() -> None:
    inputs = torch.arange(1.0, 6.0) * torch.arange(1.0, 5.0).unsqueeze(1)
    assert _table(nn.Sequential(nn.Identity()), inputs).batch_cosine[0] == pytest.approx(1.0)


def test_dormant_units_are_those_far_below_the_layers_mean() -> None:
    sizes = torch.tensor([1.0, 1.0, 0.02, 0.04, 0.0])
    inputs = sizes * torch.tensor([1.0, -1.0, 1.0]).unsqueeze(1)
    assert _table(nn.Sequential(nn.Identity()), inputs).dormant[0] == pytest.approx(1 / 5)
    assert 0.025 * float(sizes.mean()) < 0.02
    images = inputs.reshape(3, 5, 1, 1).expand(3, 5, 2, 3)
    assert _table(nn.Sequential(nn.Identity()), images).dormant[0] == pytest.approx(1 / 5)


@pytest.mark.parametrize("shape", [(16, 12), (16, 6, 3, 3)])
def test_dead_units_are_never_above_zero_in_any_batch(shape: tuple[int, ...]) -> None:
    torch.manual_seed(2)
    batches = [torch.relu(torch.randn(size, *shape[1:])) for size in (16, 16, 16, 5)]
    for batch in batches[:3]:
        batch[:, 1] = 0.0  # alive in the short last batch only
    for batch in batches:
        batch[:, 2::3] = 0.0
    others = [torch.relu(torch.randn(len(batch), 4)) for batch in batches]
    dead = DeadUnits({0: True, 2: True})
    column = np.full(3, np.nan)
    for _ in range(2):  # the second epoch begins anew
        dead.reset()
        for pair in zip(batches, others, strict=True):
            dead.take(list(pair))
        dead.shares(column)
    alive = [
        any(float(value) > 0 for batch in batches for value in batch[:, unit].flatten())
        for unit in range(shape[1])
    ]
    assert 0 < sum(alive) < len(alive)
    assert column[0] == pytest.approx(1 - sum(alive) / len(alive))
    assert column[2] == 0.0
    assert np.isnan(column[1])


def test_waiting_outputs_are_looked_at_in_time() -> None:
    """More numbers than wait together, so that they are looked at in between."""
    dead = DeadUnits({0: True})
    output = torch.zeros(512, 300)
    for step in range(5):
        now = output.clone()
        now[step, step] = 1.0
        dead.take([now])
    column = np.full(1, np.nan)
    dead.shares(column)
    assert column[0] == pytest.approx(1 - 5 / 300)


@pytest.mark.parametrize("channels_first", [True, False])
def test_units_of_two_dimensional_outputs_are_channels_or_features(channels_first: bool) -> None:
    outputs = torch.rand(4, 6, 3) + 0.1
    if channels_first:
        outputs[:, 2:4] = 0.0
    else:
        outputs[:, :, 1] = 0.0
    dead, column = DeadUnits({0: channels_first}), np.full(1, np.nan)
    dead.take([outputs])
    dead.shares(column)
    assert column[0] == pytest.approx(2 / 6 if channels_first else 1 / 3)
    same = nn.Identity()
    watch = StepWatch({"same": same}, channels_first={"same"} if channels_first else ())
    watch.attach()
    same(outputs)
    assert watch.table(4).dormant[0] == column[0]
