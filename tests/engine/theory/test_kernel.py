"""The pieces of the kernel overlay against torch's autograd."""

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from engine.theory.kernel import loss_gradient
from tests.engine.theory.networks import Layers, blobs, chain, decades, measured, theory

SAMPLES, UNITS = 12, 5
_random = np.random.default_rng(0)
OUTPUTS = _random.standard_normal((UNITS * 4, SAMPLES))
CLASSES = _random.integers(0, UNITS, SAMPLES)


def _autograd(outputs: np.ndarray, loss: object) -> np.ndarray:
    y = torch.tensor(outputs.T, requires_grad=True)
    loss(y).backward()  # type: ignore[operator]
    assert y.grad is not None
    return y.grad.numpy().T


def _same_direction(found: np.ndarray, expected: np.ndarray) -> None:
    scale = np.linalg.norm(found) / np.linalg.norm(expected)
    assert found == pytest.approx(expected * scale, abs=1e-12)


def test_cross_entropy_has_autograds_gradient() -> None:
    found = loss_gradient("cross_entropy", OUTPUTS, CLASSES, UNITS, UNITS)
    for draw in range(4):
        part = slice(draw * UNITS, (draw + 1) * UNITS)
        targets = torch.from_numpy(CLASSES)
        expected = _autograd(OUTPUTS[part], lambda y, t=targets: functional.cross_entropy(y, t))
        _same_direction(found[part], expected)


def test_binary_cross_entropy_has_autograds_gradient() -> None:
    targets = CLASSES % 2
    found = loss_gradient("binary_cross_entropy", OUTPUTS, targets, 1, 2)

    def loss(y: Tensor) -> Tensor:
        wanted = torch.from_numpy(targets).double().unsqueeze(1).expand_as(y)
        return functional.binary_cross_entropy_with_logits(y, wanted)

    _same_direction(found, _autograd(OUTPUTS, loss))


@pytest.mark.parametrize("classes", [UNITS, 0])
def test_squares_have_autograds_gradient(classes: int) -> None:
    numbers = _random.standard_normal((SAMPLES, UNITS)).astype(np.float32)
    targets = CLASSES if classes else numbers
    found = loss_gradient("mse", OUTPUTS[:UNITS], targets, UNITS, classes)
    wanted = np.eye(UNITS)[CLASSES] if classes else numbers.astype(np.float64)

    def loss(y: Tensor) -> Tensor:
        return functional.mse_loss(y, torch.from_numpy(wanted))

    _same_direction(found, _autograd(OUTPUTS[:UNITS], loss))


def test_rows_that_are_left_over_get_a_gradient_too() -> None:
    found = loss_gradient("cross_entropy", OUTPUTS[: UNITS * 3 + 2], CLASSES, UNITS, UNITS)
    assert found.shape == (UNITS * 3 + 2, SAMPLES)
    assert np.isfinite(found).all()
    assert (np.abs(found).sum(axis=1) > 0).all()


def _normed(depth: int, width: int) -> Layers:
    block = [
        ("Linear", {"out_features": width, "initializer": "he_normal"}),
        ("BatchNorm1d", {}),
        ("ReLU", {}),
    ]
    return [*block * depth, ("Linear", {"out_features": 10, "initializer": "lecun_normal"})]


@pytest.mark.parametrize("batch_size", [16, 96])
def test_batches_of_other_sizes(batch_size: int) -> None:
    split, width, depth = blobs(500, (20,)), 150, 8

    def make() -> list[nn.Module]:
        found: list[nn.Module] = []
        for place in range(depth):
            layer = nn.Linear(width if place else 20, width, bias=False)
            nn.init.kaiming_normal_(layer.weight)
            found += [layer, nn.BatchNorm1d(width), nn.ReLU()]
        head = nn.Linear(width, 10, bias=False)
        nn.init.normal_(head.weight, std=width**-0.5)
        return [*found, head]

    torch.set_num_threads(1)
    prediction = theory(chain(_normed(depth, width)), split, batch_size)
    seen = measured(make, split, batch_size, 16)
    assert prediction.method == "kernel"
    assert decades(prediction.gradient_rms, seen.gradient) < 0.05


def test_the_same_network_gets_the_same_prediction() -> None:
    split = blobs(200, (20,))
    first, second = (theory(chain(_normed(4, 64)), split, 32) for _ in range(2))
    assert np.array_equal(first.gradient_rms, second.gradient_rms)
