"""What the loss pane draws, says and saves, computed from the history alone. No Qt."""

import math
from collections.abc import Sequence
from gettext import gettext as tr
from typing import Any

import numpy as np
from numpy.typing import NDArray

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
    start = tr("Epoch {number}").format(number=number) if number else tr("Before training")
    loss = float(history.series("train_loss")[place])
    if not math.isfinite(loss):
        return tr("{start}: the loss is no longer a finite number").format(start=start)
    words = tr("{start}: training loss {loss:.3g}").format(start=start, loss=loss)
    if known(history, "validation_loss"):
        words += tr(", validation loss {series:.3g}").format(
            series=history.series("validation_loss")[place]
        )
    return words + _accuracy(history, place) + _compared(history, place, pinned) + _steps(history)


def _accuracy(history: RunHistory, place: int) -> str:
    accuracies = history.series("validation_accuracy")
    if math.isnan(accuracies[place]):
        return ""
    best = int(np.nanargmax(accuracies))
    words = tr("; validation accuracy {accuracies:.1%}, best {accuracies_2:.1%} at epoch ").format(
        accuracies=accuracies[place], accuracies_2=accuracies[best]
    )
    return words + str(history.started.first_epoch + best)


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
    word = "since" if pinned < place else "until"
    return (
        tr("; {word} epoch {first_epoch}: {said}").format(
            word=word, first_epoch=history.started.first_epoch + pinned, said=said
        )
        if said
        else ""
    )


_COMPARED = (
    (tr("training loss"), "train_loss", False),
    (tr("validation loss"), "validation_loss", False),
    (tr("validation accuracy"), "validation_accuracy", True),
)


def _change(title: str, then: float, now: float, *, is_accuracy: bool) -> str:
    if not (math.isfinite(then) and math.isfinite(now)):
        return ""
    if is_accuracy:
        return f"{title} {100 * (now - then):+.1f} points"
    return f"{title} {then:.3g} → {now:.3g}"


def _steps(history: RunHistory) -> str:
    """How many steps were clipped, and how many were not finite."""
    events = history.step_events()
    total, clipped, broken = (
        int(n.sum()) for n in (events.steps, events.clipped, events.nonfinite)
    )
    words = (
        tr("; {share_text} of the steps were clipped").format(
            share_text=share_text(clipped / total)
        )
        if clipped
        else ""
    )
    if broken:
        words += tr("; {broken:,} {value} not finite").format(
            broken=broken, value="step was" if broken == 1 else "steps were"
        )
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
    text = tr("epoch {first_epoch}: training loss {train_loss:.4g}").format(
        first_epoch=history.started.first_epoch + place, train_loss=value["train_loss"]
    )
    if known(history, "validation_loss"):
        text += tr(", validation loss {validation_loss:.4g}").format(
            validation_loss=value["validation_loss"]
        )
    if known(history, "validation_accuracy"):
        text += tr(", accuracy {validation_accuracy:.1%}").format(
            validation_accuracy=value["validation_accuracy"]
        )
    if place:
        text += tr(", learning rate {learning_rate:.3g}, {seconds:.3g} s").format(
            learning_rate=value["learning_rate"], seconds=value["seconds"]
        )
    return text


def loss_table(history: RunHistory) -> tuple[Sequence[str], Sequence[Sequence[Any]]]:
    """Header and a row for every epoch; a quantity that this run does not have is empty."""
    count, first = len(history.epochs), history.started.first_epoch
    columns = [
        history.series(name).tolist() if known(history, name) else [""] * count for name in COLUMNS
    ]
    return ("epoch", *COLUMNS), list(zip(range(first, first + count), *columns, strict=True))
