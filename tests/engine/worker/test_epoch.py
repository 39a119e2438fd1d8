"""What adds up over an epoch, and flat buffers, against plain torch."""

import math

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from engine.probe import DeadUnits
from engine.stats import LayerTable, gradient_noise_scale
from engine.training import TRAINING_DEFAULTS, training_config
from engine.worker.clipping import Clipping, clip
from engine.worker.epoch import Epoch, EpochSums, Step, batch_sizes
from engine.worker.flat import FlatParameters, GroupKey


def _model() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(5, 7), nn.ReLU(), nn.Linear(7, 3))


def _loss(model: nn.Module, inputs: Tensor) -> Tensor:
    return model(inputs).square().mean()


def _gradients(flat: FlatParameters) -> Tensor:
    return torch.cat([view.flatten() for view in flat.views])


def test_parameters_keep_their_values_and_share_one_buffer() -> None:
    model, plain = _model(), _model()
    flat = FlatParameters(list(model.parameters()), [GroupKey(1.0)] * 2 + [GroupKey(0.5)] * 2)
    for ours, theirs in zip(model.parameters(), plain.parameters(), strict=True):
        assert torch.equal(ours, theirs)
    assert [group.starts for group in flat.groups] == [[0, 48], [0, 32]]  # 64 bytes apart
    with torch.no_grad():
        flat.values.zero_()
    assert not any(parameter.any() for parameter in model.parameters())


def test_gradients_land_in_the_buffer_and_are_forgotten() -> None:
    model, plain, inputs = _model(), _model(), torch.randn(4, 5)
    flat = FlatParameters(list(model.parameters()))
    _loss(plain, inputs).backward()
    for _ in range(2):
        flat.zero()
        _loss(model, inputs).backward()
        wanted = torch.cat([p.grad.flatten() for p in plain.parameters() if p.grad is not None])
        assert torch.equal(_gradients(flat), wanted)
    model.zero_grad()  # somebody takes the views away
    flat.attach()
    flat.zero()
    _loss(model, inputs).backward()
    assert torch.equal(_gradients(flat), wanted)


def test_nothing_to_train_is_an_empty_buffer() -> None:
    flat = FlatParameters([])
    flat.zero()
    assert flat.values.numel() == 0


@pytest.mark.parametrize("mode", ["none", "norm", "value"])
def test_clipping_is_torchs_and_its_cosine_that_of_the_two_gradients(mode: str) -> None:
    model, plain, inputs = _model(), _model(), 3.0 * torch.randn(4, 5)
    flat = FlatParameters(list(model.parameters()))
    for part in (model, plain):
        _loss(part, inputs).backward()
    raw = _gradients(flat).double()
    config = training_config({**TRAINING_DEFAULTS, "clip_mode": mode, "clip_threshold": 0.05})
    found = clip(flat, config, [list(model.parameters())])
    if mode == "norm":
        nn.utils.clip_grad_norm_(plain.parameters(), 0.05)
    elif mode == "value":
        nn.utils.clip_grad_value_(plain.parameters(), 0.05)
    wanted = torch.cat([p.grad.flatten() for p in plain.parameters() if p.grad is not None])
    assert torch.equal(_gradients(flat), wanted)
    clipped = wanted.double()
    cosine = float(raw @ clipped / (raw.norm() * clipped.norm()))
    assert found == pytest.approx((float(raw.norm()), float(clipped.norm()), cosine), rel=1e-5)
    assert (found.cosine < 0.99) == (mode == "value")


@pytest.mark.parametrize("mode", ["none", "norm", "value"])
def test_a_gradient_of_zero_has_no_direction(mode: str) -> None:
    model = _model()
    flat = FlatParameters(list(model.parameters()))
    config = training_config({**TRAINING_DEFAULTS, "clip_mode": mode, "clip_threshold": 0.05})
    found = clip(flat, config, [list(model.parameters())])
    assert (found.before, found.after) == (0.0, 0.0)
    assert math.isnan(found.cosine)


def _epoch(sizes: list[int], norms: list[float]) -> Epoch:
    inputs = tuple(torch.zeros(size, 1) for size in sizes)
    steps = [Step(float(place), Clipping(norm, norm, 1.0)) for place, norm in enumerate(norms)]
    return Epoch(1, inputs, inputs, sizes, steps=steps)


def test_noise_scale_takes_the_full_batches_only() -> None:
    model = _model()
    flat = FlatParameters(list(model.parameters()))
    sums = EpochSums(flat, {}, DeadUnits({}))
    sums.begin()
    gradients, norms = [], []
    for size in (8, 8, 8, 3):
        flat.zero()
        _loss(model, torch.randn(size, 5)).backward()
        if size == 8:
            sums.add_gradient()
        gradients.append(flat.gradients.double().numpy().copy())
        norms.append(float(np.linalg.norm(gradients[-1])))
    mean = float(np.linalg.norm(np.mean(gradients[:3], axis=0)) ** 2)
    squares = float(np.mean(np.square(norms[:3])))
    found = sums.noise_scale(_epoch([8, 8, 8, 3], norms))
    assert found == pytest.approx(gradient_noise_scale(squares, mean, 8, 3), rel=1e-4)


def test_dead_units_are_written_into_the_rectifiers_row() -> None:
    sums = EpochSums(FlatParameters(list(_model().parameters())), {1: 2}, DeadUnits({1: True}))
    sums.begin()
    table = LayerTable.empty(3, 4)
    outputs = [torch.ones(4, 5), torch.ones(4, 7), torch.relu(torch.tensor([[-1.0, 2, -3, 0]] * 4))]
    sums.see(outputs)
    sums.fill(table)
    assert table.dead[1] == 0.75
    assert np.isnan(table.dead[[0, 2]]).all()


@pytest.mark.parametrize(
    ("samples", "batch", "sizes"),
    [(10, 4, [4, 4, 2]), (9, 4, [4, 5]), (8, 4, [4, 4]), (1, 4, [1]), (3, 4, [3])],
)
def test_no_batch_of_one_is_left_over(samples: int, batch: int, sizes: list[int]) -> None:
    assert batch_sizes(samples, batch) == sizes


@pytest.mark.parametrize(("sizes", "looks"), [([4, 4, 2], [1]), ([4, 5], [1]), ([4, 4], [1])])
def test_the_last_full_batch_is_looked_into(sizes: list[int], looks: list[int]) -> None:
    found = []
    for done in range(len(sizes)):
        epoch = _epoch(sizes, [1.0] * len(sizes))
        epoch.steps = epoch.steps[:done]
        if epoch.looks_by_itself:
            found.append(done)
    assert found == looks


def test_mean_loss_weighs_batches_by_their_samples() -> None:
    assert _epoch([4, 2], [1.0, 1.0]).mean_loss() == pytest.approx((0 * 4 + 1 * 2) / 6)
