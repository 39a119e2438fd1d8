"""Learning-rate schedules, bit for bit those of torch, with probes on every step and with none."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import nn
from torch.nn import functional
from torch.nn.utils import clip_grad_norm_
from torch.optim import lr_scheduler

from engine.data import Split
from engine.worker.trainer import Trainer
from tests.parity.by_hand import (
    BLOBS,
    MOONS,
    PREPARE,
    SEED,
    ByHand,
    assert_same_training,
    dense,
    linear,
    small,
    small_layers,
)

RATE = 0.05
STEPS = 5
"""Of an epoch: 80 samples by 16."""
LONG = 6
"""Epochs in which every schedule has something to do."""

pytestmark = pytest.mark.parametrize("probes", [True, False], ids=["probed", "bare"])


def _blobs(prepared: PREPARE, **settings: Any) -> Any:
    return prepared(
        small_layers(4),
        BLOBS,
        **{"seed": SEED, "batch_size": 16, "learning_rate": RATE, **settings},
    )


def _warm(optimizer: torch.optim.Optimizer, steps: int) -> lr_scheduler.LRScheduler:
    return lr_scheduler.LinearLR(optimizer, start_factor=1 / steps, total_iters=steps - 1)


def _step(optimizer: torch.optim.Optimizer, _steps: int) -> lr_scheduler.LRScheduler:
    return lr_scheduler.StepLR(optimizer, 2 * STEPS, gamma=0.3)


def _cosine(optimizer: torch.optim.Optimizer, steps: int) -> lr_scheduler.LRScheduler:
    return lr_scheduler.CosineAnnealingLR(optimizer, steps)


def _one_cycle(optimizer: torch.optim.Optimizer, steps: int) -> lr_scheduler.LRScheduler:
    return lr_scheduler.OneCycleLR(
        optimizer, max_lr=RATE, total_steps=steps, pct_start=0.4, cycle_momentum=False
    )


SCHEDULES: dict[str, tuple[dict[str, Any], Callable[..., lr_scheduler.LRScheduler]]] = {
    "step": ({"schedule": "step", "schedule_epochs": 2, "schedule_factor": 0.3}, _step),
    "cosine": ({"schedule": "cosine"}, _cosine),
    "one cycle": ({"schedule": "one_cycle", "schedule_rise": 0.4}, _one_cycle),
}


@pytest.mark.parametrize("warmup", [0, 1, 2])
@pytest.mark.parametrize("kind", SCHEDULES)
def test_schedules_move_as_torchs_do(
    prepared: PREPARE, kind: str, warmup: int, probes: bool
) -> None:
    settings, make = SCHEDULES[kind]

    def steps(optimizer: torch.optim.Optimizer) -> Callable[[], None]:
        if not warmup:
            return make(optimizer, LONG * STEPS).step
        first = warmup * STEPS
        parts = [_warm(optimizer, first), make(optimizer, LONG * STEPS - first)]
        return lr_scheduler.SequentialLR(optimizer, parts, [first]).step

    network = _blobs(prepared, epochs=LONG, warmup_epochs=warmup, **settings)
    assert_same_training(network, small(4), ByHand(epochs=LONG, steps=steps), probes=probes)


def test_warm_up_alone(prepared: PREPARE, probes: bool) -> None:
    network = _blobs(prepared, epochs=LONG, warmup_epochs=2)
    by_hand = ByHand(epochs=LONG, steps=lambda optimizer: _warm(optimizer, 2 * STEPS).step)
    assert_same_training(network, small(4), by_hand, probes=probes)
    rates = [stats.learning_rate for stats in _epochs(Trainer(network, probes=probes))]
    assert rates == pytest.approx([RATE / 2, *[RATE] * (LONG - 1)])


def _epochs(trainer: Trainer) -> list[Any]:
    found = []
    while not trainer.is_over:
        while not trainer.epoch_is_over:
            trainer.step()
        found.append(trainer.end_epoch())
    return found


def _validation_loss(model: nn.Module, split: Split) -> float:
    model.eval()
    with torch.no_grad():
        outputs = model(torch.from_numpy(split.validation_inputs))
    model.train()
    return functional.cross_entropy(outputs, torch.from_numpy(split.validation_targets)).item()


@pytest.mark.parametrize("warmup", [0, 1])
def test_plateaus_are_found_as_by_torch(prepared: PREPARE, warmup: int, probes: bool) -> None:
    network = _blobs(
        prepared,
        learning_rate=0.5,
        schedule="plateau",
        schedule_patience=0,
        schedule_factor=0.5,
        epochs=12,
        warmup_epochs=warmup,
        momentum=0.98,
    )
    rates: list[float] = []

    def ends(optimizer: torch.optim.Optimizer) -> Callable[[nn.Module], None]:
        schedule = lr_scheduler.ReduceLROnPlateau(optimizer, factor=0.5, patience=0)

        def end(model: nn.Module) -> None:
            rates.append(optimizer.param_groups[0]["lr"])
            schedule.step(_validation_loss(model, network.split))

        return end

    by_hand = ByHand(
        optimizer=lambda weights: torch.optim.SGD(weights, lr=0.5, momentum=0.98),
        epochs=12,
        ends=ends,
        steps=lambda optimizer: _warm(optimizer, STEPS).step if warmup else lambda: None,
    )
    assert_same_training(network, small(4), by_hand, probes=probes)
    assert [stats.learning_rate for stats in _epochs(Trainer(network, probes=probes))] == rates
    assert len(set(rates)) > 1


def test_a_schedule_multiplies_the_layers_rates(prepared: PREPARE, probes: bool) -> None:
    layers = small_layers(4)
    layers[0] = "Linear", {**layers[0][1], "learning_rate_factor": 0.25}
    network = prepared(
        layers, BLOBS, seed=SEED, batch_size=16, learning_rate=RATE, epochs=LONG, schedule="cosine"
    )

    def optimizer(weights: list[nn.Parameter]) -> torch.optim.Optimizer:
        groups = [{"params": weights[2:]}, {"params": weights[:2], "lr": RATE * 0.25}]
        return torch.optim.SGD(groups, lr=RATE, momentum=0.9)

    def steps(optimizer: torch.optim.Optimizer) -> Callable[[], None]:
        schedule = _cosine(optimizer, LONG * STEPS)

        def step() -> None:
            schedule.step()
            optimizer.param_groups[1]["lr"] = optimizer.param_groups[0]["lr"] * 0.25

        return step

    by_hand = ByHand(optimizer, epochs=LONG, steps=steps)
    assert_same_training(network, small(4), by_hand, probes=probes)


def test_everything_together(prepared: PREPARE, probes: bool) -> None:
    layers = [
        linear(12),
        ("BatchNorm1d", {"learning_rate_factor": 2.0}),
        ("Dropout", {"p": 0.2}),
        ("Tanh", {}),
        linear(2),
    ]
    network = prepared(
        layers,
        MOONS,
        seed=SEED,
        batch_size=16,
        learning_rate=RATE,
        optimizer="Adam",
        schedule="cosine",
        warmup_epochs=1,
        epochs=LONG,
        label_smoothing=0.1,
        clip_mode="norm",
        clip_threshold=0.5,
    )
    steps = 4
    model = nn.Sequential(
        dense(1, 2, 12), nn.BatchNorm1d(12), nn.Dropout(0.2), nn.Tanh(), dense(2, 12, 2)
    )

    def optimizer(weights: list[nn.Parameter]) -> torch.optim.Optimizer:
        groups = [
            {"params": weights[:2] + weights[4:]},
            {"params": weights[2:4], "lr": 2.0 * RATE / steps},
        ]
        return torch.optim.Adam(groups, lr=RATE)

    def stepping(made: torch.optim.Optimizer) -> Callable[[], None]:
        parts = [_warm(made, steps), _cosine(made, (LONG - 1) * steps)]
        schedule = lr_scheduler.SequentialLR(made, parts, [steps])
        first, second = made.param_groups
        second["lr"] = 2.0 * first["lr"]

        def step() -> None:
            schedule.step()
            second["lr"] = 2.0 * first["lr"]

        return step

    by_hand = ByHand(
        optimizer,
        loss=lambda outputs, targets: functional.cross_entropy(
            outputs, targets, label_smoothing=0.1
        ),
        clip=lambda weights: clip_grad_norm_(weights, 0.5),
        epochs=LONG,
        steps=stepping,
    )
    assert_same_training(network, model, by_hand, probes=probes)
