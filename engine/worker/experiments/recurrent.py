"""Memory over time: how fast a recurrent network forgets, and experiments L10 and L11."""

import statistics
from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from engine.data import DataSpec
from engine.graph import NetworkGraph
from engine.parameters import Value
from engine.probe import through_time
from engine.worker.trainer import Trainer

from .experiment import Experiment, Measurements, at_least, near, seen
from .networks import Layer, chain, head, layer, sgd
from .running import LOOK, train, trainer_of

_SYMBOLS, _UNITS = 8, 64
_BY_NORM: dict[str, Value] = {"clip_mode": "norm", "clip_threshold": 1.0}
_THRESHOLD = 0.05
_BY_VALUE: dict[str, Value] = {"clip_mode": "value", "clip_threshold": _THRESHOLD}
_NOISE = 0.1
"""Of the inputs after the symbol; without any, the state of an identity network never changes."""


def _rnn(initializer: str, recurrent: str, nonlinearity: str = "tanh") -> Layer:
    return layer(
        "RNN",
        hidden_size=_UNITS,
        nonlinearity=nonlinearity,
        initializer=initializer,
        recurrent_initializer=recurrent,
    )


_DEFAULT = _rnn("torch_default", "torch_default")
_ORTHOGONAL = _rnn("glorot_uniform", "orthogonal")
_IDENTITY = _rnn("glorot_uniform", "identity", "relu")
_LSTM = layer("LSTM", hidden_size=_UNITS, forget_bias=1.0)


def _recall(
    cell: Layer, steps: int, clipping: Mapping[str, Value] | None = None, rate: float = 0.03
) -> NetworkGraph:
    """One of eight symbols, `steps` back; 80 batches of 50 an epoch, ten epochs."""
    data = DataSpec(
        "recall", {"length": steps, "symbols": _SYMBOLS, "noise": _NOISE, "samples": 5_000}
    )
    training = {**sgd(rate, batch=50, epochs=10), **(clipping or {})}
    return chain([cell, head(_SYMBOLS)], training, data)


def _forgetting(seed: int) -> Measurements:
    look = _look(trainer_of(_recall(_DEFAULT, 40), seed, probes=False))
    (gradient,) = through_time(look.module, look.inputs, look.output, look.output_gradient)
    return {"factor of ‖∂L/∂h_t‖ per step": gradient.factor}


@dataclass(frozen=True, slots=True)
class _Look:
    """One pass back and forth on the first samples: what the recurrent module got and gave, and every gradient."""

    module: nn.RNNBase
    inputs: Tensor
    output: Tensor
    output_gradient: Tensor
    gradient: Tensor
    """Of all parameters, in one row."""


def _look(trainer: Trainer) -> _Look:
    module = next(m for m in trainer.model.named_layers().values() if isinstance(m, nn.RNNBase))
    kept: list[Tensor] = []
    handle = module.register_forward_hook(lambda _m, given, output: kept.extend((given[0], output)))
    split = trainer.prepared.split
    inputs, targets = (
        torch.from_numpy(part[:LOOK]) for part in (split.train_inputs, split.train_targets)
    )
    loss = functional.cross_entropy(trainer.model(inputs), targets)
    handle.remove()
    arrived, output = kept
    first, *others = torch.autograd.grad(loss, [output, *trainer.model.parameters()])
    row = torch.cat([gradient.flatten() for gradient in others]).double()
    return _Look(module, arrived, output.detach(), first, row)


def _clipping(seed: int) -> Measurements:
    by_value: list[float] = []
    found = {
        "none": train(_recall(_IDENTITY, 40), seed).accuracy,
        "by norm at 1": train(_recall(_IDENTITY, 40, _BY_NORM), seed).accuracy,
        "by value at .05": train(
            _recall(_IDENTITY, 40, _BY_VALUE),
            seed,
            each_epoch=lambda trainer: by_value.append(_turn(_look(trainer).gradient)),
        ).accuracy,
    }
    return found | {"by value: cosine before and after": statistics.median(by_value)}


def _turn(gradient: Tensor) -> float:
    """Cosine between a gradient and what clipping by value leaves of it."""
    cut = gradient.clamp(-_THRESHOLD, _THRESHOLD)
    return float(functional.cosine_similarity(gradient, cut, dim=0))


def _vanishing_in_time(seed: int) -> Measurements:
    arms = {
        "default tanh": _recall(_DEFAULT, 20, _BY_NORM),
        "orthogonal tanh": _recall(_ORTHOGONAL, 20, _BY_NORM),
        "identity ReLU": _recall(_IDENTITY, 20, _BY_NORM),
        "LSTM, forget bias 1, rate 1": _recall(_LSTM, 20, _BY_NORM, rate=1.0),
    }
    return {title: train(graph, seed).accuracy for title, graph in arms.items()}


EXPERIMENTS: tuple[Experiment, ...] = (
    Experiment(
        name="bengio1994",
        title="A plain recurrent network forgets",
        statement="Back through a tanh RNN with torch's default weights, ‖∂L/∂h_t‖ loses the factor √(1/3) = .577 at "
        "each step: after 20 steps two hundred-thousandths are left.",
        source="Hochreiter 1991; Bengio, Simard & Frasconi 1994, theorem 2",
        setup="RNN of 64, recall of 1 of 8 over 40 steps, before training, 256 samples; slope of ln ‖∂L/∂h_t‖; mean "
        "over seeds.",
        expected=(near("factor of ‖∂L/∂h_t‖ per step", 3.0**-0.5, share=0.1, over="mean"),),
        run=_forgetting,
        seeds=6,
    ),
    Experiment(
        name="L10",
        title="Clipping by norm tames an exploding recurrent network",
        statement="A ReLU RNN that begins as the identity cannot learn to recall over 40 steps without clipping; with "
        "clipping by norm at 1 it recalls all; clipping by value at .05 turns the gradient and helps little.",
        source="Pascanu et al. 2013; Le et al. 2015; measured with plain torch",
        setup="Recall of 1 of 8, T = 40, noise σ .1; RNN of 64, SGD .03, batch 50, 800 steps; cosine on 256 samples, "
        "median over the epochs' ends.",
        expected=(
            seen("none", 0.11, 0.14),
            at_least("by norm at 1", 0.99),
            seen("by value at .05", 0.15, 0.30),
            near("by value: cosine before and after", 0.39, within=0.05, over="median"),
        ),
        run=_clipping,
        seeds=6,
    ),
    Experiment(
        name="L11",
        title="Clipping cannot cure vanishing in time",
        statement="Over 20 steps a default tanh RNN learns nothing, though it is clipped; orthogonal or identity "
        "recurrent weights, or an LSTM, do.",
        source="Hochreiter & Schmidhuber 1997; Le et al. 2015; measured with plain torch",
        setup="Recall of 1 of 8, T = 20, noise σ .1; 64 units, SGD .03 (LSTM 1), clipping by norm at 1, batch 50, 800 "
        "steps.",
        expected=(
            seen("default tanh", 0.12, 0.14),
            seen("orthogonal tanh", 0.98, 1.0),
            at_least("identity ReLU", 0.997, over="median"),
            at_least("LSTM, forget bias 1, rate 1", 0.99, over="median"),
        ),
        run=_vanishing_in_time,
        seeds=6,
    ),
)
