"""Clipping: what it keeps and what it turns (Pascanu et al. 2013)."""

import torch
from torch import Tensor
from torch.nn import functional

from engine.training import training_config
from engine.worker.optim import clip

from .experiment import Experiment, Measurements, at_most, near
from .modules import back_and_forth, build, noise
from .networks import TANH, head, hidden

_UNITS = 32
_SHARE = 0.25
"""The threshold as a share of the norm, and of the largest number."""


def _clipped(seed: int, mode: str, threshold: float) -> tuple[Tensor, Tensor, float]:
    """All gradients in one row, before and after clipping, and the norm that clipping reported."""
    built = build([*hidden(4, _UNITS, TANH, "orthogonal"), head()], _UNITS, 10, seed)
    back_and_forth(built, noise(seed, 16, _UNITS), seed)
    parameters: list[Tensor] = list(built.module.parameters())
    before = _row(parameters)
    reported, _ = clip(
        parameters, training_config({"clip_mode": mode, "clip_threshold": threshold})
    )
    return before, _row(parameters), reported


def _row(parameters: list[Tensor]) -> Tensor:
    return torch.cat([p.grad.flatten().double() for p in parameters if p.grad is not None])


def _by_norm_and_by_value(seed: int) -> Measurements:
    untouched, _, _ = _clipped(seed, "none", 1.0)
    norm = float(untouched.norm())
    before, after, reported = _clipped(seed, "norm", _SHARE * norm)
    _, kept, _ = _clipped(seed, "norm", 2.0 * norm)
    _, cut, _ = _clipped(seed, "value", _SHARE * float(untouched.abs().max()))
    return {
        "by norm: cosine before and after": _cosine(before, after),
        "by norm: norm / threshold": float(after.norm()) / (_SHARE * norm),
        "by norm: norm / itself, threshold above": float(kept.norm()) / norm,
        "by norm: reported / norm before": reported / norm,
        "by value: cosine before and after": _cosine(untouched, cut),
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
        setup="4 × 32 tanh, all gradients together; thresholds: a quarter of the norm (and of the largest number), and "
        "twice the norm.",
        expected=(
            near("by norm: cosine before and after", 1.0, within=_FLOAT32),
            near("by norm: norm / threshold", 1.0, within=_FLOAT32),
            near("by norm: norm / itself, threshold above", 1.0, within=_FLOAT32),
            near("by norm: reported / norm before", 1.0, within=_FLOAT32),
            at_most("by value: cosine before and after", 0.999),
        ),
        run=_by_norm_and_by_value,
        seeds=3,
    ),
)
