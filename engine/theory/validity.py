"""Where the mean-field prediction holds, and the sentence that says why not."""

from collections.abc import Mapping, Sequence

from engine.language import tr

from . import weights
from .moments import Layer
from .recurrent import recurrent_problem
from .rules import RULES

NARROW = 0.5
"""Σ 1/n from a layer to the last beyond which a single network tells little about the average."""

SCATTER = 4.0
"""Variance of ln G between networks beyond which their average tells little of any of them."""
WIDE = 3
"""A mean over more places in a row rests on an estimate of their correlation."""

LINEAR = frozenset(("weights", "add", "identity", "dropout", "mean_pool", "scale"))
"""Rules by which a gradient passes back whatever the variance is."""

ASSUMPTIONS = tr(
    "The prediction is for untrained networks, on average over their random "
    "weights. Training changes the weights, and the prediction then no longer "
    "holds."
)
TIED = tr(
    "A recurrent layer uses the same weights at every step: √χ is the factor of "
    "a single step on average, and over many steps the rate is the spectral "
    "radius of the recurrent matrix."
)

Blame = tuple[str, bool]
"""A sentence, and whether there are no figures at all (else they hold on average only)."""


def blame_of(layer: Layer) -> Blame | None:
    """What is wrong with the theory at one layer."""
    if layer.spec.mean_field not in RULES:
        return tr("the theory does not cover {label} ({title})").format(
            label=layer.label, title=layer.spec.title
        ), True
    if layer.spec.mean_field == "recurrent":
        found = recurrent_problem(layer)
    elif layer.spec.initialised:
        found = _drawing_problem(layer)
    else:
        found = None
    if found is None:
        return None
    problem, wholly = found
    verb = tr("does not cover") if wholly else tr("covers only on average")
    return tr("the theory {verb} {label}: {problem}").format(
        verb=verb, label=layer.label, problem=problem
    ), wholly


def _shape_of_input(layer: Layer, rules: Mapping[str, str]) -> Blame | None:
    """A function's averages are those of a Gaussian, which only sums of many terms are."""
    before = {rules.get(source, "data") for source in layer.sources}
    if layer.spec.mean_field != "function" or not before & {"function", "dropout", "data"}:
        return None
    return (
        tr(
            "the theory covers only roughly {label}: what arrives is no sum of many "
            "terms and not Gaussian"
        ).format(label=layer.label),
        False,
    )


def _estimate(layer: Layer) -> Blame | None:
    """What is only estimated of the variance that leaves a layer."""
    wide = layer.spec.mean_field == "mean_pool" and _window(layer) > WIDE
    if not wide:
        return None
    sentence = tr(
        "the theory covers only roughly the variance behind {label}: how alike "
        "distant places of its window are is estimated from neighbours"
    ).format(label=layer.label)
    return sentence, False


def _window(layer: Layer) -> int:
    """Places in a row of the window of a mean."""
    places = zip(layer.shapes[0][1:], layer.shape[1:] or (1,) * len(layer.shapes[0]), strict=False)
    return int(layer.values.get("kernel_size", max((-(-i // o) for i, o in places), default=1)))


def _drawing_problem(layer: Layer) -> Blame | None:
    problem = weights.draw_problem(layer.values)
    if problem is not None:
        return problem, True
    limit = weights.spectrum_problem(layer.values)
    return None if limit is None else (limit, False)


class Validity:
    """Spreads what is wrong at a layer to those whose variance or gradient depends on it."""

    def __init__(self, layers: Sequence[Layer]) -> None:
        rules = {layer.node_id: layer.spec.mean_field for layer in layers}
        own = {layer.node_id: blame_of(layer) or _shape_of_input(layer, rules) for layer in layers}
        self._own = own
        self.before: dict[str, Blame | None] = {}
        """Blame for the variance that leaves a layer."""
        self.after: dict[str, Blame | None] = {}
        """Blame for the gradient that reaches a layer's output."""
        for layer in layers:
            sources = (self.before.get(source) for source in layer.sources)
            found = [own[layer.node_id], _estimate(layer), *sources]
            self.before[layer.node_id] = _worst(found)
        behind: dict[str, list[Blame | None]] = {layer.node_id: [] for layer in layers}
        for layer in reversed(layers):
            self.after[layer.node_id] = _worst(behind[layer.node_id])
            needed = _worst([self.after[layer.node_id], self.after_through(layer)])
            for source in set(layer.sources) & set(behind):
                behind[source].append(needed)

    def after_through(self, layer: Layer) -> Blame | None:
        """Blame for the layer's own factor of the gradient."""
        return _worst([self._own[layer.node_id], self._arriving(layer)])

    def _arriving(self, layer: Layer) -> Blame | None:
        """The gradient through a layer that is not linear depends on the variance that arrives at it."""
        if layer.spec.mean_field in LINEAR:
            return None
        return _worst([self.before.get(source) for source in layer.sources])

    def reason(self, node_id: str, narrowness: float, scatter: float) -> str:
        """Why a row does not apply; "" when it does."""
        blame = _worst([self.before[node_id], self.after[node_id]])
        if blame is not None:
            sentence = blame[0]
            return f"{sentence[0].upper()}{sentence[1:]}."
        if narrowness > NARROW:
            return tr(
                "Too narrow for its depth: Σ 1/width from here to the last layer is "
                "{narrowness:.2f}, above {narrow:g}, so that networks drawn alike differ "
                "widely."
            ).format(narrowness=narrowness, narrow=NARROW)
        if scatter > SCATTER:
            return tr(
                "So few units pass a gradient on that networks drawn alike differ widely: "
                "the variance of ln G between them is {scatter:.2g}."
            ).format(scatter=scatter)
        return ""


def _worst(blames: Sequence[Blame | None]) -> Blame | None:
    found = [blame for blame in blames if blame is not None]
    return next((blame for blame in found if blame[1]), found[0] if found else None)
