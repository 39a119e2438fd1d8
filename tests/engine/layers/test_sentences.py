"""Settings and shapes that do not fit get a sentence that says what to do."""

from typing import Any

import pytest

from engine.layers import CATALOGUE, Shape, ShapeError, Task

TASK = Task((2,), 3, ())
MISFITS: list[tuple[str, dict[str, Any], Shape, str]] = [
    ("Conv1d", {}, (7,), "Put Reshape before it"),
    ("Conv1d", {}, (3, 8, 8), "channels × length"),
    ("Conv1d", {"kernel_size": 9, "padding": 0}, (2, 8), "Make the kernel smaller"),
    ("MaxPool1d", {}, (7,), "Put Reshape before it"),
    ("MaxPool1d", {"padding": 2}, (1, 7), "Make the padding smaller"),
    ("ConvTranspose2d", {}, (7,), "Choose a data set of images"),
    ("ConvTranspose2d", {"output_padding": 2}, (1, 4, 4), "extra border of 2"),
    ("ConvTranspose2d", {"padding": 9}, (1, 4, 4), "cuts everything off"),
    ("AdaptiveAvgPool2d", {}, (7,), "Choose a data set of images"),
    ("GlobalAvgPool", {}, (7,), "Put it after a convolution"),
    ("InstanceNorm2d", {}, (7,), "Choose a data set of images"),
    ("InstanceNorm2d", {}, (4, 1, 1), "single number"),
    ("GroupNorm", {"num_groups": 5}, (64,), "a number of groups that divides 64"),
    ("GroupNorm", {"num_groups": 64}, (64,), "Choose fewer groups"),
    ("GroupNorm", {}, (), "single number"),
    ("RMSNorm", {}, (), "single number"),
    ("Softmax", {}, (), "single number"),
    ("Hardtanh", {"min_val": 1.0, "max_val": 1.0}, (3,), "Exchange them, or move one"),
    ("Reshape", {"shape": "8 × 7"}, (64,), "Choose sizes whose product is 64"),
    ("Reshape", {"shape": "-1, 7"}, (64,), "Choose sizes whose product is 64"),
    *(
        ("Reshape", {"shape": text}, (64,), "Write sizes such as")
        for text in ("", "a", "8 by 8", "0 64", "-2 32", "-1 -1", "8.0 8", "64 9999999999")
    ),
    *(
        ("Permute", {"order": text}, (3, 5), "for example 2, 1")
        for text in ("", "1", "1 1", "0 1", "2 3", "-1 1", "x", "1 2 3")
    ),
    ("Multiply", {}, (3,), "multiplies equal shapes"),
]


def _shapes(kind: str, shape: Shape) -> list[Shape]:
    return [shape, (4,)] if kind == "Multiply" else [shape]


@pytest.mark.parametrize(("kind", "params", "shape", "words"), MISFITS)
def test_misfit_is_said_in_a_sentence(
    kind: str, params: dict[str, Any], shape: Shape, words: str
) -> None:
    spec = CATALOGUE[kind]
    with pytest.raises(ShapeError) as error:
        spec.shape({**spec.defaults, **params}, _shapes(kind, shape), TASK)
    sentence = str(error.value)
    assert words in sentence
    assert ". " in sentence  # what is wrong, then what to do
    assert not sentence.endswith(".")


WEIGHTED = ["Linear", "Conv1d", "Conv2d", "ConvTranspose2d"]
ARRIVES: dict[str, Shape] = {"Linear": (8,), "Conv1d": (2, 8)}


@pytest.mark.parametrize("kind", WEIGHTED)
@pytest.mark.parametrize("normalisation", ["spectral", "weight"])
@pytest.mark.parametrize(
    "params",
    [
        {"initializer": "zeros"},
        {"initializer": "constant", "init_value": 0.0},
        {"initializer": "normal", "init_std": 0.0},
        {"initializer": "truncated_normal", "init_std": 0.0},
        {"initializer": "uniform", "init_bound": 0.0},
        {"initializer": "he_normal", "init_gain": 0.0},
    ],
)
def test_weight_of_zeros_cannot_be_normalised(
    kind: str, normalisation: str, params: dict[str, Any]
) -> None:
    spec = CATALOGUE[kind]
    values = {**spec.defaults, **params}
    arrives = [ARRIVES.get(kind, (2, 8, 8))]
    spec.shape(values, arrives, TASK)
    with pytest.raises(ShapeError, match="starts at exactly zero"):
        spec.shape({**values, "normalise_weight": normalisation}, arrives, TASK)


@pytest.mark.parametrize("kind", WEIGHTED)
def test_lsuv_and_spectral_normalisation_exclude_each_other(kind: str) -> None:
    spec = CATALOGUE[kind]
    values = {**spec.defaults, "initializer": "lsuv"}
    arrives = [ARRIVES.get(kind, (2, 8, 8))]
    spec.shape({**values, "normalise_weight": "weight"}, arrives, TASK)
    with pytest.raises(ShapeError, match="Choose another initialiser"):
        spec.shape({**values, "normalise_weight": "spectral"}, arrives, TASK)


@pytest.mark.parametrize(
    ("text", "shape"),
    [
        ("1 × −1", (1, 64)),
        ("8x8", (8, 8)),
        ("(4, 4, 4)", (4, 4, 4)),
        (" 2 ; 32 ", (2, 32)),
        ("[-1]", (64,)),
    ],
)
def test_shape_may_be_written_in_several_ways(text: str, shape: Shape) -> None:
    assert CATALOGUE["Reshape"].shape({"shape": text}, [(64,)], TASK) == shape
