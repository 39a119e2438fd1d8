"""What a layer kind is: one `LayerSpec`, from which everything else about the kind is derived."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.language import tr
from engine.parameters import Parameter, Value, Values, defaults

from .common import TRAINED_PARAMETERS

Shape = tuple[int, ...]
"""The size of one sample, without the batch dimension."""
Shapes = Sequence[Shape]
Array = NDArray[np.float64]


class ShapeError(Exception):
    """What arrives does not fit; the message says what was expected, what came, and what to do."""


class Task(NamedTuple):
    """What the data set asks of a network, as far as the shapes of layers depend on it."""

    input_shape: Shape
    classes: int
    """Number of classes; 0 for a regression."""
    target_shape: Shape
    """Shape of one target of a regression; of the class numbers of one sample: () for one, (T,) for one a step."""
    tokens: int = 0
    """Size of the vocabulary when the inputs are tokens; 0 when they are numbers."""


class Ports(NamedTuple):
    """How many wires a layer takes in."""

    minimum: int
    maximum: int


NO_INPUT = Ports(0, 0)
ONE_INPUT = Ports(1, 1)
MANY_INPUTS = Ports(2, 64)

MeanField = Literal[
    "weights",
    "function",
    "batch_norm",
    "layer_norm",
    "dropout",
    "add",
    "identity",
    "mean_pool",
    "rms_norm",
    "scale",
    "recurrent",
    "unknown",
]
"""How the mean-field theory carries variance through a layer: by its weights' variance and fan, by the Gaussian
averages of its function, or by a rule of its own; "identity" only moves numbers about."""

CATEGORY_TITLES: Mapping[str, str] = {
    "Ends": tr("Ends"),
    "Weights": tr("Weights"),
    "Activations": tr("Activations"),
    "Normalisation": tr("Normalisation"),
    "Pooling and shape": tr("Pooling and shape"),
    "Regularisation": tr("Regularisation"),
    "Merging": tr("Merging"),
    "Sequences": tr("Sequences"),
}
CATEGORIES: tuple[str, ...] = tuple(CATEGORY_TITLES)
"""The palette's groups, in its order."""


def same_shape(_values: Values, shapes: Shapes, _task: Task) -> Shape:
    """The shape rule of layers that act on each number alone."""
    return shapes[0]


def no_arguments(_values: Values, _shapes: Shapes) -> dict[str, Any]:
    """The keyword arguments of a torch module that takes none."""
    return {}


def no_tensors(_values: Values, _shapes: Shapes) -> dict[str, Shape]:
    """The trained tensors of a layer that has none."""
    return {}


@dataclass(frozen=True, kw_only=True, slots=True)
class LayerSpec:
    """One layer kind, declared once.

    `shape` maps settings, the shapes that arrive and the task to the shape that leaves, or raises
    `ShapeError`. `module` is the dotted name of the torch module that the layer becomes ("" for the two
    ends of a network) and `arguments` gives its keyword arguments. `tensors` names the trained tensors
    with their shapes; "weight" is the one that an initialiser draws. `function` and `derivative` are set
    for element-wise activations only: float64.
    `mean_field` names the rule by which the theory predicts variance through the layer.
    """

    kind: str
    title: str
    category: str
    summary: str
    formula: str
    details: str = ""
    """A short text for the help panel: what the layer does to the gradient, and the source."""
    parameters: tuple[Parameter, ...] = ()
    inputs: Ports = ONE_INPUT
    has_output: bool = True
    shape: Callable[[Values, Shapes, Task], Shape] = same_shape
    module: str = ""
    arguments: Callable[[Values, Shapes], dict[str, Any]] = no_arguments
    tensors: Callable[[Values, Shapes], dict[str, Shape]] = no_tensors
    initialised: bool = False
    """Whether the weight's initialiser is chosen by the person (settings `initializer`, `init_…`)."""
    transposed: bool = False
    """Whether torch keeps the weight as (in, out, kernel …) and not as (out, in, kernel …)."""
    function: Callable[[Array, Values], Array] | None = None
    derivative: Callable[[Array, Values], Array] | None = None
    mean_field: MeanField = "unknown"
    healthy: Callable[[Values], tuple[float, float]] | None = None
    """The pre-activations outside which the slope has all but gone; None for what does not saturate."""
    channels: Literal["first", "last", "kept"] = "kept"
    """Which dimension of (a, b) tells the units apart: a after a convolution, b in a sequence; or as it arrived."""
    can_die: bool = False
    """Whether a unit can give 0 for every sample, and so get no gradient ever after."""

    def __post_init__(self) -> None:
        """Give layers that have trained tensors the settings that all of those have, after their own."""
        if self.tensors is not no_tensors and TRAINED_PARAMETERS[0] not in self.parameters:
            object.__setattr__(self, "parameters", (*self.parameters, *TRAINED_PARAMETERS))

    @property
    def defaults(self) -> dict[str, Value]:
        """The settings of a new layer of this kind."""
        return defaults(self.parameters)

    def parameter_count(self, values: Values, shapes: Shapes) -> int:
        """How many numbers the layer trains."""
        return sum(product(shape) for shape in self.tensors(values, shapes).values())


def product(shape: Shape) -> int:
    """Numbers in a tensor of this shape; whole-number arithmetic, so that it cannot overflow."""
    total = 1
    for size in shape:
        total *= size
    return total


def show(shape: Shape) -> str:
    """A shape for people: `64`, or `1 × 8 × 8`."""
    return " × ".join(str(size) for size in shape) if shape else tr("a single number")


def by_kind(*groups: Sequence[LayerSpec]) -> Mapping[str, LayerSpec]:
    """Index specs by kind; a kind declared twice is a mistake of ours."""
    table: dict[str, LayerSpec] = {}
    for spec in (spec for group in groups for spec in group):
        if spec.kind in table:
            raise ValueError(f"layer kind {spec.kind} is declared twice")
        table[spec.kind] = spec
    return table
