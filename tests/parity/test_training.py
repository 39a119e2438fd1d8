"""Trained weights, bit for bit, against loops and networks written by hand in plain torch."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils import clip_grad_norm_, clip_grad_value_

from engine.data import DataSpec, Split
from engine.worker.build import node_seed
from engine.worker.prepare import Prepared
from engine.worker.trainer import Trainer

SEED = 7
EPOCHS = 3
MOONS = DataSpec("moons", {"samples": 80})
ODD_MOONS = DataSpec("moons", {"samples": 82})
"""65 samples to train with: four batches of 16, and one sample that is left over."""
BLOBS = DataSpec("blobs", {"samples": 100, "blobs": 4})
SINE = DataSpec("sine", {"samples": 80})
DIGITS = DataSpec("digits", {"validation_share": 0.9})

Optimizer = Callable[[list[nn.Parameter]], torch.optim.Optimizer]
Clip = Callable[[list[nn.Parameter]], object]
Loss = Callable[[Tensor, Tensor], Tensor]
PREPARE = Callable[..., Prepared]


def _linear(units: int) -> tuple[str, dict[str, Any]]:
    return "Linear", {"out_features": units}


def _weighted(name: str, layer: nn.Linear | nn.Conv2d) -> nn.Module:
    """The layer with the weights that the node of this name begins with: He's, and no bias."""
    torch.manual_seed(node_seed(SEED, name))
    layer.reset_parameters()
    nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
    assert layer.bias is not None
    nn.init.zeros_(layer.bias)
    return layer


def _dense(number: int, inputs: int, units: int) -> nn.Module:
    return _weighted(f"linear_{number}", nn.Linear(inputs, units))


def _small(outputs: int, inputs: int = 2) -> nn.Module:
    return nn.Sequential(
        _dense(1, inputs, 12), nn.Tanh(), _dense(2, 12, 8), nn.ReLU(), _dense(3, 8, outputs)
    )


def _small_layers(outputs: int) -> list[tuple[str, dict[str, Any]]]:
    return [_linear(12), ("Tanh", {}), _linear(8), ("ReLU", {}), _linear(outputs)]


def _binary(outputs: Tensor, targets: Tensor) -> Tensor:
    return functional.binary_cross_entropy_with_logits(outputs[:, 0], targets.float())


def _squares(outputs: Tensor, targets: Tensor) -> Tensor:
    return functional.mse_loss(outputs, torch.eye(2)[targets])


@dataclass(frozen=True)
class ByHand:
    """A training in plain torch, from the first shuffle to the last step."""

    optimizer: Optimizer = lambda weights: torch.optim.SGD(weights, lr=0.05, momentum=0.9)
    loss: Loss = functional.cross_entropy
    clip: Clip = lambda _weights: None
    batch: int = 16

    def losses(self, model: nn.Module, split: Split) -> list[float]:
        """Train the model and give the loss of every step."""
        weights = list(model.parameters())
        optimizer = self.optimizer(weights)
        inputs, targets = map(torch.from_numpy, (split.train_inputs, split.train_targets))
        order = torch.Generator().manual_seed(SEED)
        torch.manual_seed(SEED)
        losses = []
        for _ in range(EPOCHS):
            for chosen in self._batches(torch.randperm(len(inputs), generator=order)):
                optimizer.zero_grad()
                loss = self.loss(model(inputs[chosen]), targets[chosen])
                loss.backward()
                self.clip(weights)
                optimizer.step()
                losses.append(loss.item())
        return losses

    def _batches(self, order: Tensor) -> Iterator[Tensor]:
        start = 0
        while start < len(order):
            end = start + self.batch
            end += len(order) - end == 1
            yield order[start:end]
            start = end


def _train(trainer: Trainer) -> list[float]:
    """Train as a run does, and give the loss of every step."""
    trainer.measure()
    losses: list[float] = []
    for _ in range(EPOCHS):
        while not trainer.epoch_is_over:
            trainer.step()
        losses.extend(trainer.end_epoch().steps.loss.tolist())
    return losses


def _assert_same_training(prepared: Prepared, model: nn.Module, by_hand: ByHand) -> None:
    trainer = Trainer(prepared)
    before = [tensor.clone() for tensor in model.state_dict().values()]
    _assert_same_bits(trainer.model.state_dict().values(), before)
    assert _train(trainer) == by_hand.losses(model, prepared.split)
    after = list(model.state_dict().values())
    _assert_same_bits(trainer.model.state_dict().values(), after)
    assert not any(torch.equal(*pair) for pair in zip(before, after, strict=True))


def _assert_same_bits(ours: Iterable[Tensor], theirs: Iterable[Tensor]) -> None:
    for one, other in zip(ours, theirs, strict=True):
        assert one.dtype == other.dtype
        assert torch.equal(one, other)


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
        _small_layers(4),
        BLOBS,
        seed=SEED,
        batch_size=16,
        weight_decay=decay,
        **training,
        **clipping,
    )
    by_hand = ByHand(lambda weights: make(weights, weight_decay=decay), clip=cut)
    _assert_same_training(network, _small(4), by_hand)


@pytest.mark.parametrize("clip", CLIPS)
def test_gradient_norms_are_those_of_torch(prepared: PREPARE, clip: str) -> None:
    clipping, cut = CLIPS[clip]
    network = prepared(
        _small_layers(4), BLOBS, seed=SEED, batch_size=16, learning_rate=0.05, **clipping
    )
    before: list[float] = []
    after: list[float] = []

    def note(weights: list[nn.Parameter]) -> None:
        before.append(clip_grad_norm_(weights, torch.inf).item())
        cut(weights)
        after.append(clip_grad_norm_(weights, torch.inf).item())

    trainer = Trainer(network)
    steps = [trainer.step() for _ in range(trainer.steps_per_epoch)]
    ByHand(clip=note).losses(_small(4), network.split)
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
        _small_layers(outputs), data, loss=kind, seed=SEED, batch_size=16, learning_rate=0.05
    )
    _assert_same_training(network, _small(outputs), ByHand(loss=loss))


@pytest.mark.parametrize("batch", [9, 16, 200])
def test_regression_trains_as_in_torch(prepared: PREPARE, batch: int) -> None:
    network = prepared(
        _small_layers(1), SINE, loss="mse", seed=SEED, batch_size=batch, learning_rate=0.05
    )
    by_hand = ByHand(loss=functional.mse_loss, batch=batch)
    _assert_same_training(network, _small(1, inputs=1), by_hand)


def test_last_sample_alone_joins_the_batch_before(prepared: PREPARE) -> None:
    network = prepared(_small_layers(2), ODD_MOONS, batch_size=16)
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
        _linear(10),
    ]
    network = prepared(layers, DIGITS, seed=SEED, batch_size=32, learning_rate=0.05)
    by_hand = nn.Sequential(
        _weighted("conv2d_1", nn.Conv2d(1, 6, 3, padding=1)),
        nn.BatchNorm2d(6, momentum=0.3),
        nn.ReLU(),
        nn.MaxPool2d(2),
        _weighted("conv2d_2", nn.Conv2d(6, 5, 2, stride=2)),
        nn.BatchNorm2d(5),
        nn.AvgPool2d(2),
        nn.Flatten(),
        _dense(1, 5, 10),
    )
    _assert_same_training(network, by_hand, ByHand(batch=32))


def test_random_layers_draw_in_the_order_of_torch(prepared: PREPARE) -> None:
    layers = [
        _linear(12),
        ("BatchNorm1d", {}),
        ("RReLU", {"lower": 0.05, "upper": 0.4}),
        ("Dropout", {"p": 0.3}),
        _linear(8),
        ("LayerNorm", {}),
        ("PReLU", {"slopes": "channel"}),
        ("Dropout", {"p": 0.1}),
        _linear(2),
    ]
    network = prepared(layers, MOONS, seed=SEED, batch_size=16, learning_rate=0.05)
    by_hand = nn.Sequential(
        _dense(1, 2, 12),
        nn.BatchNorm1d(12),
        nn.RReLU(0.05, 0.4),
        nn.Dropout(0.3),
        _dense(2, 12, 8),
        nn.LayerNorm(8),
        nn.PReLU(8),
        nn.Dropout(0.1),
        _dense(3, 8, 2),
    )
    _assert_same_training(network, by_hand, ByHand())


class _Residual(nn.Module):
    """Two layers with a shortcut around the second one, which is added."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.second, self.last = _dense(1, 2, 8), _dense(2, 8, 8), _dense(3, 8, 2)

    def forward(self, inputs: Tensor) -> Tensor:
        hidden = self.first(inputs).relu()
        return self.last((self.second(hidden) + hidden).tanh())


class _Joined(nn.Module):
    """Two layers with a shortcut around the second one, which is put beside its outputs."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.second, self.last = _dense(1, 2, 8), _dense(2, 8, 5), _dense(3, 13, 2)

    def forward(self, inputs: Tensor) -> Tensor:
        hidden = self.first(inputs).relu()
        return self.last(torch.cat((self.second(hidden), hidden), dim=1).tanh())


@pytest.mark.parametrize(
    ("kind", "units", "by_hand"), [("Add", 8, _Residual), ("Concat", 5, _Joined)]
)
def test_branches_train_as_in_torch(
    prepared: PREPARE, kind: str, units: int, by_hand: Callable[[], nn.Module]
) -> None:
    layers = [_linear(8), ("ReLU", {}), _linear(units), (kind, {}), ("Tanh", {}), _linear(2)]
    shortcuts = [("relu_1", f"{kind.lower()}_1")]
    network = prepared(
        layers, MOONS, shortcuts=shortcuts, seed=SEED, batch_size=16, learning_rate=0.05
    )
    _assert_same_training(network, by_hand(), ByHand())
