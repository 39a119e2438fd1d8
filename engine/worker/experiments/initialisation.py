"""Initialisation: what Glorot, He, Poole and Schoenholz say of it, and experiments L02 and L03."""

from torch import Tensor
from torch.nn import functional

from engine.layers import INITIALIZERS
from engine.parameters import Value

from .experiment import Expected, Experiment, Measurements, at_least, at_most, between, near, seen
from .modules import back_and_forth, build, noise, ratios
from .networks import BATCH_NORM, RELU, TANH, Layer, classifier, head, hidden, sgd
from .running import gradient_ratio, train

_GLOROT_RATIOS = {
    "torch_default": (0.222, 0.295, 0.320, 0.329),
    "glorot_uniform": (0.464, 0.637, 0.727, 0.782),
}


def _place(initializer: str, number: int) -> str:
    title = INITIALIZERS[initializer].title
    return f"{title}: G{number} / G{number + 1}"


def _glorot(seed: int) -> Measurements:
    found: dict[str, float] = {}
    for initializer in _GLOROT_RATIOS:
        built = build([*hidden(5, 1000, TANH, initializer), head()], 1000, 10, seed)
        squares = back_and_forth(built, noise(seed, 256, 1000), seed).squared_gradients("Linear")
        for number, ratio in enumerate(ratios(squares[:5]), 1):
            found[_place(initializer, number)] = ratio
    return found


_XAVIER, _HE = "glorot_normal", "he_normal"
_FINITE_WIDTH = 4.0
"""e^(½ · 1.2 · 2 √(28 · 5 / 100)): the theory's band on ‖g‖ for 28 ReLU layers of 100 units (κ = 5)."""


def _around(name: str, value: float) -> Expected:
    return Expected(
        name=name,
        stated=f"{value:.3g}, within a factor {_FINITE_WIDTH:.3g} (28 layers of 100 units)",
        low=value / _FINITE_WIDTH,
        high=value * _FINITE_WIDTH,
    )


def _deep(epochs: int) -> dict[str, Value]:
    return sgd(0.002, momentum=0.9, batch=64, epochs=epochs)


def _he(seed: int) -> Measurements:
    found: dict[str, float] = {}
    for title, initializer in (("Xavier", _XAVIER), ("He", _HE)):
        graph = classifier(hidden(30, 100, RELU, initializer), _deep(25))
        found[f"{title}: gradient ratio"] = gradient_ratio(graph, seed)
        found[f"{title}: accuracy"] = train(graph, seed).accuracy
    return found


def _he_or_xavier(seed: int) -> Measurements:
    found: dict[str, float] = {}
    for title, initializer in (("Xavier", _XAVIER), ("He", _HE)):
        graph = classifier(hidden(30, 100, RELU, initializer), _deep(30))
        found[f"{title}: r"] = gradient_ratio(graph, seed)
        found[f"{title}: accuracy"] = train(graph, seed).accuracy
    adam: dict[str, Value] = {**_deep(30), "optimizer": "Adam", "learning_rate": 1e-3}
    graph = classifier(hidden(30, 100, RELU, _XAVIER), adam)
    found["Xavier with Adam: accuracy"] = train(graph, seed).accuracy
    return found


def _defaults(seed: int) -> Measurements:
    training = sgd(0.01, momentum=0.9, batch=64, epochs=15)
    arms: dict[str, list[Layer]] = {
        "torch's default": hidden(10, 64, RELU, "torch_default"),
        "Glorot": hidden(10, 64, RELU, _XAVIER),
        "He": hidden(10, 64, RELU, _HE),
        "LSUV": hidden(10, 64, RELU, "lsuv"),
        "torch's default + batch norm": hidden(10, 64, RELU, "torch_default", norm=BATCH_NORM),
    }
    return {
        name: train(classifier(layers, training), seed).accuracy for name, layers in arms.items()
    }


_WIDTH, _DEPTH, _SETTLED = 600, 30, 10
"""Layers from the `_SETTLED`-th on are at the fixed point."""
_BIAS_VARIANCE = 0.05
_PHASES = {1.0: (0.194, 0.759), 2.5: (1.064, 1.134), 4.0: (2.196, 1.342)}
_CRITICAL = 1.761


def _order_to_chaos(seed: int) -> Measurements:
    found: dict[str, float] = {}
    for variance in (*_PHASES, _CRITICAL):
        q, chi, cosine = _phase(variance, seed)
        found[f"σw² = {variance:g}: q*"] = q
        found[f"σw² = {variance:g}: χ₁"] = chi
        found[f"σw² = {variance:g}: cosine of two inputs"] = cosine
    return found


def _phase(weight_variance: float, seed: int) -> tuple[float, float, float]:
    """q* and χ₁ over the settled layers of a tanh network, and the last cosine of two unlike inputs."""
    drawn: dict[str, Value] = {
        "init_std": (weight_variance / _WIDTH) ** 0.5,
        "bias_initializer": "normal",
        "bias_std": _BIAS_VARIANCE**0.5,
    }
    layers = [*hidden(_DEPTH, _WIDTH, TANH, "normal", settings=drawn), head()]
    built = build(layers, _WIDTH, 10, seed)
    record = back_and_forth(built, noise(seed, 64, _WIDTH), seed)
    settled = slice(_SETTLED, _DEPTH)
    outputs = [z.detach() for z in record.outputs["Linear"][settled]]
    q = sum(float((z.double() ** 2).mean()) for z in outputs) / len(outputs)
    squares = record.squared_gradients("Linear")[settled]
    chi = (squares[0] / squares[-1]) ** (1 / (len(squares) - 1))
    return q, chi, _cosine(outputs[-1])


def _cosine(z: Tensor) -> float:
    first, second = z[: len(z) // 2], z[len(z) // 2 :]
    return float(functional.cosine_similarity(first, second).mean())


_DIGITS = "Digits 8 × 8 (1,437 train, 360 judge), standardised, zero biases, head N(0, 1/n)."

EXPERIMENTS: tuple[Experiment, ...] = (
    Experiment(
        name="glorot2010",
        title="The old initialisation loses the gradient layer by layer",
        statement="In a tanh network of 5 × 1000, torch's default (the initialisation that Glorot criticised) keeps "
        "less than a third of the squared gradient at each layer; Glorot's own keeps most of it.",
        source="Glorot & Bengio 2010, sections 4.2–4.3",
        setup="G = ‖∂L/∂z‖² in each layer; 256 normal inputs of variance 1, a random ∂L/∂output; mean over seeds.",
        expected=tuple(
            near(_place(initializer, number), ratio, share=0.03, over="mean")
            for initializer, row in _GLOROT_RATIOS.items()
            for number, ratio in enumerate(row, 1)
        ),
        run=_glorot,
        seeds=6,
    ),
    Experiment(
        name="he2015",
        title="He's initialisation lets a 30-layer ReLU network learn",
        statement="With Xavier's initialisation each ReLU layer halves the squared gradient: 2⁻¹⁴ of the gradient is "
        "left after 28 layers, and the network learns nothing; with He's the ratio is 1 and it learns.",
        source="He et al. 2015, section 2.2 and figure 3",
        setup="30 × 100 ReLU, SGD .002, momentum .9, batch 64, 25 epochs. " + _DIGITS,
        expected=(
            _around("Xavier: gradient ratio", 2.0**-14),
            _around("He: gradient ratio", 1.0),
            at_most("Xavier: accuracy", 0.25),
            at_least("He: accuracy", 0.85),
        ),
        run=_he,
        seeds=2,
    ),
    Experiment(
        name="poole2016",
        title="Order, chaos, and the line between them",
        statement="A deep tanh network with σb² = .05 is critical at σw² = 1.761: below it gradients vanish and two "
        "inputs become one, above it gradients explode and two inputs stay apart.",
        source="Poole et al. 2016, figure 1; Schoenholz et al. 2017, section 3",
        setup="30 × 600 tanh; q* and χ₁ over layers 11–30; 64 normal inputs; mean over seeds.",
        expected=(
            *(
                near(f"σw² = {variance:g}: {sign}", value, share=0.03, over="mean")
                for variance, row in _PHASES.items()
                for sign, value in zip(("q*", "χ₁"), row, strict=True)
            ),
            near(f"σw² = {_CRITICAL:g}: χ₁", 1.0, share=0.03, over="mean"),
            at_least("σw² = 1: cosine of two inputs", 0.99),
            at_most("σw² = 4: cosine of two inputs", 0.9),
        ),
        run=_order_to_chaos,
        seeds=6,
    ),
    Experiment(
        name="L02",
        title="He against Xavier, 30 layers deep",
        statement="30 layers of ReLU learn with He's initialisation and not with Xavier's; Adam partly hides "
        "the trouble.",
        source="He et al. 2015; measured with plain torch",
        setup="30 × 100 ReLU, SGD .002, momentum .9, batch 64, 30 epochs; Adam .001. " + _DIGITS,
        expected=(
            between("Xavier: r", 1.2e-5, 2e-4),
            between("He: r", 0.2, 3.2),
            seen("Xavier: accuracy", 0.07, 0.13),
            seen("He: accuracy", 0.91, 0.96),
            seen("Xavier with Adam: accuracy", 0.62, 0.95),
        ),
        run=_he_or_xavier,
        seeds=6,
    ),
    Experiment(
        name="L03",
        title="torch's default initialisation fails at ten layers",
        statement="10 × 64 ReLU with SGD stays at chance under torch's default for Linear; Glorot's, He's or "
        "LSUV's initialisation, or batch norm, cures it.",
        source="measured with plain torch",
        setup="10 × 64 ReLU, SGD .01, momentum .9, batch 64, 15 epochs. " + _DIGITS,
        expected=(
            seen("torch's default", 0.07, 0.08),
            seen("Glorot", 0.92, 0.97),
            seen("He", 0.94, 0.96),
            seen("LSUV", 0.96, 0.98),
            seen("torch's default + batch norm", 0.96, 0.98),
        ),
        run=_defaults,
        seeds=6,
    ),
)
