"""A training written by hand in plain torch, the networks that it trains, and the comparison with ours."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

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


def linear(units: int) -> tuple[str, dict[str, Any]]:
    return "Linear", {"out_features": units}


def weighted(name: str, layer: nn.Linear | nn.modules.conv._ConvNd) -> nn.Module:
    """The layer with the weights that the node of this name begins with: He's, and no bias."""
    torch.manual_seed(node_seed(SEED, name))
    layer.reset_parameters()
    drawn = layer.weight.detach()
    if isinstance(layer, nn.ConvTranspose2d):
        drawn = drawn.transpose(0, 1).contiguous()  # its fan in is that of its input channels
    nn.init.kaiming_normal_(drawn, nonlinearity="relu")
    if isinstance(layer, nn.ConvTranspose2d):
        layer.weight.data = drawn.transpose(0, 1).contiguous()
    assert layer.bias is not None
    nn.init.zeros_(layer.bias)
    return layer


def dense(number: int, inputs: int, units: int) -> nn.Module:
    return weighted(f"linear_{number}", nn.Linear(inputs, units))


def small(outputs: int, inputs: int = 2) -> nn.Module:
    return nn.Sequential(
        dense(1, inputs, 12), nn.Tanh(), dense(2, 12, 8), nn.ReLU(), dense(3, 8, outputs)
    )


def small_layers(outputs: int) -> list[tuple[str, dict[str, Any]]]:
    return [linear(12), ("Tanh", {}), linear(8), ("ReLU", {}), linear(outputs)]


def binary(outputs: Tensor, targets: Tensor) -> Tensor:
    return functional.binary_cross_entropy_with_logits(outputs[:, 0], targets.float())


def squares(outputs: Tensor, targets: Tensor) -> Tensor:
    return functional.mse_loss(outputs, torch.eye(2)[targets])


@dataclass(frozen=True)
class ByHand:
    """A training in plain torch, from the first shuffle to the last step."""

    optimizer: Optimizer = lambda weights: torch.optim.SGD(weights, lr=0.05, momentum=0.9)
    loss: Loss = functional.cross_entropy
    clip: Clip = lambda _weights: None
    batch: int = 16
    epochs: int = EPOCHS
    steps: Callable[[torch.optim.Optimizer], Callable[[], None]] = lambda _optimizer: lambda: None
    """What makes, for an optimiser, the call that follows each step."""
    ends: Callable[[torch.optim.Optimizer], Callable[[nn.Module], None]] = lambda _optimizer: (
        lambda _model: None
    )
    """What makes, for an optimiser, the call that follows each epoch."""

    def losses(self, model: nn.Module, split: Split) -> list[float]:
        """Train the model and give the loss of every step."""
        weights = list(model.parameters())
        optimizer = self.optimizer(weights)
        after_step, after_epoch = self.steps(optimizer), self.ends(optimizer)
        inputs, targets = map(torch.from_numpy, (split.train_inputs, split.train_targets))
        order = torch.Generator().manual_seed(SEED)
        torch.manual_seed(SEED)
        losses = []
        for _ in range(self.epochs):
            for chosen in self._batches(torch.randperm(len(inputs), generator=order)):
                losses.append(self.step(model, optimizer, inputs[chosen], targets[chosen]))
                after_step()
            after_epoch(model)
        return losses

    def step(
        self,
        model: nn.Module,
        optimizer: torch.optim.Optimizer,
        inputs: Tensor,
        targets: Tensor,
    ) -> float:
        """Train a batch and give its loss."""
        optimizer.zero_grad()
        loss = self.loss(model(inputs), targets)
        loss.backward()
        self.clip(list(model.parameters()))
        optimizer.step()
        return loss.item()

    def _batches(self, order: Tensor) -> Iterator[Tensor]:
        start = 0
        while start < len(order):
            end = start + self.batch
            end += len(order) - end == 1
            yield order[start:end]
            start = end


def train(trainer: Trainer, *, look: bool = False, epochs: int = EPOCHS) -> list[float]:
    """Train as a run does, and give the loss of every step."""
    trainer.measure()
    losses: list[float] = []
    for _ in range(epochs):
        while not trainer.epoch_is_over:
            trainer.step(look=look)
        losses.extend(trainer.end_epoch().steps.loss.tolist())
    return losses


def assert_same_training(
    prepared: Prepared, model: nn.Module, by_hand: ByHand, *, probes: bool = True
) -> None:
    """Losses and weights are the same bits; every weight that needs a gradient has moved."""
    trainer = Trainer(prepared, probes=probes)
    before = [tensor.clone() for tensor in model.state_dict().values()]
    assert_same_bits(trainer.model.state_dict().values(), before)
    ours = train(trainer, look=probes, epochs=by_hand.epochs)
    assert ours == by_hand.losses(model, prepared.split)
    after = list(model.state_dict(keep_vars=True).values())
    assert_same_bits(trainer.model.state_dict().values(), after)
    for old, new in zip(before, after, strict=True):
        frozen = isinstance(new, nn.Parameter) and not new.requires_grad
        assert torch.equal(old, new) == frozen


def assert_same_bits(ours: Iterable[Tensor], theirs: Iterable[Tensor]) -> None:
    for one, other in zip(ours, theirs, strict=True):
        assert one.dtype == other.dtype
        assert torch.equal(one, other)
