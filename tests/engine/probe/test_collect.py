"""Moments and histograms of stacked tensors against numpy on each of them alone."""

import numpy as np
import pytest
import torch
from torch import Tensor

from engine.probe.collect import Part, collect
from engine.stats import MAGNITUDES, TALLIES, VALUES, Distribution, Scale, bin_values

ODD = [0.0, -0.0, 1e-44, -1e-39, 1e-7, 5e3, -1e30, float("nan"), float("inf"), 1.5, -2.5, 0.75]


def _tensors() -> dict[int, Tensor]:
    torch.manual_seed(0)
    return {
        0: torch.randn(6, 7),
        2: torch.relu(torch.randn(3, 14)),
        3: torch.full((42,), 1.25),
        4: 1e6 + 1e-3 * torch.randn(40, dtype=torch.float64),
        5: torch.empty(0),
        6: torch.zeros(42),
        7: torch.tensor(ODD),
        8: torch.tensor([float("inf"), 1.0, -3.0]),
        9: 2.0 + torch.randn(300_000),  # cut into pieces
        10: 1e4 + torch.randn(270_000),
    }


@pytest.mark.parametrize("scale", [VALUES, MAGNITUDES])
@pytest.mark.parametrize("factor", [1.0, 32.0])
def test_each_row_is_what_numpy_says_of_its_tensor(scale: Scale, factor: float) -> None:
    into, tensors = Distribution.empty(11), _tensors()
    (rms,) = collect([Part(into, tensors, scale, factor)])
    for row, tensor in tensors.items():
        numbers = tensor.numpy().ravel() * np.asarray(factor, tensor.numpy().dtype)
        wanted = bin_values(numbers, scale)
        np.testing.assert_array_equal(into.counts[row], wanted.counts)
        assert [int(getattr(into, name)[row]) for name in TALLIES] == list(wanted[1:])
        if numbers.size and np.isfinite(numbers).all():
            wide = numbers.astype(np.float64)
            figures = into.mean[row], into.std[row], rms[row]
            expected = wide.mean(), wide.std(), np.sqrt(np.mean(wide**2))
            np.testing.assert_allclose(figures, expected, rtol=1e-10, atol=1e-15)
    assert np.isnan(rms[[1, 5, 7]]).all()
    assert rms[8] == np.inf
    assert np.isnan(into.mean[[1, 5]]).all()


def test_parts_of_one_size_keep_apart() -> None:
    values, gradients = Distribution.empty(2), Distribution.empty(2)
    tensors = {0: torch.full((8,), 2.0), 1: torch.full((8,), 4.0)}
    small = {1: torch.full((8,), 1e-12)}
    found = collect([Part(values, tensors, VALUES), Part(gradients, small, MAGNITUDES, 10.0)])
    assert found[0].tolist() == [2.0, 4.0]
    assert found[1][1] == pytest.approx(1e-11)
    assert np.isnan(found[1][0])
    assert values.totals.tolist() == [8, 8]
    assert gradients.counts[1].max() == 8
    assert gradients.totals.tolist() == [0, 8]
