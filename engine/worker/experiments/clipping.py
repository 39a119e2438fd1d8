"""Clipping: what it keeps and what it turns (Pascanu et al. 2013)."""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from engine.worker.trainer import Trainer

from .experiment import Experiment, Measurements, at_most, near
from .networks import TANH, classifier, hidden, sgd
from .running import trainer_of

_ALL = 1_437
"""All samples in one batch, and so one step an epoch."""
_RATE = 1_000.0
"""So large that a step is the gradient itself, beside which rounding W is nothing."""
_SHARE = 0.25
"""The threshold as a share of the norm, and of the largest number."""


@dataclass(frozen=True, slots=True)
class _Step:
    """One step of plain SGD: the gradient that was used, and the norms that the engine reported."""

    gradient: Tensor
    reported_before: float
    reported_after: float


def _step(seed: int, mode: str, threshold: float) -> _Step:
    training = sgd(_RATE, batch=_ALL, epochs=1, clip_mode=mode, clip_threshold=threshold)
    trainer = trainer_of(
        classifier(hidden(4, 32, TANH, "orthogonal"), training), seed, probes=False
    )
    before = _weights(trainer)
    trainer.step()
    steps = trainer.end_epoch().steps
    gradient = (before - _weights(trainer)) / _RATE
    return _Step(gradient, float(steps.gradient_norm[0]), float(steps.clipped_norm[0]))


def _weights(trainer: Trainer) -> Tensor:
    return torch.cat([p.detach().flatten().double() for p in trainer.model.parameters()])


def _by_norm_and_by_value(seed: int) -> Measurements:
    raw = _step(seed, "none", 1.0)
    norm = float(raw.gradient.norm())
    clipped = _step(seed, "norm", _SHARE * norm)
    kept = _step(seed, "norm", 2.0 * norm)
    cut = _step(seed, "value", _SHARE * float(raw.gradient.abs().max()))
    return {
        "by norm: cosine before and after": _cosine(raw.gradient, clipped.gradient),
        "by norm: norm / threshold": float(clipped.gradient.norm()) / (_SHARE * norm),
        "by norm, threshold above: norm / norm before": float(kept.gradient.norm()) / norm,
        "by norm: reported / norm before": clipped.reported_before / norm,
        "by norm: reported after / threshold": clipped.reported_after / (_SHARE * norm),
        "by value: cosine before and after": _cosine(raw.gradient, cut.gradient),
    }


def _cosine(first: Tensor, second: Tensor) -> float:
    return float(functional.cosine_similarity(first, second, dim=0))


_FLOAT32 = 1e-5

EXPERIMENTS: tuple[Experiment, ...] = (
    Experiment(
        name="pascanu2013",
        title="Clipping by norm keeps the direction, clipping by value turns it",
        statement="After clipping by norm at c the gradient points where it pointed and its norm is min(n, c); the "
        "norm reported is the one before. Clipping by value turns the gradient.",
        source="Pascanu et al. 2013, algorithm 1; torch.nn.utils.clip_grad_norm_",
        setup="4 × 32 tanh on the digits, one step of SGD, all gradients together; thresholds: a quarter of the "
        "norm (and of the largest number), and twice the norm.",
        expected=(
            near("by norm: cosine before and after", 1.0, within=_FLOAT32),
            near("by norm: norm / threshold", 1.0, within=_FLOAT32),
            near("by norm, threshold above: norm / norm before", 1.0, within=_FLOAT32),
            near("by norm: reported / norm before", 1.0, within=_FLOAT32),
            near("by norm: reported after / threshold", 1.0, within=_FLOAT32),
            at_most("by value: cosine before and after", 0.999),
        ),
        run=_by_norm_and_by_value,
        seeds=3,
    ),
)
