"""What is reported of batch normalisation, against its definition and against torch's own modules."""

import copy
from dataclasses import fields, replace

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from engine.probe import StepWatch
from engine.stats import STAGES, BatchNormStats, EpochStats, LayerTable, StepStats, bin_values
from engine.training import EpochEnded
from engine.training.framing import FrameError, FrameReader, decode_message, frame


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


def test_a_norm_without_parameters_and_averages_is_evaluated_with_the_batchs_own() -> None:
    norm = nn.BatchNorm1d(3, affine=False, track_running_stats=False)
    watch = StepWatch({"norm": norm})
    watch.attach()
    norm(torch.randn(8, 3))
    (stats,) = watch.table(8).batch_norms
    assert (stats.gamma.tolist(), stats.beta.tolist()) == ([1.0] * 3, [0.0] * 3)
    np.testing.assert_array_equal(stats.moving_mean, stats.batch_mean)
    np.testing.assert_array_equal(stats.moving_variance, stats.batch_variance)
    assert stats.gap == 0.0
    np.testing.assert_array_equal(stats.stages.counts[1], stats.stages.counts[2])


class _Net(nn.Module):
    """Batch norms of several widths and shapes, two of them alike, two with the same number of places."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Linear(6, 24)
        self.flat = nn.BatchNorm1d(24)
        self.shape = nn.Unflatten(1, (2, 3, 4))
        self.maps = nn.BatchNorm2d(2, eps=1e-3)
        self.mixed = nn.Conv2d(2, 5, 1)
        self.more = nn.BatchNorm2d(5, eps=1e-3)
        self.row = nn.Flatten(2)
        self.steps = nn.BatchNorm1d(5)
        self.all = nn.Flatten()
        self.wide = nn.Linear(60, 7)
        self.last = nn.BatchNorm1d(7)
        self.head = nn.Linear(7, 3)

    def forward(self, inputs: Tensor) -> Tensor:
        for child in self.children():
            inputs = child(inputs)
        return inputs


NORMS = ("flat", "maps", "more", "steps", "last")


def _net() -> _Net:
    torch.manual_seed(1)
    net = _Net().double()
    for name in NORMS:
        norm = net.get_submodule(name)
        for tensor, low, high in (
            (norm.weight, 0.5, 2.0),
            (norm.bias, -1.0, 1.0),
            (norm.running_mean, -1.0, 1.0),
            (norm.running_var, 0.2, 3.0),
        ):
            assert isinstance(tensor, Tensor)
            nn.init.uniform_(tensor, low, high)
    return net


def _watched_step(net: _Net) -> LayerTable:
    """A step of SGD that is large enough to be seen in γ and β."""
    watch = StepWatch(dict(net.named_children()))
    optimizer = torch.optim.SGD(net.parameters(), lr=0.5)
    watch.attach()
    functional.cross_entropy(net(_batch()), torch.arange(16) % 3).backward()
    watch.before_step()
    optimizer.step()
    return watch.table(16)


def _batch() -> Tensor:
    generator = torch.Generator().manual_seed(2)
    return torch.randn(16, 6, generator=generator, dtype=torch.float64)


def _by_hand(net: _Net, name: str) -> list[NDArray[np.float64]]:
    """x, x̂ of training, x̂ of evaluation and y of evaluation of one layer, from modules of torch alone."""
    found: list[NDArray[np.float64]] = []
    values = _batch()
    for child_name, child in net.named_children():
        before, values = values, child(values)
        if child_name == name:
            assert isinstance(child, nn.BatchNorm1d | nn.BatchNorm2d)
            bare = type(child)(child.num_features, eps=child.eps, affine=False).double()
            found = [before.detach().numpy(), bare(before).detach().numpy()]
            bare.running_mean, bare.running_var = child.running_mean, child.running_var
            found.append(bare.eval()(before).detach().numpy())
            found.append(child.eval()(before).detach().numpy())
            child.train()
    return found


@pytest.mark.parametrize("name", NORMS)
def test_stages_are_binned_as_torch_computes_them(name: str) -> None:
    plain, net = _net(), _net()
    table = _watched_step(net)
    rows = {stats.row: stats for stats in table.batch_norms}
    assert list(rows) == [list(dict(net.named_children())).index(norm) for norm in NORMS]
    stats = rows[list(dict(net.named_children())).index(name)]
    by_hand = _by_hand(plain, name)
    assert len(by_hand) == len(STAGES)
    for stage, numbers in enumerate(by_hand):
        np.testing.assert_array_equal(stats.stages.counts[stage], bin_values(numbers).counts)
        np.testing.assert_allclose(stats.stages.mean[stage], numbers.mean(), rtol=0, atol=1e-12)
        np.testing.assert_allclose(stats.stages.std[stage], numbers.std(), rtol=1e-9)
    assert stats.stages.totals.tolist() == [by_hand[0].size] * len(STAGES)
    np.testing.assert_allclose(stats.gap, _rms(by_hand[1] - by_hand[2]), rtol=1e-9)


def _rms(numbers: NDArray[np.float64]) -> float:
    """Over the channels alike."""
    squares = np.square(numbers).swapaxes(0, 1).reshape(numbers.shape[1], -1)
    return float(np.sqrt(squares.mean(axis=1).mean()))


def test_parameters_are_those_that_the_step_used() -> None:
    plain, net = _net(), _net()
    for stats, name in zip(_watched_step(net).batch_norms, NORMS, strict=True):
        used, moved = plain.get_submodule(name), net.get_submodule(name)
        np.testing.assert_array_equal(stats.gamma, used.get_parameter("weight").detach())
        np.testing.assert_array_equal(stats.beta, used.get_parameter("bias").detach())
        assert not np.array_equal(stats.gamma, moved.get_parameter("weight").detach())
        np.testing.assert_array_equal(stats.moving_mean, moved.get_buffer("running_mean"))


def test_watching_batch_norms_changes_no_bit() -> None:
    alone, watched = _net(), _net()
    optimizer = torch.optim.SGD(alone.parameters(), lr=0.5)
    functional.cross_entropy(alone(_batch()), torch.arange(16) % 3).backward()
    optimizer.step()
    _watched_step(watched)
    pairs = zip(alone.state_dict().values(), watched.state_dict().values(), strict=True)
    assert all(torch.equal(*pair) for pair in pairs)


def test_many_large_layers_are_looked_at_a_few_at_a_time() -> None:
    torch.manual_seed(3)
    norms = {f"norm_{number}": nn.BatchNorm1d(600) for number in range(5)}
    watch = StepWatch(norms)
    watch.attach()
    batches = [(number + 1.0) * torch.randn(200, 600) for number in range(5)]
    for norm, batch in zip(norms.values(), batches, strict=True):
        norm(batch)
    for stats, batch in zip(watch.table(200).batch_norms, batches, strict=True):
        np.testing.assert_array_equal(stats.stages.counts[0], bin_values(batch.numpy()).counts)
        np.testing.assert_allclose(stats.batch_variance, batch.double().var(0, correction=0))


def test_values_that_are_not_finite_are_counted_as_such() -> None:
    norm = nn.BatchNorm1d(2)
    watch = StepWatch({"norm": norm})
    watch.attach()
    norm(torch.tensor([[1.0, float("inf")], [2.0, 1.0], [4.0, 2.0]]))
    (stats,) = watch.table(3).batch_norms
    assert stats.stages.nonfinite.tolist() == [1, 3, 3, 3]


def test_half_precision_and_a_batch_of_one_are_looked_at() -> None:
    norm = nn.BatchNorm1d(3).eval()
    watch = StepWatch({"norm": norm})
    for batch in (torch.randn(4, 3, dtype=torch.bfloat16), torch.randn(1, 3)):
        watch.attach()
        norm(batch)
        (stats,) = watch.table(len(batch)).batch_norms
        wanted = bin_values(batch.float().numpy()).counts
        np.testing.assert_array_equal(stats.stages.counts[0], wanted)
        assert stats.stages.totals.tolist() == [batch.numel()] * len(STAGES)


def _sent(stats: BatchNormStats) -> EpochEnded:
    """The epoch that arrives when this is sent."""
    table = replace(LayerTable.empty(12, 16), batch_norms=(stats,))
    epoch = EpochStats(0, 1.0, None, None, None, 0.1, 0.1, 1.0, table, StepStats.of([], [], [], []))
    (body,) = FrameReader().feed(frame(EpochEnded(1, epoch)))
    found = decode_message(body)
    assert isinstance(found, EpochEnded)
    return found


def test_stages_travel_and_what_does_not_fit_is_refused() -> None:
    stats = _watched_step(_net()).batch_norms[0]
    (arrived,) = _sent(stats).stats.layers.batch_norms
    for field in fields(stats.stages):
        found, wanted = getattr(arrived.stages, field.name), getattr(stats.stages, field.name)
        np.testing.assert_array_equal(found, wanted)
    broken = copy.copy(stats.stages)
    for wrong in (
        replace(broken, counts=broken.counts[:3]),
        replace(broken, counts=broken.counts.astype(np.int64)),
        replace(broken, zeros=broken.zeros[:1]),
    ):
        with pytest.raises(FrameError, match="stages"):
            _sent(replace(stats, stages=wrong))
