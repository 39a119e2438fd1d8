"""Ranks and Jacobians against closed forms and finite differences."""

import numpy as np
import pytest
import torch
from torch import nn

from engine.probe import jacobian_singular_values, output_ranks


def test_a_linear_networks_jacobian_is_its_product_of_weights() -> None:
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(6, 5), nn.Linear(5, 3)).double()
    product = (model[1].weight @ model[0].weight).detach().numpy()
    found = jacobian_singular_values(model, torch.randn(4, 6, dtype=torch.float64))
    wanted = np.linalg.svd(product, compute_uv=False)
    np.testing.assert_allclose(found, np.tile(wanted, (4, 1)), rtol=1e-12)


def test_a_curved_networks_jacobian_is_that_of_finite_differences() -> None:
    torch.manual_seed(1)
    model = nn.Sequential(nn.Flatten(), nn.Linear(6, 8), nn.Tanh(), nn.Linear(8, 4)).double()
    inputs = torch.randn(3, 2, 3, dtype=torch.float64)
    found = jacobian_singular_values(model, inputs)
    for row, sample in enumerate(inputs):
        columns = []
        for place in range(6):
            step = torch.zeros(6, dtype=torch.float64)
            step[place] = 1e-6
            ahead, behind = (model((sample + s * step.view(2, 3))[None])[0] for s in (1, -1))
            columns.append(((ahead - behind) / 2e-6).detach().numpy())
        wanted = np.linalg.svd(np.stack(columns, axis=1), compute_uv=False)
        np.testing.assert_allclose(found[row], wanted, rtol=1e-7)


def test_ranks_tell_directions_from_copies() -> None:
    torch.manual_seed(2)
    spread, narrow = nn.Linear(8, 8, bias=False), nn.Linear(8, 8, bias=False)
    with torch.no_grad():
        nn.init.orthogonal_(spread.weight)
        narrow.weight.copy_(torch.outer(torch.ones(8), torch.arange(1.0, 9.0)))
    model = nn.Sequential(spread, narrow)
    modules = {"spread": spread, "narrow": narrow, "unused": nn.Identity()}
    effective, stable = output_ranks(model, modules, torch.eye(8))
    assert effective[:2] == pytest.approx([8.0, 1.0], rel=1e-5)
    assert stable[:2] == pytest.approx([8.0, 1.0], rel=1e-5)
    assert np.isnan([effective[2], stable[2]]).all()


def test_outputs_that_are_not_finite_have_no_rank() -> None:
    same = nn.Identity()
    effective, _ = output_ranks(same, {"same": same}, torch.tensor([[1.0, float("nan")]]))
    assert np.isnan(effective).all()
