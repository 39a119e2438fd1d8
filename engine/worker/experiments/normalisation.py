"""Batch norm: what it is, what it does to gradients at initialisation, and experiments L06, L07 and L09."""

import math
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from engine.data import DataSpec

from .experiment import Experiment, Measurements, at_least, at_most, between, near, seen
from .modules import back_and_forth, build, noise
from .networks import (
    BATCH_NORM,
    DIGITS,
    RELU,
    TANH,
    Layer,
    classifier,
    head,
    hidden,
    layer,
    linear,
    residual_classifier,
    sgd,
)
from .running import gradient_ratio, scaled, train

_UNITS, _BATCH, _FACTOR = 32, 24, 3.0
_EXACT = 1e-10
_NO_EPS = layer("BatchNorm1d", eps=1e-30)
"""The identities hold for ε = 0; this is as good as that in float64."""
_KERAS_MOMENTUM = 0.9
"""The share of the old average; torch's momentum .1 is the share of the new one."""


@dataclass(frozen=True, slots=True)
class _Normalised:
    """Wu before batch norm, after it (γ = 1, β = 0), and what came back; float64."""

    x: Tensor
    y: Tensor
    weight: Tensor
    weight_gradient: Tensor
    normaliser: nn.BatchNorm1d

    @property
    def x_gradient(self) -> Tensor:
        assert self.x.grad is not None
        return self.x.grad


def _normalised(seed: int, factor: float = 1.0) -> _Normalised:
    """One pass in training mode, with the weight times `factor`."""
    built = build([linear(_UNITS), _NO_EPS, head()], _UNITS, 10, seed)
    built.module.double()
    first, normaliser = built.all("Linear")[0], built.all("BatchNorm1d")[0]
    assert isinstance(first, nn.Linear)
    assert isinstance(normaliser, nn.BatchNorm1d)
    first.weight.data.mul_(factor)
    record = back_and_forth(built, noise(seed, _BATCH, _UNITS, dtype=torch.float64), seed)
    x, y = record.outputs["Linear"][0], record.outputs["BatchNorm1d"][0].detach()
    assert first.weight.grad is not None
    return _Normalised(x, y, first.weight.detach(), first.weight.grad, normaliser)


def _largest(difference: Tensor, scale: Tensor) -> float:
    """The largest number of a difference, against the largest of what it should vanish beside."""
    return float(difference.detach().abs().max() / scale.detach().abs().max())


def _identities(seed: int) -> Measurements:
    one, scaled_up = _normalised(seed), _normalised(seed, _FACTOR)
    overlap = float((one.weight * one.weight_gradient).sum())
    return {
        "Σ_b ∂L/∂x": _largest(one.x_gradient.sum(0), one.x_gradient),
        "Σ_b ∂L/∂x · x̂": _largest((one.x_gradient * one.y).sum(0), one.x_gradient),
        "BN(aWu) − BN(Wu)": _largest(scaled_up.y - one.y, one.y),
        "a ∇(aW) − ∇W": _largest(
            _FACTOR * scaled_up.weight_gradient - one.weight_gradient, one.weight_gradient
        ),
        "⟨W, ∇W⟩": abs(overlap) / float(one.weight.norm() * one.weight_gradient.norm()),
        **_moving_averages(one),
    }


def _moving_averages(one: _Normalised) -> Measurements:
    """How far the moving statistics after one batch are from Keras's rule (they begin at 0 and 1)."""
    mean, variance = one.normaliser.running_mean, one.normaliser.running_var
    assert mean is not None
    assert variance is not None
    new = 1.0 - _KERAS_MOMENTUM
    x = one.x.detach()
    seen = {correction: x.var(0, correction=correction) for correction in (0, 1)}
    distance = {
        correction: _largest(variance - (_KERAS_MOMENTUM + new * batch), batch)
        for correction, batch in seen.items()
    }
    return {
        "moving mean − Keras's": _largest(mean - new * x.mean(0), x.mean(0)),
        "moving variance − the unbiased": distance[1],
        "moving variance − the biased": distance[0],
    }


_NORM_DEPTH, _NORM_WIDTH, _LARGE_BATCH = 10, 512, 1_024


def _explosion(seed: int) -> Measurements:
    found: dict[str, float] = {}
    for title, activation in (("ReLU", RELU), ("tanh", TANH)):
        layers = [*hidden(_NORM_DEPTH, _NORM_WIDTH, activation, norm=BATCH_NORM), head()]
        built = build(layers, _NORM_WIDTH, 10, seed)
        record = back_and_forth(built, noise(seed, _LARGE_BATCH, _NORM_WIDTH), seed)
        # the first layer sees the inputs' variance, not an activation's
        squares = record.squared_gradients("Linear")[1:_NORM_DEPTH]
        found[f"{title}: χ"] = (squares[0] / squares[-1]) ** (1 / (len(squares) - 1))
    return found


_RATES = (0.1, 0.3, 1.0)
_ENOUGH = 0.95
_FULL_BATCHES = DataSpec("digits", {"validation_share": 0.2162})
"""1,408 samples train, 22 batches of 64: a short last batch of 29 costs batch norm epochs at large rates."""


def _speed(seed: int) -> Measurements:
    found: dict[str, float] = {}
    for rate in _RATES:
        for title, norm in (("without", None), ("with", BATCH_NORM)):
            graph = classifier(
                hidden(10, 64, RELU, norm=norm),
                sgd(rate, batch=64, epochs=15),
                _FULL_BATCHES,
            )
            found[_epochs(rate, title)] = train(graph, seed).epochs_to(_ENOUGH)
    return found


def _epochs(rate: float, title: str) -> str:
    return f"rate {rate:g}, {title} batch norm: epochs to .95"


def _too_deep(seed: int) -> Measurements:
    training = sgd(0.1, batch=64, epochs=12)
    block = [linear(64), BATCH_NORM, RELU]
    plain = classifier(block * 50, training)
    residual = residual_classifier(block, block, 49, [BATCH_NORM], training)
    return {
        "batch norm: r": gradient_ratio(plain, seed),
        "batch norm: accuracy": train(plain, seed).accuracy,
        "with residual wires: accuracy": train(residual, seed).accuracy,
    }


_RAW = DataSpec("digits", {"standardise": False})
_BYTES = 256.0


def _standardiser(seed: int) -> Measurements:
    spread = 10.0 ** np.random.default_rng(seed).uniform(-2.0, 2.0, (1, 8, 8))
    plain, normed = hidden(4, 64, RELU), hidden(4, 64, RELU, norm=BATCH_NORM)
    arms: tuple[tuple[str, list[Layer], DataSpec, np.ndarray | float], ...] = (
        ("inputs 0–256, none", plain, _RAW, _BYTES),
        ("inputs 0–256, on the input", [BATCH_NORM, *plain], _RAW, _BYTES),
        ("scales 10^±2, on the input", [BATCH_NORM, *plain], DIGITS, spread),
        ("scales 10^±2, on hidden layers only", normed, DIGITS, spread),
    )
    found: dict[str, float] = {}
    for title, layers, data, factors in arms:
        graph = classifier(
            layers,
            sgd(0.1, batch=32, epochs=10),
            data,
        )
        found[title] = train(graph, seed, data=scaled(factors)).accuracy
    return found


_SETTING = "Digits 8 × 8 (1,437 train, 360 judge), zero biases, head N(0, 1/n)."
_NEVER = math.inf

EXPERIMENTS: tuple[Experiment, ...] = (
    Experiment(
        name="ioffe2015",
        title="What batch norm does to a gradient, exactly",
        statement="Through batch norm the gradient has no mean over the batch and no part along x̂; the weight's scale "
        "a does not matter forward, divides the gradient backward, and ∇W is orthogonal to W. The moving variance is "
        "the unbiased one, and torch's momentum .1 is Keras's .9.",
        source="Ioffe & Szegedy 2015, section 3; torch.nn.BatchNorm1d",
        setup="32 units, a batch of 24 normal samples, float64, a = 3; differences against the larger side.",
        expected=(
            *(
                near(name, 0.0, within=_EXACT)
                for name in (
                    "Σ_b ∂L/∂x",
                    "Σ_b ∂L/∂x · x̂",
                    "BN(aWu) − BN(Wu)",
                    "a ∇(aW) − ∇W",
                    "⟨W, ∇W⟩",
                    "moving mean − Keras's",
                    "moving variance − the unbiased",
                )
            ),
            at_least("moving variance − the biased", 1e-3),
        ),
        run=_identities,
        seeds=3,
    ),
    Experiment(
        name="yang2019",
        title="Batch norm makes gradients explode before training",
        statement="At initialisation each batch-normalised layer multiplies the squared gradient by D / (V − M²): "
        "π / (π − 1) = 1.467 for ReLU, 1.178 for tanh.",
        source="Yang et al. 2019, A Mean Field Theory of Batch Normalization",
        setup="10 × 512, batch 1,024, normal inputs; geometric mean over layers 2–10, mean over seeds.",
        expected=(
            near("ReLU: χ", math.pi / (math.pi - 1.0), share=0.025, over="mean"),
            near("tanh: χ", 0.4644 / 0.3943, share=0.025, over="mean"),
        ),
        run=_explosion,
        seeds=3,
    ),
    Experiment(
        name="L06",
        title="Batch norm buys speed at larger rates",
        statement="At a small learning rate batch norm needs about as many epochs as none; at larger ones it still "
        "learns, and the plain network does not.",
        source="measured with plain torch",
        setup="10 × 64 ReLU, He, SGD, 15 epochs of 22 full batches of 64 (1,408 train, 389 judge), standardised, zero "
        "biases, head N(0, 1/n); median over seeds.",
        expected=(
            near(_epochs(0.1, "without"), 8.0, within=2.0, over="median"),
            near(_epochs(0.1, "with"), 7.5, within=2.0, over="median"),
            at_least(_epochs(0.3, "without"), 10.0, over="median"),
            near(_epochs(0.3, "with"), 4.5, within=2.0, over="median"),
            at_least(_epochs(1.0, "without"), _NEVER),
            near(_epochs(1.0, "with"), 3.5, within=2.0, over="median"),
        ),
        run=_speed,
        seeds=6,
    ),
    Experiment(
        name="L07",
        title="Batch norm does not carry 50 layers; residual wires do",
        statement="50 batch-normalised ReLU layers start with gradients thousands of times larger at the bottom and "
        "learn little; with residual wires and a last batch norm they learn.",
        source="Yang et al. 2019; measured with plain torch",
        setup="50 × 64 ReLU, SGD .1, batch 64, 12 epochs; block: Linear, batch norm, ReLU; standardised. "
        + _SETTING,
        expected=(
            between("batch norm: r", 8.5e3 / 3, 8.5e3 * 3),
            seen("batch norm: accuracy", 0.09, 0.28),
            seen("with residual wires: accuracy", 0.95, 0.97),
        ),
        run=_too_deep,
        seeds=6,
    ),
    Experiment(
        name="L09",
        title="Batch norm on the input standardises the data",
        statement="Batch norm as the first layer takes the place of standardised data; on hidden layers only it does "
        "not mend features of very different scales.",
        source="measured with plain torch",
        setup="4 × 64 ReLU, He, SGD .1, batch 32, 10 epochs; pixels times 256, or standardised ones times 10^U(−2, 2). "
        + _SETTING,
        expected=(
            at_most("inputs 0–256, none", 0.2),
            seen("inputs 0–256, on the input", 0.96, 0.98),
            seen("scales 10^±2, on the input", 0.97, 0.98),
            seen("scales 10^±2, on hidden layers only", 0.85, 0.91),
        ),
        run=_standardiser,
        seeds=6,
    ),
)
