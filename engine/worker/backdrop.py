"""Which picture a run's data allow, and the points or images that it needs; numpy only."""

import numpy as np
from numpy.typing import NDArray

from engine.data import DataInfo, Split
from engine.language import tr
from engine.layers import show
from engine.stats import Backdrop
from engine.stats.picture import Kind

from .prepare import Prepared

MOST_POINTS = 1_000
MOST_IMAGES = 6
_MARGIN = 0.08
"""What a picture shows beyond the outermost points, as a share of their extent."""


def backdrop_of(prepared: Prepared) -> Backdrop:
    """The data behind the pictures of a run, or the sentence that says why there are none."""
    info, split = prepared.info, prepared.split
    sentence = _why_nothing(info)
    if sentence:
        return Backdrop.nothing(sentence)
    kind: Kind = "images" if len(info.input_shape) == 3 else "plane"
    if info.input_shape == (1,):
        kind = "line"
    inputs, targets, validates = _images(split) if kind == "images" else _points(split)
    mean, deviation = split.scaling or (np.zeros(info.input_shape), np.ones(info.input_shape))
    output = prepared.graph.nodes[prepared.inference.trained[-1]]
    return Backdrop(
        kind=kind,
        sentence="",
        inputs=inputs,
        targets=targets,
        validates=validates,
        limits=np.empty((0, 2)) if kind == "images" else _limits(inputs),
        mean=mean,
        deviation=deviation,
        input_names=info.input_names
        or tuple(tr("input {number}").format(number=i + 1) for i in range(inputs.shape[1])),
        class_names=info.class_names or tuple(map(str, range(info.classes))),
        score="output" if output.params["loss"] == "mse" else "probability",
    )


def _why_nothing(info: DataInfo) -> str:
    """Why the data have no picture; empty when they have one."""
    shape, names = info.input_shape, {"title": info.title, "shape": show(info.input_shape)}
    if info.tokens:
        return tr(
            "The inputs of “{title}” are words or letters, which have no place on an axis. A surface needs two "
            "numbers a sample, such as Two moons"
        ).format(**names)
    if len(shape) == 2:
        return tr(
            "The inputs of “{title}” are sequences of {shape} numbers, which no plane can hold. A surface needs two "
            "numbers a sample, such as Two moons"
        ).format(**names)
    if shape == (1,) and info.classes:
        return tr(
            "“{title}” has one input and classes: a curve is drawn of a regression only, and a surface needs two inputs"
        ).format(**names)
    if len(shape) == 3:
        images = tr("“{title}” has images without classes: which pixels matter is asked of a class")
        return "" if info.classes else images.format(**names)
    if shape in ((1,), (2,)):
        return ""
    return tr(
        "Each sample of “{title}” has {shape} numbers, and a surface has two axes. Choose data with two inputs, such "
        "as Two moons, or images, such as Digits"
    ).format(**names)


_Part = tuple[NDArray[np.float32], NDArray[np.float64], NDArray[np.uint8]]


def _points(split: Split) -> _Part:
    """Training and validation samples in their proportion, at most `MOST_POINTS`; each part is in a random order."""
    trained, kept_out = len(split.train_inputs), len(split.validation_inputs)
    share = min(1.0, MOST_POINTS / (trained + kept_out))
    some, others = int(trained * share), int(kept_out * share)
    return (
        np.concatenate((split.train_inputs[:some], split.validation_inputs[:others])),
        np.concatenate(
            (_first(split.train_targets[:some]), _first(split.validation_targets[:others]))
        ),
        np.repeat(np.array([0, 1], np.uint8), (some, others)),
    )


def _images(split: Split) -> _Part:
    """A validation sample of each of the first classes; training samples when none is kept out."""
    validates = len(split.validation_inputs) > 0
    inputs = split.validation_inputs if validates else split.train_inputs
    targets = split.validation_targets if validates else split.train_targets
    _, firsts = np.unique(targets, return_index=True)
    some = firsts[:MOST_IMAGES]
    flags = np.full(len(some), int(validates), np.uint8)
    return inputs[some], _first(targets[some]), flags


def _first(targets: NDArray[np.int64] | NDArray[np.float32]) -> NDArray[np.float64]:
    flat = targets.reshape(len(targets), -1) if len(targets) else np.empty((0, 1))
    return flat[:, 0].astype(np.float64)


def _limits(inputs: NDArray[np.float32]) -> NDArray[np.float64]:
    low, high = inputs.min(axis=0).astype(np.float64), inputs.max(axis=0).astype(np.float64)
    margin = np.where(high > low, (high - low) * _MARGIN, 1.0)
    return np.column_stack((low - margin, high + margin))
