"""What is reported of batch normalisation, against its definition."""

import numpy as np
import pytest
import torch
from torch import nn

from engine.probe import StepWatch


@pytest.mark.parametrize("images", [False, True])
def test_batch_and_moving_statistics_are_those_of_the_paper(images: bool) -> None:
    torch.manual_seed(0)
    norm: nn.Module = nn.BatchNorm2d(4) if images else nn.BatchNorm1d(4)
    with torch.no_grad():
        norm.weight.copy_(torch.tensor([1.0, 2.0, 3.0, 4.0]))  # type: ignore[operator]
    batch = 2.0 * torch.randn((16, 4, 3, 3) if images else (16, 4)) + 1.0
    watch = StepWatch({"first": nn.Identity(), "norm": norm})
    watch.attach()
    norm(batch)
    (stats,) = watch.table(16).batch_norms
    numbers = batch.double().transpose(0, 1).flatten(1).numpy()
    assert stats.row == 1
    np.testing.assert_array_equal(stats.gamma, [1.0, 2.0, 3.0, 4.0])
    np.testing.assert_allclose(stats.batch_mean, numbers.mean(axis=1), rtol=1e-6)
    np.testing.assert_allclose(stats.batch_variance, numbers.var(axis=1), rtol=1e-6)
    # momentum 0.1: from 0 and 1, a tenth of the way to the mean and the unbiased variance
    np.testing.assert_allclose(stats.moving_mean, 0.1 * numbers.mean(axis=1), rtol=1e-5)
    unbiased = numbers.var(axis=1, ddof=1)
    np.testing.assert_allclose(stats.moving_variance, 0.9 + 0.1 * unbiased, rtol=1e-5)


def test_a_norm_without_parameters_and_averages_has_neutral_ones() -> None:
    norm = nn.BatchNorm1d(3, affine=False, track_running_stats=False)
    watch = StepWatch({"norm": norm})
    watch.attach()
    norm(torch.randn(8, 3))
    (stats,) = watch.table(8).batch_norms
    assert (stats.gamma.tolist(), stats.beta.tolist()) == ([1.0] * 3, [0.0] * 3)
    assert (stats.moving_mean.tolist(), stats.moving_variance.tolist()) == ([0.0] * 3, [1.0] * 3)
