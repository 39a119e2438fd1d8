"""The layer catalogue. Adding a layer is one entry in one file of this package."""

from collections.abc import Mapping

from .activations import ACTIVATIONS
from .ends import ENDS, MERGING, expected_output
from .initializers import INITIALIZERS, Fans, Initializer, fans, outputs_first
from .normalisation import NORMALISATION, REGULARISATION
from .sequence import SEQUENCES
from .spatial import SPATIAL
from .spec import CATEGORIES, LayerSpec, Ports, Shape, ShapeError, Task, by_kind, product, show
from .spread import bias_mean_square, describe_weight, gain_of, weight_std
from .weights import WEIGHTS

CATALOGUE: Mapping[str, LayerSpec] = by_kind(
    ENDS, WEIGHTS, ACTIVATIONS, NORMALISATION, REGULARISATION, SPATIAL, MERGING, SEQUENCES
)
"""Every layer kind that the lab knows, by its kind."""

__all__ = [
    "CATALOGUE",
    "CATEGORIES",
    "INITIALIZERS",
    "Fans",
    "Initializer",
    "LayerSpec",
    "Ports",
    "Shape",
    "ShapeError",
    "Task",
    "bias_mean_square",
    "describe_weight",
    "expected_output",
    "fans",
    "gain_of",
    "outputs_first",
    "product",
    "show",
    "weight_std",
]
