"""Made-up pictures, and runs that have them; numbers from a seed, no network behind them."""

from dataclasses import replace
from typing import Any

import numpy as np
from msgspec.structs import replace as with_fields

from engine.stats import (
    Backdrop,
    CurvePicture,
    EpochStats,
    ImagePicture,
    Picture,
    SurfacePicture,
    UnitMaps,
)
from engine.training import RunHistory, RunStarted

SIDE, MAP = 8, 4


def plane_backdrop(classes: int = 2, **others: Any) -> Backdrop:
    """Forty points, standardised with the means 10 and −3 and the deviations 2 and 0.5; each fifth validates."""
    random = np.random.default_rng(0)
    inputs = random.normal(size=(40, 2)).astype(np.float32)
    targets = np.arange(40) % classes if classes else random.normal(size=40)
    backdrop = Backdrop(
        kind="plane",
        sentence="",
        inputs=inputs,
        targets=targets.astype(np.float64),
        validates=(np.arange(40) % 5 == 0).astype(np.uint8),
        limits=np.array([[-4.0, 4.0], [-2.0, 2.0]]),
        mean=np.array([10.0, -3.0]),
        deviation=np.array([2.0, 0.5]),
        input_names=("length", "width"),
        class_names=tuple(f"kind {i}" for i in range(classes)),
    )
    return replace(backdrop, **others)


def surface_picture(epoch: int, step: int = 0, classes: int = 2) -> Picture:
    """Layers 0 and 1 of a run with maps: five units of which three are shown, and two units."""
    random = np.random.default_rng(epoch * 100 + step)
    maps = random.normal(size=(5, MAP, MAP)).astype(np.float32)
    maps[1] = 0.0
    maps[2, 0, 0] = np.nan
    surface = SurfacePicture(
        random.integers(0, max(1, classes), (SIDE, SIDE)).astype(np.uint16),
        random.uniform(0.5, 1.0, (SIDE, SIDE)).astype(np.float32),
        UnitMaps.of([0, 1], [5, 2], [2, 0], [maps[:3], maps[3:]]),
    )
    return Picture(epoch, step, 0.001, surface=surface)


def line_backdrop() -> Backdrop:
    """Thirty points of a parabola over one input with the mean 5 and the deviation 2."""
    inputs = np.linspace(-1, 1, 30, dtype=np.float32)[:, None]
    return Backdrop(
        kind="line",
        sentence="",
        inputs=inputs,
        targets=(inputs[:, 0] ** 2).astype(np.float64),
        validates=(np.arange(30) % 3 == 0).astype(np.uint8),
        limits=np.array([[-1.2, 1.2]]),
        mean=np.array([5.0]),
        deviation=np.array([2.0]),
        input_names=("time",),
    )


def curve_picture(epoch: int) -> Picture:
    """A straight line that rises with the epoch."""
    values = np.linspace(0, epoch, 256).astype(np.float32)
    return Picture(epoch, 0, 0.001, curve=CurvePicture(values))


def image_backdrop() -> Backdrop:
    """Three images of 4 × 5 pixels, of three classes."""
    images = np.random.default_rng(3).uniform(size=(3, 1, 4, 5)).astype(np.float32)
    return Backdrop(
        kind="images",
        sentence="",
        inputs=images,
        targets=np.array([0.0, 1.0, 2.0]),
        validates=np.ones(3, np.uint8),
        limits=np.empty((0, 2)),
        mean=np.zeros((1, 4, 5)),
        deviation=np.ones((1, 4, 5)),
        class_names=("cat", "dog", "owl"),
    )


def image_picture(epoch: int, row: int = 0) -> Picture:
    """Two of seven filters of 3 × 3; the dog is taken for an owl."""
    random = np.random.default_rng(epoch)
    filters = random.normal(size=(2, 3, 3)).astype(np.float16)
    saliency = random.uniform(size=(3, 4, 5)).astype(np.float32)
    winners, scores = np.array([0, 2, 2]), np.array([0.9, 0.6, 0.8], np.float32)
    images = ImagePicture(row, 7, filters, saliency, winners, scores)
    return Picture(epoch, 0, 0.001, images=images)


def pictured_run(
    started: RunStarted,
    backdrop: Backdrop | None,
    epochs: list[EpochStats],
    pictures: list[Picture],
) -> RunHistory:
    """A run whose epochs bring the pictures of their number."""
    history = RunHistory(with_fields(started, backdrop=backdrop))
    own = {picture.epoch: picture for picture in pictures}
    for stats in epochs:
        history.add_epoch(replace(stats, picture=own.get(stats.epoch)))
    return history
