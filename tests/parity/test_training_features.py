"""What people add to a training, bit for bit against plain torch, with probes on every step and with none."""

from collections.abc import Callable, Sequence
from typing import Any

import pytest
import torch
from msgspec.structs import replace
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils import clip_grad_norm_

from engine.worker.clipping import clip_adaptively
from engine.worker.devices import found_precisions
from engine.worker.passes import Passes
from engine.worker.trainer import Trainer
from tests.parity.by_hand import (
    BLOBS,
    PREPARE,
    SEED,
    ByHand,
    Clip,
    assert_same_training,
    small,
    small_layers,
    train,
)

RATE = 0.05

pytestmark = pytest.mark.parametrize("probes", [True, False], ids=["probed", "bare"])


def _blobs(prepared: PREPARE, **settings: Any) -> Any:
    return prepared(
        small_layers(4),
        BLOBS,
        **{"seed": SEED, "batch_size": 16, "learning_rate": RATE, **settings},
    )


def test_label_smoothing_is_torchs(prepared: PREPARE, probes: bool) -> None:
    network = _blobs(prepared, label_smoothing=0.2)
    by_hand = ByHand(
        loss=lambda outputs, targets: functional.cross_entropy(
            outputs, targets, label_smoothing=0.2
        )
    )
    assert_same_training(network, small(4), by_hand, probes=probes)


class _Accumulated(ByHand):
    """Every step takes several small batches, whose mean losses are weighted by their samples."""

    def step(
        self,
        model: nn.Module,
        optimizer: torch.optim.Optimizer,
        inputs: Tensor,
        targets: Tensor,
    ) -> float:
        optimizer.zero_grad()
        losses = []
        for part, wanted in zip(inputs.split(8), targets.split(8), strict=True):
            loss = self.loss(model(part), wanted) * (len(part) / len(inputs))
            loss.backward()
            losses.append(loss.detach())
        self.clip(list(model.parameters()))
        optimizer.step()
        return torch.stack(losses).sum().item()


def test_gradients_accumulate_over_batches(prepared: PREPARE, probes: bool) -> None:
    network = _blobs(prepared, batch_size=8, accumulate=3, clip_mode="norm", clip_threshold=0.3)
    by_hand = _Accumulated(batch=24, clip=lambda weights: clip_grad_norm_(weights, 0.3))
    assert_same_training(network, small(4), by_hand, probes=probes)


def test_accumulated_gradient_is_that_of_the_large_batch(prepared: PREPARE, probes: bool) -> None:
    parts = Trainer(_blobs(prepared, batch_size=8, accumulate=4), probes=probes)
    whole = Trainer(_blobs(prepared, batch_size=32), probes=probes)
    assert train(parts) == pytest.approx(train(whole), rel=1e-4)
    for one, other in zip(parts.model.parameters(), whole.model.parameters(), strict=True):
        torch.testing.assert_close(one, other, rtol=1e-3, atol=1e-5)


class _Closing(ByHand):
    """Every step evaluates as often as L-BFGS wants."""

    def step(
        self,
        model: nn.Module,
        optimizer: torch.optim.Optimizer,
        inputs: Tensor,
        targets: Tensor,
    ) -> float:
        first: list[float] = []

        def evaluate() -> Tensor:
            optimizer.zero_grad()
            loss = self.loss(model(inputs), targets)
            loss.backward()
            self.clip(list(model.parameters()))
            first.append(loss.item())
            return loss

        optimizer.step(evaluate)
        return first[0]


@pytest.mark.parametrize("search", [None, "strong_wolfe"])
@pytest.mark.parametrize("clips", [False, True])
def test_lbfgs_steps_as_torchs_does(
    prepared: PREPARE, search: str | None, clips: bool, probes: bool
) -> None:
    network = _blobs(
        prepared,
        optimizer="LBFGS",
        learning_rate=0.2,
        max_iter=4,
        history_size=3,
        line_search=search is not None,
        batch_size=1_000,
        clip_mode="norm" if clips else "none",
    )
    by_hand = _Closing(
        optimizer=lambda weights: torch.optim.LBFGS(
            weights, lr=0.2, max_iter=4, history_size=3, line_search_fn=search
        ),
        batch=1_000,
        clip=lambda weights: clip_grad_norm_(weights, 1.0) if clips else None,
    )
    assert_same_training(network, small(4), by_hand, probes=probes)


def _settled(first: dict[str, Any], second: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    layers = small_layers(4)
    for place, more in ((0, first), (2, second)):
        kind, params = layers[place]
        layers[place] = kind, {**params, **more}
    return layers


OPTIMIZERS: dict[str, Callable[..., torch.optim.Optimizer]] = {
    "SGD": lambda groups: torch.optim.SGD(groups, lr=RATE, momentum=0.9),
    "RMSprop": lambda groups: torch.optim.RMSprop(groups, lr=RATE, momentum=0.9),
    "Adam": lambda groups: torch.optim.Adam(groups, lr=RATE),
    "AdamW": lambda groups: torch.optim.AdamW(groups, lr=RATE, weight_decay=0.0),
}


@pytest.mark.parametrize("clip", ["none", "norm"])
@pytest.mark.parametrize("kind", OPTIMIZERS)
def test_layers_have_learning_rates_of_their_own(
    prepared: PREPARE, kind: str, clip: str, probes: bool
) -> None:
    layers = _settled({"learning_rate_factor": 0.1}, {"learning_rate_factor": 3.0})
    network = prepared(
        layers,
        BLOBS,
        seed=SEED,
        batch_size=16,
        learning_rate=RATE,
        optimizer=kind,
        clip_mode=clip,
        clip_threshold=0.2,
    )

    def optimizer(weights: list[nn.Parameter]) -> torch.optim.Optimizer:
        return OPTIMIZERS[kind](
            [
                {"params": weights[:2], "lr": RATE * 0.1},
                {"params": weights[2:4], "lr": RATE * 3.0},
                {"params": weights[4:]},
            ]
        )

    def cut(weights: list[nn.Parameter]) -> None:
        if clip == "norm":
            clip_grad_norm_(weights, 0.2)

    assert_same_training(network, small(4), ByHand(optimizer, clip=cut), probes=probes)


@pytest.mark.parametrize("kind", OPTIMIZERS)
@pytest.mark.parametrize("frozen", [[0], [1], [0, 1]])
def test_frozen_layers_stay_as_they_are(
    prepared: PREPARE, kind: str, frozen: Sequence[int], probes: bool
) -> None:
    layers = _settled({"frozen": 0 in frozen}, {"frozen": 1 in frozen})
    network = prepared(
        layers,
        BLOBS,
        seed=SEED,
        batch_size=16,
        learning_rate=RATE,
        optimizer=kind,
        clip_mode="norm",
        clip_threshold=0.2,
    )

    def optimizer(weights: list[nn.Parameter]) -> torch.optim.Optimizer:
        for place in frozen:
            for weight in weights[2 * place : 2 * place + 2]:
                weight.requires_grad_(False)
        return OPTIMIZERS[kind]([weight for weight in weights if weight.requires_grad])

    by_hand = ByHand(optimizer, clip=lambda weights: clip_grad_norm_(weights, 0.2))
    assert_same_training(network, small(4), by_hand, probes=probes)


def _by_layer(weights: list[nn.Parameter]) -> None:
    for place in range(0, len(weights), 2):
        clip_grad_norm_(weights[place : place + 2], 0.1)


def _by_unit(weights: list[nn.Parameter]) -> None:
    """Brock et al. 2021, eq. 3, as it stands; a bias is one unit."""
    for weight in weights:
        assert weight.grad is not None
        flat = (
            weight.detach().reshape(len(weight), -1) if weight.dim() > 1 else weight.detach()[None]
        )
        gradient = weight.grad.reshape(flat.shape)
        for unit, own in zip(flat, gradient, strict=True):
            norm, size = own.norm(), unit.norm().clamp(min=1e-3)
            if norm / size > 0.02:
                own.mul_(0.02 * size / norm)


CLIPS: dict[str, tuple[dict[str, Any], Clip]] = {
    "by layer": ({"clip_mode": "layer", "clip_threshold": 0.1}, _by_layer),
    "adaptive": (
        {"clip_mode": "adaptive", "clip_threshold": 0.02},
        lambda weights: clip_adaptively(weights, 0.02),
    ),
}


@pytest.mark.parametrize("kind", CLIPS)
def test_clipping_of_parts_by_hand(prepared: PREPARE, kind: str, probes: bool) -> None:
    settings, clip = CLIPS[kind]
    assert_same_training(_blobs(prepared, **settings), small(4), ByHand(clip=clip), probes=probes)


def test_adaptive_clipping_is_equation_3(prepared: PREPARE, probes: bool) -> None:
    network = _blobs(prepared, clip_mode="adaptive", clip_threshold=0.02)
    model = small(4)
    losses = ByHand(clip=_by_unit).losses(model, network.split)
    unclipped = ByHand().losses(small(4), network.split)
    ours = train(Trainer(network, probes=probes))
    assert ours == pytest.approx(losses, rel=1e-4)
    assert ours != pytest.approx(unclipped, rel=1e-2)


class _Mixed(ByHand):
    """The forward pass is under autocast."""

    def step(
        self,
        model: nn.Module,
        optimizer: torch.optim.Optimizer,
        inputs: Tensor,
        targets: Tensor,
    ) -> float:
        optimizer.zero_grad()
        with torch.autocast("cpu", torch.bfloat16):
            loss = self.loss(model(inputs), targets)
        loss.backward()
        optimizer.step()
        return loss.item()


def test_bfloat16_is_torchs_autocast(prepared: PREPARE, probes: bool) -> None:
    assert "bfloat16" in found_precisions(["cpu"])["cpu"]
    network = _blobs(prepared, precision="bfloat16")
    assert_same_training(network, small(4), _Mixed(), probes=probes)
    plain = train(Trainer(_blobs(prepared), probes=probes))
    assert train(Trainer(network, probes=probes)) != plain


def test_float16_is_torchs_autocast_and_scaler(prepared: PREPARE, probes: bool) -> None:
    network = _blobs(prepared)
    trainer = Trainer(network, probes=probes)
    model, other = small(4), trainer.model
    config = replace(network.config, precision="float16")
    passes = Passes(other, functional.cross_entropy, config, torch.device("cpu"))
    optimizers = [torch.optim.SGD(m.parameters(), lr=RATE) for m in (model, other)]
    scaler = torch.amp.GradScaler("cpu")
    inputs, targets = map(
        torch.from_numpy, (network.split.train_inputs, network.split.train_targets)
    )
    for _ in range(4):
        optimizers[0].zero_grad()
        with torch.autocast("cpu", torch.float16):
            loss = functional.cross_entropy(model(inputs), targets)
        scaler.scale(loss).backward()
        scaler.unscale_(optimizers[0])
        scaler.step(optimizers[0])
        scaler.update()
        optimizers[1].zero_grad()
        passes.run(inputs, targets, optimizers[1])
        passes.step(optimizers[1], None)
    for ours, theirs in zip(other.parameters(), model.parameters(), strict=True):
        assert torch.equal(ours, theirs)
