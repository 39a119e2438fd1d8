"""Trained weights, bit for bit, against loops and networks written by hand in plain torch."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils import clip_grad_norm_, clip_grad_value_

from engine.data import DataSpec
from engine.worker.trainer import Trainer
from tests.parity.by_hand import (
    BLOBS,
    DIGITS,
    MOONS,
    ODD_MOONS,
    PREPARE,
    SEED,
    SINE,
    ByHand,
    Clip,
    Loss,
    assert_same_training,
    dense,
    linear,
    small,
    small_layers,
    weighted,
)


def _binary(outputs: Tensor, targets: Tensor) -> Tensor:
    return functional.binary_cross_entropy_with_logits(outputs[:, 0], targets.float())


def _squares(outputs: Tensor, targets: Tensor) -> Tensor:
    return functional.mse_loss(outputs, torch.eye(2)[targets])


OPTIMIZERS: dict[str, tuple[dict[str, Any], Callable[..., torch.optim.Optimizer]]] = {
    "plain SGD": (
        {"optimizer": "SGD", "learning_rate": 0.1, "momentum": 0.0},
        lambda weights, **more: torch.optim.SGD(weights, lr=0.1, **more),
    ),
    "SGD": (
        {"optimizer": "SGD", "learning_rate": 0.05, "momentum": 0.8},
        lambda weights, **more: torch.optim.SGD(weights, lr=0.05, momentum=0.8, **more),
    ),
    "Nesterov": (
        {"optimizer": "SGD", "learning_rate": 0.05, "momentum": 0.7, "nesterov": True},
        lambda weights, **more: torch.optim.SGD(
            weights, lr=0.05, momentum=0.7, nesterov=True, **more
        ),
    ),
    "RMSprop": (
        {"optimizer": "RMSprop", "learning_rate": 0.003, "alpha": 0.95, "momentum": 0.5},
        lambda weights, **more: torch.optim.RMSprop(
            weights, lr=0.003, alpha=0.95, momentum=0.5, **more
        ),
    ),
    "Adam": (
        {"optimizer": "Adam", "learning_rate": 0.01, "beta1": 0.8, "beta2": 0.99},
        lambda weights, **more: torch.optim.Adam(weights, lr=0.01, betas=(0.8, 0.99), **more),
    ),
    "AdamW": (
        {"optimizer": "AdamW", "learning_rate": 0.01, "beta1": 0.85, "beta2": 0.98},
        lambda weights, **more: torch.optim.AdamW(weights, lr=0.01, betas=(0.85, 0.98), **more),
    ),
}

CLIPS: dict[str, tuple[dict[str, Any], Clip]] = {
    "unclipped": ({"clip_mode": "none"}, lambda _weights: None),
    "norm": (
        {"clip_mode": "norm", "clip_threshold": 0.3},
        lambda weights: clip_grad_norm_(weights, 0.3),
    ),
    "value": (
        {"clip_mode": "value", "clip_threshold": 0.02},
        lambda weights: clip_grad_value_(weights, 0.02),
    ),
}


@pytest.mark.parametrize("clip", CLIPS)
@pytest.mark.parametrize("decay", [0.0, 0.05])
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_optimizers_step_as_torchs_do(
    prepared: PREPARE, optimizer: str, decay: float, clip: str
) -> None:
    training, make = OPTIMIZERS[optimizer]
    clipping, cut = CLIPS[clip]
    network = prepared(
        small_layers(4),
        BLOBS,
        seed=SEED,
        batch_size=16,
        weight_decay=decay,
        **training,
        **clipping,
    )
    by_hand = ByHand(lambda weights: make(weights, weight_decay=decay), clip=cut)
    assert_same_training(network, small(4), by_hand)


@pytest.mark.parametrize("clip", CLIPS)
def test_gradient_norms_are_those_of_torch(prepared: PREPARE, clip: str) -> None:
    clipping, cut = CLIPS[clip]
    network = prepared(
        small_layers(4), BLOBS, seed=SEED, batch_size=16, learning_rate=0.05, **clipping
    )
    before: list[float] = []
    after: list[float] = []

    def note(weights: list[nn.Parameter]) -> None:
        before.append(clip_grad_norm_(weights, torch.inf).item())
        cut(weights)
        after.append(clip_grad_norm_(weights, torch.inf).item())

    trainer = Trainer(network)
    steps = [trainer.step() for _ in range(trainer.steps_per_epoch)]
    ByHand(clip=note).losses(small(4), network.split)
    assert [step.clipping.before for step in steps] == pytest.approx(before[: len(steps)], rel=1e-6)
    assert [step.clipping.after for step in steps] == pytest.approx(after[: len(steps)], rel=1e-5)
    assert (steps[0].clipping.after < steps[0].clipping.before) == (clip != "unclipped")


MOON_LOSSES = [
    pytest.param("cross_entropy", 2, functional.cross_entropy, id="softmax"),
    pytest.param("binary_cross_entropy", 1, _binary, id="binary"),
    pytest.param("mse", 2, _squares, id="squares"),
]


@pytest.mark.parametrize("data", [MOONS, ODD_MOONS], ids=["even", "a last batch of one, merged"])
@pytest.mark.parametrize(("kind", "outputs", "loss"), MOON_LOSSES)
def test_losses_of_classes_train_as_torchs_do(
    prepared: PREPARE, kind: str, outputs: int, loss: Loss, data: DataSpec
) -> None:
    network = prepared(
        small_layers(outputs), data, loss=kind, seed=SEED, batch_size=16, learning_rate=0.05
    )
    assert_same_training(network, small(outputs), ByHand(loss=loss))


@pytest.mark.parametrize("batch", [9, 16, 200])
def test_regression_trains_as_in_torch(prepared: PREPARE, batch: int) -> None:
    network = prepared(
        small_layers(1), SINE, loss="mse", seed=SEED, batch_size=batch, learning_rate=0.05
    )
    by_hand = ByHand(loss=functional.mse_loss, batch=batch)
    assert_same_training(network, small(1, inputs=1), by_hand)


def test_last_sample_alone_joins_the_batch_before(prepared: PREPARE) -> None:
    network = prepared(small_layers(2), ODD_MOONS, batch_size=16)
    assert len(network.split.train_inputs) == 65
    assert Trainer(network).steps_per_epoch == 4


def test_convolutions_with_batch_norm_train_as_in_torch(prepared: PREPARE) -> None:
    layers = [
        ("Conv2d", {"out_channels": 6}),
        ("BatchNorm2d", {"momentum": 0.3}),
        ("ReLU", {}),
        ("MaxPool2d", {}),
        ("Conv2d", {"out_channels": 5, "kernel_size": 2, "padding": 0, "stride": 2}),
        ("BatchNorm2d", {}),
        ("AvgPool2d", {}),
        ("Flatten", {}),
        linear(10),
    ]
    network = prepared(layers, DIGITS, seed=SEED, batch_size=32, learning_rate=0.05)
    by_hand = nn.Sequential(
        weighted("conv2d_1", nn.Conv2d(1, 6, 3, padding=1)),
        nn.BatchNorm2d(6, momentum=0.3),
        nn.ReLU(),
        nn.MaxPool2d(2),
        weighted("conv2d_2", nn.Conv2d(6, 5, 2, stride=2)),
        nn.BatchNorm2d(5),
        nn.AvgPool2d(2),
        nn.Flatten(),
        dense(1, 5, 10),
    )
    assert_same_training(network, by_hand, ByHand(batch=32))


def test_random_layers_draw_in_the_order_of_torch(prepared: PREPARE) -> None:
    layers = [
        linear(12),
        ("BatchNorm1d", {}),
        ("RReLU", {"lower": 0.05, "upper": 0.4}),
        ("Dropout", {"p": 0.3}),
        linear(8),
        ("LayerNorm", {}),
        ("PReLU", {"slopes": "channel"}),
        ("Dropout", {"p": 0.1}),
        linear(2),
    ]
    network = prepared(layers, MOONS, seed=SEED, batch_size=16, learning_rate=0.05)
    by_hand = nn.Sequential(
        dense(1, 2, 12),
        nn.BatchNorm1d(12),
        nn.RReLU(0.05, 0.4),
        nn.Dropout(0.3),
        dense(2, 12, 8),
        nn.LayerNorm(8),
        nn.PReLU(8),
        nn.Dropout(0.1),
        dense(3, 8, 2),
    )
    assert_same_training(network, by_hand, ByHand())


class _Residual(nn.Module):
    """Two layers with a shortcut around the second one, which is added."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.second, self.last = dense(1, 2, 8), dense(2, 8, 8), dense(3, 8, 2)

    def forward(self, inputs: Tensor) -> Tensor:
        hidden = self.first(inputs).relu()
        return self.last((self.second(hidden) + hidden).tanh())


class _Joined(nn.Module):
    """Two layers with a shortcut around the second one, which is put beside its outputs."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.second, self.last = dense(1, 2, 8), dense(2, 8, 5), dense(3, 13, 2)

    def forward(self, inputs: Tensor) -> Tensor:
        hidden = self.first(inputs).relu()
        return self.last(torch.cat((self.second(hidden), hidden), dim=1).tanh())


@pytest.mark.parametrize(
    ("kind", "units", "by_hand"), [("Add", 8, _Residual), ("Concat", 5, _Joined)]
)
def test_branches_train_as_in_torch(
    prepared: PREPARE, kind: str, units: int, by_hand: Callable[[], nn.Module]
) -> None:
    layers = [linear(8), ("ReLU", {}), linear(units), (kind, {}), ("Tanh", {}), linear(2)]
    shortcuts = [("relu_1", f"{kind.lower()}_1")]
    network = prepared(
        layers, MOONS, shortcuts=shortcuts, seed=SEED, batch_size=16, learning_rate=0.05
    )
    assert_same_training(network, by_hand(), ByHand())
