"""The layer catalogue. Adding a layer is one entry in one file of this package."""

from collections.abc import Mapping

from .activations import ACTIVATIONS
from .densities import WeightDensity, weight_density
from .ends import ENDS, MERGING, expected_output
from .initializers import INITIALIZERS, Fans, Initializer, fans, outputs_first
from .normalisation import NORMALISATION, REGULARISATION
from .recurrent import describe_recurrent
from .sequence import SEQUENCES
from .spatial import SPATIAL
from .spec import (
    CATEGORIES,
    CATEGORY_TITLES,
    LayerSpec,
    Ports,
    Shape,
    ShapeError,
    Task,
    by_kind,
    product,
    show,
)
from .spread import describe_weight, gain_of, variance_in_numbers, weight_std
from .weights import WEIGHTS

CATALOGUE: Mapping[str, LayerSpec] = by_kind(
    ENDS, WEIGHTS, ACTIVATIONS, NORMALISATION, REGULARISATION, SPATIAL, MERGING, SEQUENCES
)
"""Every layer kind that the lab knows, by its kind."""

__all__ = [
    "CATALOGUE",
    "CATEGORIES",
    "CATEGORY_TITLES",
    "INITIALIZERS",
    "Fans",
    "Initializer",
    "LayerSpec",
    "Ports",
    "Shape",
    "ShapeError",
    "Task",
    "WeightDensity",
    "describe_recurrent",
    "describe_weight",
    "expected_output",
    "fans",
    "gain_of",
    "outputs_first",
    "product",
    "show",
    "variance_in_numbers",
    "weight_density",
    "weight_std",
]
