"""Made-up data: points in the plane that no straight line separates, and a noisy sine."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from engine.language import tr
from engine.parameters import FloatParameter, IntParameter, Parameter, Values

from .spec import SPLIT_PARAMETERS, DataInfo, DataSetSpec, Samples

if TYPE_CHECKING:  # numpy.random takes 25 ms to load, which the window need not wait for
    from numpy.random import Generator

_SOURCE = tr("Made by the lab from the settings and their seed")
_Points = tuple[NDArray[np.float64], NDArray[np.int64]]
_Maker = Callable[[Values, int, "Generator"], _Points]

_COUNT = IntParameter(
    name="samples",
    title=tr("Samples"),
    help=tr("How many points are made."),
    default=1_000,
    minimum=10,
    maximum=200_000,
)
_SEED = IntParameter(
    name="seed",
    title=tr("Data seed"),
    help=tr("Another number gives other points of the same kind."),
    default=0,
    maximum=2**31 - 1,
)


def _noise(default: float) -> FloatParameter:
    return FloatParameter(
        name="noise",
        title=tr("Noise σ"),
        help=tr("Standard deviation of the noise that is added to every coordinate."),
        default=default,
        maximum=10.0,
    )


def _moons(_values: Values, count: int, random: "Generator") -> _Points:
    labels = _alternate(count, 2)
    angle = np.pi * random.random(count)
    x = np.where(labels == 0, np.cos(angle), 1.0 - np.cos(angle))
    y = np.where(labels == 0, np.sin(angle), 0.5 - np.sin(angle))
    return np.column_stack((x, y)), labels


def _circles(values: Values, count: int, random: "Generator") -> _Points:
    labels = _alternate(count, 2)
    angle = 2.0 * np.pi * random.random(count)
    radius = np.where(labels == 0, 1.0, float(values["inner"]))
    return np.column_stack((radius * np.cos(angle), radius * np.sin(angle))), labels


def _spirals(values: Values, count: int, random: "Generator") -> _Points:
    labels = _alternate(count, 2)
    # the square root spreads the points evenly along the arm
    radius = np.sqrt(random.random(count))
    angle = 2.0 * np.pi * float(values["turns"]) * radius + np.pi * labels
    return np.column_stack((radius * np.cos(angle), radius * np.sin(angle))), labels


def _xor(_values: Values, count: int, random: "Generator") -> _Points:
    points = random.uniform(-1.0, 1.0, (count, 2))
    return points, (points[:, 0] * points[:, 1] < 0).astype(np.int64)


def _blobs(values: Values, count: int, random: "Generator") -> _Points:
    clusters = int(values["blobs"])
    labels = _alternate(count, clusters)
    angle = 2.0 * np.pi * labels / clusters
    return 2.0 * np.column_stack((np.cos(angle), np.sin(angle))), labels


def _alternate(count: int, classes: int) -> NDArray[np.int64]:
    return np.arange(count, dtype=np.int64) % classes


def _plane(
    kind: str,
    title: str,
    summary: str,
    make: _Maker,
    noise: float,
    extra: tuple[Parameter, ...] = (),
) -> DataSetSpec:
    def describe(values: Values, _folder: Path | None) -> DataInfo:
        classes = int(values.get("blobs", 2))
        return DataInfo(
            title=title,
            samples=int(values["samples"]),
            input_shape=(2,),
            classes=classes,
            class_names=tuple(str(label) for label in range(classes)),
            input_names=("x", "y"),
        )

    def load(values: Values, folder: Path | None) -> Samples:
        random = np.random.default_rng(int(values["seed"]))
        points, labels = make(values, int(values["samples"]), random)
        points = points + float(values["noise"]) * random.standard_normal(points.shape)
        return Samples(
            info=describe(values, folder), inputs=points.astype(np.float32), targets=labels
        )

    return DataSetSpec(
        kind=kind,
        title=title,
        summary=summary,
        source=_SOURCE,
        parameters=(_COUNT, _noise(noise), *extra, _SEED, *SPLIT_PARAMETERS),
        describe=describe,
        load=load,
    )


def _describe_sine(values: Values, _folder: Path | None) -> DataInfo:
    return DataInfo(
        title=tr("Noisy sine"),
        samples=int(values["samples"]),
        input_shape=(1,),
        target_shape=(1,),
        input_names=("x",),
    )


def _load_sine(values: Values, folder: Path | None) -> Samples:
    random = np.random.default_rng(int(values["seed"]))
    x = random.uniform(-np.pi, np.pi, (int(values["samples"]), 1))
    y = np.sin(float(values["periods"]) * x) + float(values["noise"]) * random.standard_normal(
        x.shape
    )
    return Samples(
        info=_describe_sine(values, folder),
        inputs=x.astype(np.float32),
        targets=y.astype(np.float32),
    )


GENERATED: tuple[DataSetSpec, ...] = (
    _plane(
        "moons", tr("Two moons"), tr("Two half circles that reach into each other."), _moons, 0.1
    ),
    _plane(
        "circles",
        tr("Circles"),
        tr("A ring around a ring."),
        _circles,
        0.08,
        (
            FloatParameter(
                name="inner",
                title=tr("Inner radius"),
                help=tr("Radius of the inner ring; the outer one has 1."),
                default=0.5,
                minimum=0.01,
                maximum=0.99,
            ),
        ),
    ),
    _plane(
        "spirals",
        tr("Two spirals"),
        tr("Two arms wound around each other: wants depth."),
        _spirals,
        0.02,
        (
            FloatParameter(
                name="turns",
                title=tr("Turns"),
                help=tr("How often each arm goes around."),
                default=1.5,
                minimum=0.1,
                maximum=6.0,
            ),
        ),
    ),
    _plane(
        "xor", "XOR", tr("Opposite quarters of a square: no single layer can do it."), _xor, 0.05
    ),
    _plane(
        "blobs",
        tr("Gaussian blobs"),
        tr("Clouds around points of a circle: easy, for first steps."),
        _blobs,
        0.4,
        (
            IntParameter(
                name="blobs",
                title=tr("Blobs"),
                help=tr("Number of clouds; each is a class."),
                default=3,
                minimum=2,
                maximum=20,
            ),
        ),
    ),
    DataSetSpec(
        kind="sine",
        title=tr("Noisy sine"),
        summary=tr("A curve to be followed: a regression."),
        source=_SOURCE,
        parameters=(
            _COUNT,
            _noise(0.1),
            FloatParameter(
                name="periods",
                title=tr("Periods"),
                help=tr("How often the curve goes up and down."),
                default=2.0,
                minimum=0.1,
                maximum=20.0,
            ),
            _SEED,
            *SPLIT_PARAMETERS,
        ),
        describe=_describe_sine,
        load=_load_sine,
    ),
)
