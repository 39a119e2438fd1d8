"""What the pictures of a network say in words, computed from them alone. No Qt."""

import math

import numpy as np
from numpy.typing import NDArray

from engine.language import tr, trn
from engine.stats import Backdrop, ImagePicture, Picture, SurfacePicture
from engine.training import RunHistory
from gui.training.reading import share_text

NO_PICTURE = tr("This run was recorded without pictures of what the network has learned")


def shown_epoch(history: RunHistory, index: int | None) -> int:
    """The number of the epoch at a place in the history, or with None of the newest."""
    last = len(history.epochs) - 1
    return history.started.first_epoch + (last if index is None else min(index, last))


def shown_picture(history: RunHistory, index: int | None) -> Picture | None:
    """The newest picture that is not younger than the epoch at a place, or with None the newest of all."""
    return history.pictures.at(None if index is None else shown_epoch(history, index))


def when(picture: Picture) -> str:
    """`epoch 3`, `epoch 3, batch 7` or `before training`."""
    if picture.step:
        return tr("epoch {epoch}, batch {step}").format(epoch=picture.epoch + 1, step=picture.step)
    return (
        tr("epoch {epoch}").format(epoch=picture.epoch) if picture.epoch else tr("before training")
    )


def when_headline(picture: Picture, epoch: int) -> str:
    """Which moment the picture shows, and when there is none of the wanted epoch that it is older."""
    text = _capital(when(picture))
    return (
        tr("{moment} ({epoch} has no picture)").format(moment=text, epoch=epoch)
        if picture.epoch < epoch
        else text
    )


def confidence(scores: NDArray[np.float32], backdrop: Backdrop) -> NDArray[np.float32]:
    """How far a class stands out, from 0 (all classes alike) to 1."""
    even = 1.0 / max(2, len(backdrop.class_names)) if backdrop.score == "probability" else 0.0
    shares: NDArray[np.float32] = np.clip((scores - even) / (1.0 - even), 0.0, 1.0)
    return shares


def picture_row(surface: SurfacePicture, wanted: int | None) -> int | None:
    """The row whose units are shown: the wanted one, else the nearest before it; without a wish the last hidden."""
    rows = surface.units.rows
    if not rows.size:
        return None
    if wanted is None:
        return int(rows[max(0, rows.size - 2)])
    before = rows[rows <= wanted]
    return int(before[-1] if before.size else rows[0])


def units_title(surface: SurfacePicture, row: int, label: str) -> str:
    """`units 1–16 of 64 of ReLU 3`."""
    place = surface.units.place(row)
    assert place is not None
    shown, units = int(surface.units.shown[place]), int(surface.units.units[place])
    if shown == units:
        return (
            tr("{units} units of {label}").format(units=units, label=label)
            if units > 1
            else tr("the unit of {label}").format(label=label)
        )
    return tr("units 1–{shown} of {units} of {label}").format(shown=shown, units=units, label=label)


def picture_caption(history: RunHistory, picture: Picture, row: int | None, epoch: int) -> str:
    """One sentence about the picture, with its numbers; `row` is the layer whose units are shown.

    `epoch` is the one that was asked for.
    """
    backdrop = history.started.backdrop
    assert backdrop is not None
    start = _capital(when(picture))
    if picture.epoch < epoch:
        start += tr(", the newest picture up to epoch {epoch}").format(epoch=epoch)
    if picture.surface is not None:
        words = _surface_words(history, picture, picture.surface, backdrop)
        return f"{start}: {words}{_silent_words(history, picture.surface, row)}"
    if picture.images is not None:
        return f"{start}: {_image_words(history, picture.images, backdrop)}"
    return f"{start}: {_curve_words(history, picture, backdrop)}"


def _surface_words(
    history: RunHistory, picture: Picture, surface: SurfacePicture, backdrop: Backdrop
) -> str:
    if not np.isfinite(surface.scores).all():
        return tr("the network's answers are no longer finite numbers")
    if not backdrop.class_names:
        low, high = float(surface.scores.min()), float(surface.scores.max())
        return tr("over the picture the network's answer goes from {low:.3g} to {high:.3g}").format(
            low=low, high=high
        )
    counts = np.bincount(surface.winners.ravel(), minlength=len(backdrop.class_names))
    largest = int(counts.argmax())
    share = counts[largest] / counts.sum()
    name = backdrop.class_names[largest]
    words = tr("class {name} takes the largest part of the picture, {share}").format(
        name=name, share=share_text(float(share))
    )
    accuracy = _at(history, picture, "validation_accuracy")
    if not math.isnan(accuracy):
        words = tr("{accuracy:.1%} of the validation samples are right; {words}").format(
            accuracy=accuracy, words=words
        )
    return words


def _silent_words(history: RunHistory, surface: SurfacePicture, row: int | None) -> str:
    place = None if row is None else surface.units.place(row)
    if place is None or row is None:
        return ""
    silent, units = int(surface.units.silent[place]), int(surface.units.units[place])
    if not silent:
        return ""
    label = history.layers[row].label
    return tr("; {silent} of {units} units of {label} give zero everywhere in the picture").format(
        silent=silent, units=units, label=label
    )


def _curve_words(history: RunHistory, picture: Picture, backdrop: Backdrop) -> str:
    assert picture.curve is not None
    values = picture.curve.values
    if not np.isfinite(values).all():
        return tr("the curve is no longer made of finite numbers")
    targets = backdrop.targets
    words = tr(
        "the curve goes from {low:.2g} to {high:.2g}, the data from "
        "{data_low:.2g} to {data_high:.2g}"
    ).format(
        low=float(values.min()),
        high=float(values.max()),
        data_low=float(targets.min()),
        data_high=float(targets.max()),
    )
    loss = _at(history, picture, "validation_loss")
    return (
        words
        if math.isnan(loss)
        else tr("{words}; validation loss {loss:.3g}").format(words=words, loss=loss)
    )


def _image_words(history: RunHistory, images: ImagePicture, backdrop: Backdrop) -> str:
    count = len(images.winners)
    right = int((images.winners == backdrop.targets).sum())
    words = trn(
        "{right} of {count} images is recognised", "{right} of {count} images are recognised", right
    ).format(right=right, count=count)
    largest = float(images.saliency.max(initial=0.0))
    if not math.isfinite(largest):
        return tr("{words}; the gradient at the pixels is no longer finite").format(words=words)
    words += tr(
        "; a pixel moves its true class's output by at most {largest:.2g} times its own change"
    ).format(largest=largest)
    if images.filter_row < 0:
        words += tr(
            "; no Conv 2d, and no Linear behind Flatten, is the first to look at the pixels"
        )
    return words


def _at(history: RunHistory, picture: Picture, name: str) -> float:
    """A number of the picture's epoch; NaN when it was taken between two epochs, or there is none."""
    series = history.series(name)
    place = picture.epoch - history.started.first_epoch
    return float(series[place]) if not picture.step and 0 <= place < series.size else math.nan


def _capital(text: str) -> str:
    return text[0].upper() + text[1:]
