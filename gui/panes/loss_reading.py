"""What the loss pane draws, says and saves, computed from the history alone. No Qt."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.language import tr, trn
from engine.training import RunHistory
from gui.training.reading import share_text

Floats = NDArray[np.float64]
Series = tuple[Floats, Floats]
COLUMNS = (
    "train_loss",
    "validation_loss",
    "train_accuracy",
    "validation_accuracy",
    "learning_rate",
    "seconds",
)
_ENVELOPE = 300


def envelope(places: Floats, values: Floats) -> Series:
    """The lowest and the highest value of each of `_ENVELOPE` groups of neighbours; few values stay as they are."""
    count = values.size // _ENVELOPE
    if count < 3:
        return places, values
    whole = count * _ENVELOPE
    groups = values[:whole].reshape(_ENVELOPE, count)
    ends = np.column_stack((groups.min(axis=1), groups.max(axis=1))).ravel()
    starts = np.repeat(places[:whole:count], 2)
    return np.append(starts, places[whole:]), np.append(ends, values[whole:])


def step_places(history: RunHistory, steps: Floats) -> Floats:
    """Where steps, counted from 0, lie on an axis of epochs: each at its end."""
    return history.started.first_epoch + (steps + 1.0) / history.started.steps_per_epoch


def step_losses(history: RunHistory) -> Series:
    """The loss of every step; of a long run the lowest and the highest of neighbours, one after the other."""
    starts, low, high = history.step_envelope("loss")
    if starts.size < 2 or starts[1] == 1.0:
        return step_places(history, starts), low
    middle = step_places(history, starts + (history.step_events().steps - 1) / 2.0)
    return np.repeat(middle, 2), np.column_stack((low, high)).ravel()


def sparse(places: Floats, most: int) -> Floats:
    """Ascending places, of which those that lie too close to the one before are left out; at most about `most`."""
    if places.size <= most:
        return places
    cells = np.floor((places - places[0]) / (places[-1] - places[0]) * most)
    first: Floats = places[np.flatnonzero(np.diff(cells, prepend=-1.0))]
    return first


def known(history: RunHistory, name: str) -> bool:
    """Whether a quantity is measured in this run: a regression has no accuracy, a run without validation none of it."""
    return getattr(history.epochs[0], name) is not None


def loss_caption(history: RunHistory, epoch: int | None = None, pinned: int | None = None) -> str:
    """One sentence about loss and accuracy at a place in the history, or the newest, and since the pinned one."""
    last = len(history.epochs) - 1
    place = last if epoch is None else min(epoch, last)
    number = history.started.first_epoch + place
    start = tr("Epoch {epoch}").format(epoch=number) if number else tr("Before training")
    loss = float(history.series("train_loss")[place])
    if not math.isfinite(loss):
        return tr("{start}: the loss is no longer a finite number").format(start=start)
    words = tr("{start}: training loss {loss:.3g}").format(start=start, loss=loss)
    if known(history, "validation_loss"):
        words += tr(", validation loss {loss:.3g}").format(
            loss=history.series("validation_loss")[place]
        )
    return words + _accuracy(history, place) + _compared(history, place, pinned) + _steps(history)


def _accuracy(history: RunHistory, place: int) -> str:
    accuracies = history.series("validation_accuracy")
    if math.isnan(accuracies[place]):
        return ""
    best = int(np.nanargmax(accuracies))
    return tr("; validation accuracy {now:.1%}, best {best:.1%} at epoch {epoch}").format(
        now=accuracies[place], best=accuracies[best], epoch=history.started.first_epoch + best
    )


def _compared(history: RunHistory, place: int, pinned: int | None) -> str:
    """How loss and accuracy changed between the pinned epoch and the one that is shown."""
    if pinned is None or pinned == place or pinned >= len(history.epochs):
        return ""
    then, now = min(pinned, place), max(pinned, place)
    changes = [
        _change(title, *history.series(name)[[then, now]].tolist(), is_accuracy=is_accuracy)
        for title, name, is_accuracy in _COMPARED
    ]
    said = ", ".join(change for change in changes if change)
    if not said:
        return ""
    words = (
        tr("; since epoch {epoch}: {changes}")
        if pinned < place
        else tr("; until epoch {epoch}: {changes}")
    )
    return words.format(epoch=history.started.first_epoch + pinned, changes=said)


_COMPARED = (
    (tr("training loss"), "train_loss", False),
    (tr("validation loss"), "validation_loss", False),
    (tr("validation accuracy"), "validation_accuracy", True),
)


def _change(title: str, then: float, now: float, *, is_accuracy: bool) -> str:
    if not (math.isfinite(then) and math.isfinite(now)):
        return ""
    if is_accuracy:
        return tr("{title} {points:+.1f} points").format(title=title, points=100 * (now - then))
    return f"{title} {then:.3g} → {now:.3g}"


def _steps(history: RunHistory) -> str:
    """How many steps were clipped, and how many were not finite."""
    events = history.step_events()
    total, clipped, broken = (
        int(n.sum()) for n in (events.steps, events.clipped, events.nonfinite)
    )
    words = (
        tr("; {share} of the steps were clipped").format(share=share_text(clipped / total))
        if clipped
        else ""
    )
    if broken:
        words += trn(
            "; {count:,} step was not finite", "; {count:,} steps were not finite", broken
        ).format(count=broken)
    return words


def clipped_near(history: RunHistory, epochs: float) -> float:
    """Share of the steps that were clipped where an axis of epochs has this place; NaN where there are none."""
    events = history.step_events()
    steps = (epochs - history.started.first_epoch) * history.started.steps_per_epoch
    group = int(np.searchsorted(events.places, steps, side="right")) - 1
    if not 0 <= group < events.places.size or steps > events.steps.sum():
        return math.nan
    return float(events.clipped[group] / events.steps[group])


def read_epoch(history: RunHistory, place: int) -> str:
    """The figures of an epoch in words."""
    value = {name: float(history.series(name)[place]) for name in COLUMNS}
    text = tr("epoch {epoch}: training loss {loss:.4g}").format(
        epoch=history.started.first_epoch + place, loss=value["train_loss"]
    )
    if known(history, "validation_loss"):
        text += tr(", validation loss {loss:.4g}").format(loss=value["validation_loss"])
    if known(history, "validation_accuracy"):
        text += tr(", accuracy {accuracy:.1%}").format(accuracy=value["validation_accuracy"])
    if place:
        text += tr(", learning rate {rate:.3g}, {seconds:.3g} s").format(
            rate=value["learning_rate"], seconds=value["seconds"]
        )
    return text


def loss_table(history: RunHistory) -> tuple[Sequence[str], Sequence[Sequence[Any]]]:
    """Header and a row for every epoch; a quantity that this run does not have is empty."""
    count, first = len(history.epochs), history.started.first_epoch
    columns = [
        history.series(name).tolist() if known(history, name) else [""] * count for name in COLUMNS
    ]
    return ("epoch", *COLUMNS), list(zip(range(first, first + count), *columns, strict=True))
