"""Activations: SELU's fixed point, networks that are born dead, and experiments L01, L04, L05 and L08."""

import math

import torch
from torch import Tensor, nn

from engine.layers import INITIALIZERS
from engine.parameters import Value
from engine.worker.trainer import Trainer

from .experiment import (
    SEEN_MARGIN,
    Experiment,
    Measurements,
    at_least,
    at_most,
    between,
    near,
    seen,
)
from .modules import Built, back_and_forth, build, noise
from .networks import (
    BATCH_NORM,
    ELU,
    LAYER_NORM,
    RELU,
    SELU,
    SIGMOID,
    TANH,
    Layer,
    classifier,
    head,
    hidden,
    layer,
    sgd,
)
from .running import Run, first_samples, gradient_ratio, layer_inputs, ratio_in, train, trainer_of

_DEPTH, _WIDTH, _SAMPLES = 100, 400, 64
_VARIANCES = (0.25, 1.0, 4.0)
_ALPHA, _LAMBDA = 1.6732632423543772, 1.0507009873554805
"""Klambauer et al. 2017, eq. 14."""


def _selu_layers() -> list[Layer]:
    return [*hidden(_DEPTH, _WIDTH, SELU, "lecun_normal"), head()]


def _scaled_elu_layers(alpha: float) -> list[Layer]:
    """λ ELU_α as the window can build it: ELU(α) before weights that are λ times larger."""
    drawn: dict[str, Value] = {"init_std": _LAMBDA / _WIDTH**0.5}
    elu = layer("ELU", alpha=alpha)
    return [*hidden(_DEPTH, _WIDTH, elu, "normal", settings=drawn), head()]


def _fixed_point(seed: int) -> Measurements:
    found: dict[str, float] = {}
    for variance in _VARIANCES:
        built = build(_selu_layers(), _WIDTH, 10, seed)
        record = back_and_forth(built, noise(seed, _SAMPLES, _WIDTH, variance=variance), seed)
        last = record.outputs["SELU"][-1].detach()
        found[f"from {variance:g}: variance"] = float(last.var())
        found[f"from {variance:g}: mean"] = float(last.mean())
        if variance == 1.0:
            squares = record.squared_gradients("Linear")[:_DEPTH]
            found["χ₁"] = (squares[0] / squares[-1]) ** (1 / (_DEPTH - 1))
    for title, alpha in (("the paper's α", _ALPHA), ("α = 1", 1.0), ("α = 2", 2.0)):
        built = build(_scaled_elu_layers(alpha), _WIDTH, 10, seed)
        record = back_and_forth(built, noise(seed, _SAMPLES, _WIDTH), seed)
        found[f"{title}: variance"] = float((_LAMBDA * record.outputs["ELU"][-1].detach()).var())
    return found


_NARROW, _LAYERS, _NETWORKS = 2, 10, 6_000
_BORN_DEAD = 1.0 - (1.0 - 2.0**-_NARROW) ** _LAYERS


def _born_dead(seed: int) -> Measurements:
    """The share of networks, drawn anew with He's initialiser, that give zero for one input."""
    built = build(hidden(_LAYERS, _NARROW, RELU), _NARROW, _NARROW, seed)
    torch.manual_seed(seed)
    one = noise(seed, 1, _NARROW)
    dead = sum(_is_dead(built, one) for _ in range(_NETWORKS))
    return {"share born dead": dead / _NETWORKS}


def _is_dead(built: Built, one: Tensor) -> bool:
    he = INITIALIZERS["he_normal"]
    for module in built.all("Linear"):
        assert isinstance(module, nn.Linear)
        getattr(nn.init, he.function)(module.weight, **he.arguments({}))
    with torch.no_grad():
        return not bool(built.module(one).any())


_REMEDIES: tuple[tuple[str, Layer, str], ...] = (
    ("tanh", TANH, "glorot_normal"),
    ("ReLU", RELU, "he_normal"),
    ("Leaky ReLU", Layer("LeakyReLU"), "he_normal"),
    ("RReLU", Layer("RReLU"), "he_normal"),
    ("PReLU", Layer("PReLU"), "he_normal"),
    ("ELU", ELU, "he_normal"),
    ("GELU", Layer("GELU"), "he_normal"),
    ("SELU", SELU, "lecun_normal"),
)


def _saturating_or_not(seed: int) -> Measurements:
    training = sgd(0.1, batch=32, epochs=15)
    found: dict[str, float] = {}
    for title, activation, initializer in (("sigmoid", SIGMOID, "glorot_normal"), *_REMEDIES):
        graph = classifier(hidden(6, 64, activation, initializer), training)
        found[f"{title}: r"] = gradient_ratio(graph, seed)
        found[f"{title}: accuracy"] = train(graph, seed).accuracy
    for title, layers in (
        ("sigmoid + batch norm", hidden(6, 64, SIGMOID, "glorot_normal", norm=BATCH_NORM)),
        ("sigmoid + LSUV", hidden(6, 64, SIGMOID, "lsuv")),
    ):
        found[f"{title}: accuracy"] = train(classifier(layers, training), seed).accuracy
    return found


_BELOW: dict[str, Value] = {"bias_initializer": "constant", "bias_value": -2.0}
"""Hidden biases that switch most ReLUs off from the start."""


def _dying(seed: int) -> Measurements:
    training = sgd(0.05, batch=32, epochs=15)
    arms: dict[str, tuple[Layer, Layer | None]] = {
        "ReLU": (RELU, None),
        "Leaky ReLU .01": (Layer("LeakyReLU"), None),
        "RReLU": (Layer("RReLU"), None),
        "PReLU": (Layer("PReLU"), None),
        "ELU": (ELU, None),
        "ReLU + batch norm": (RELU, BATCH_NORM),
    }
    found: dict[str, float] = {}
    for title, (activation, norm) in arms.items():
        graph = classifier(hidden(4, 64, activation, norm=norm, settings=_BELOW), training)
        run = train(graph, seed, probes=title == "ReLU")
        found[f"{title}: accuracy"] = run.accuracy
        if title == "ReLU":
            found.update(_signs_of_death(run))
    return found


def _signs_of_death(run: Run) -> Measurements:
    """On the last full batch: the first hidden weight's gradient, and the mean output of the last ReLU layer."""
    table, layers = run.tables[-1], run.trainer.layers
    first = next(row for row, info in enumerate(layers) if info.kind == "Linear")
    last = max(row for row, info in enumerate(layers) if info.kind == "ReLU")
    return {
        "ReLU: gradient of the first weight": float(table.weight_gradient_rms[first]),
        "ReLU: mean output of the last layer": float(table.activation_mean[last]),
    }


def _fifty_layers(seed: int) -> Measurements:
    arms = {
        "SELU + LeCun": (SELU, "lecun_normal"),
        "SELU + He": (SELU, "he_normal"),
        "ReLU + He": (RELU, "he_normal"),
        "tanh + LeCun": (TANH, "lecun_normal"),
    }
    found: dict[str, float] = {}
    for title, (activation, initializer) in arms.items():
        graph = classifier(
            hidden(50, 100, activation, initializer),
            sgd(0.001, momentum=0.9, batch=64, epochs=15),
        )
        found[title] = train(graph, seed).accuracy
    return found


_RATE = 0.03


def _trouble_returns(seed: int) -> Measurements:
    training = sgd(_RATE, momentum=0.9, batch=32, epochs=15)
    plain = hidden(12, 64, ELU)
    graph = classifier(plain, training)
    found = {"r at the start": gradient_ratio(graph, seed)}
    found["saturation at the start"] = elu_saturation(trainer_of(graph, seed))
    run = train(graph, seed, probes=True)
    found["highest accuracy"] = run.best
    found["accuracy at the end"] = run.accuracy
    found["saturation at the end"] = elu_saturation(run.trainer)
    found["r at the end"] = ratio_in(run.tables[-1], run.trainer)
    cures = {
        "with batch norm": classifier(hidden(12, 64, ELU, norm=BATCH_NORM), training),
        "with layer norm": classifier(hidden(12, 64, ELU, norm=LAYER_NORM), training),
        "clipped by norm at 1": classifier(
            plain, {**training, "clip_mode": "norm", "clip_threshold": 1.0}
        ),
        "a quarter of the rate": classifier(plain, {**training, "learning_rate": _RATE / 4}),
    }
    return found | {title: train(cure, seed).accuracy for title, cure in cures.items()}


def elu_saturation(trainer: Trainer) -> float:
    """The share of numbers z < ln .05 at the inputs of the ELU layers, on the first samples."""
    arrived = layer_inputs(trainer, "ELU", first_samples(trainer))
    return float(torch.stack([(z < math.log(0.05)).double().mean() for z in arrived]).mean())


_DIGITS = "Digits 8 × 8 (1,437 train, 360 judge), standardised, zero biases, head N(0, 1/n)."

EXPERIMENTS: tuple[Experiment, ...] = (
    Experiment(
        name="klambauer2017",
        title="SELU pulls the variance back to 1, though not the gradient",
        statement="From variance .25, 1 or 4, a hundred SELU layers return to variance 1 and mean 0; the "
        "squared gradient grows by χ₁ = 1.0716 a layer; another α leaves the fixed point.",
        source="Klambauer et al. 2017, eq. 14 and theorem 1",
        setup="100 × 400, LeCun normal, 64 normal inputs; mean over seeds. λ ELU_α is built as ELU(α) before "
        "weights of N(0, λ²/n).",
        expected=(
            *(
                near(f"from {variance:g}: {moment}", value, within=0.1, over="mean")
                for variance in _VARIANCES
                for moment, value in (("variance", 1.0), ("mean", 0.0))
            ),
            near("χ₁", 1.0716, share=0.03, over="mean"),
            near("the paper's α: variance", 1.0, within=0.1, over="mean"),
            at_most("α = 1: variance", 0.5),
            at_least("α = 2: variance", 1.5),
        ),
        run=_fixed_point,
        seeds=6,
    ),
    Experiment(
        name="lu2019",
        title="Narrow, deep ReLU networks are born dead",
        statement="A ReLU network of L layers of N units without biases gives zero for an input with probability "
        "1 − (1 − 2⁻ᴺ)ᴸ: .944 for 10 layers of 2.",
        source="Lu et al. 2019, Dying ReLU and Initialization",
        setup=f"{_NETWORKS:,} networks with He's initialiser a seed, one normal input.",
        expected=(near("share born dead", _BORN_DEAD, within=0.012),),
        run=_born_dead,
        seeds=1,
    ),
    Experiment(
        name="L01",
        title="Activations that do not saturate",
        statement="Six sigmoid layers with Glorot's initialisation stay at chance; tanh, the ReLU family, GELU and "
        "SELU, or batch norm on sigmoid, learn. LSUV does not save the sigmoid.",
        source="Glorot & Bengio 2010; measured with plain torch",
        setup="6 × 64, SGD .1, batch 32, 15 epochs; He, SELU with LeCun. " + _DIGITS,
        expected=(
            between("sigmoid: r", 0.0015, 0.006),
            seen("sigmoid: accuracy", 0.08, 0.13),
            *(seen(f"{title}: accuracy", 0.95, 0.98) for title, _, _ in _REMEDIES),
            *(
                between(f"{title}: r", 0.56, 1.5, over="median", within=0.1)
                for title, _, _ in _REMEDIES[1:]
            ),
            seen("sigmoid + batch norm: accuracy", 0.95, 0.98),
            seen("sigmoid + LSUV: accuracy", 0.08, 0.13),
        ),
        run=_saturating_or_not,
        seeds=6,
    ),
    Experiment(
        name="L04",
        title="Dying ReLUs, and which relatives live",
        statement="Hidden biases of −2 kill a ReLU network: nothing leaves its last layer, the gradient is exactly "
        "zero and nothing is learned. A leak of .01 does not help, larger random or learned slopes do more, ELU and "
        "batch norm cure it.",
        source="Maas et al. 2013; Lu et al. 2019; measured with plain torch",
        setup="4 × 64, He, SGD .05, batch 32, 15 epochs. " + _DIGITS,
        expected=(
            near("ReLU: mean output of the last layer", 0.0),
            near("ReLU: gradient of the first weight", 0.0),
            seen("ReLU: accuracy", 0.07, 0.08),
            seen("Leaky ReLU .01: accuracy", 0.07, 0.08),
            seen("RReLU: accuracy", 0.53, 0.70),
            seen("PReLU: accuracy", 0.95, 0.98),
            seen("ELU: accuracy", 0.94, 0.96),
            seen("ReLU + batch norm: accuracy", 0.97, 0.98),
        ),
        run=_dying,
        seeds=6,
    ),
    Experiment(
        name="L05",
        title="SELU carries fifty layers",
        statement="At fifty layers SELU with LeCun's initialisation learns best; tanh with LeCun's comes next, SELU or "
        "ReLU with He's far behind.",
        source="Klambauer et al. 2017; measured with plain torch",
        setup="50 × 100, SGD .001, momentum .9, batch 64, 15 epochs; median over seeds. " + _DIGITS,
        expected=(
            seen("SELU + LeCun", 0.91, 0.96),
            seen("SELU + He", 0.08, 0.60),
            seen("ReLU + He", 0.28, 0.55),
            seen("tanh + LeCun", 0.83, 0.88),
        ),
        run=_fifty_layers,
        seeds=6,
    ),
    Experiment(
        name="L08",
        title="The trouble returns",
        statement="Twelve ELU layers with He's initialisation start healthy, learn, and then saturate and fall back to "
        "chance; batch norm, layer norm, clipping by norm, or a quarter of the rate each cure it.",
        source="measured with plain torch",
        setup="12 × 64 ELU, He, SGD .03, momentum .9, batch 32, 15 epochs. Saturation: share of z < ln .05. "
        + _DIGITS,
        expected=(
            near("r at the start", 2.7, within=1.0),
            near("saturation at the start", 0.05, within=0.03),
            seen("highest accuracy", 0.60, 0.94),
            between("accuracy at the end", 0.09, 0.11, within=SEEN_MARGIN),
            at_least("saturation at the end", 0.5, over="median"),
            seen("with batch norm", 0.96, 0.98),
            *(
                at_least(cure, 0.9)
                for cure in ("with layer norm", "clipped by norm at 1", "a quarter of the rate")
            ),
        ),
        run=_trouble_returns,
        seeds=6,
    ),
)
