"""What is said of pictures: which one is shown, and the numbers in the sentence."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from engine.stats import Backdrop, EpochStats, Picture
from engine.training import RunHistory, RunStarted
from gui.panes.surface_reading import (
    confidence,
    picture_caption,
    picture_row,
    shown_picture,
    units_title,
    when,
    when_headline,
)
from tests.gui.panes.pictures import (
    curve_picture,
    image_backdrop,
    image_picture,
    line_backdrop,
    pictured_run,
    plane_backdrop,
    surface_picture,
)

Make = Callable[[Backdrop, list[Picture]], RunHistory]


@pytest.fixture
def run(started: Callable[[int], RunStarted], stats: Callable[..., EpochStats]) -> Make:
    """Makes a run of five layers and four epochs that has these pictures."""

    def make(backdrop: Backdrop, pictures: list[Picture]) -> RunHistory:
        return pictured_run(started(5), backdrop, [stats(e) for e in range(4)], pictures)

    return make


@pytest.mark.parametrize(("index", "epoch"), [(0, 0), (1, 0), (2, 2), (3, 2), (99, 2), (None, 2)])
def test_the_newest_picture_up_to_the_epoch_is_shown(
    run: Make, index: int | None, epoch: int
) -> None:
    pictures = [surface_picture(0), surface_picture(2)]
    found = shown_picture(run(plane_backdrop(), pictures), index)
    assert found is pictures[epoch // 2]


def test_the_moment_of_the_picture_is_said_honestly(run: Make) -> None:
    assert [when(surface_picture(*place)) for place in ((0, 0), (3, 0), (3, 7))] == [
        "before training",
        "epoch 3",
        "epoch 4, batch 7",
    ]
    old = surface_picture(2)
    assert when_headline(old, 2) == "Epoch 2"
    assert when_headline(old, 5) == "Epoch 2 (5 has no picture)"
    history = run(plane_backdrop(), [surface_picture(0), old])
    assert picture_caption(history, old, None, 3).startswith(
        "Epoch 2, the newest picture up to epoch 3: "
    )
    assert picture_caption(history, old, None, 2).startswith("Epoch 2: ")


def test_the_surfaces_sentence_has_its_numbers(run: Make) -> None:
    picture = surface_picture(3)
    history = run(plane_backdrop(), [surface_picture(0), picture])
    assert picture.surface is not None
    caption = picture_caption(history, picture, 0, 3)
    shares = np.bincount(picture.surface.winners.ravel()) / 64
    accuracy = history.epochs[3].validation_accuracy
    assert accuracy is not None
    assert f"{accuracy:.1%} of the validation samples are right" in caption
    assert f"class kind {shares.argmax()} takes the largest part" in caption
    assert f"{shares.max():.0%}" in caption
    assert caption.endswith("; 2 of 5 units of Linear 0 give zero everywhere in the picture")
    assert "give zero" not in picture_caption(history, picture, 1, 3)


def test_between_two_epochs_no_accuracy_is_claimed(run: Make) -> None:
    picture = surface_picture(3, step=2)
    history = run(plane_backdrop(), [surface_picture(0)])
    assert "validation" not in picture_caption(history, picture, None, 3)


def test_what_is_not_finite_is_said(run: Make) -> None:
    picture = surface_picture(1)
    assert picture.surface is not None
    scores = picture.surface.scores.copy()
    scores[3, 3] = np.nan
    broken = replace(picture, surface=replace(picture.surface, scores=scores))
    history = run(plane_backdrop(), [surface_picture(0)])
    assert "no longer finite numbers" in picture_caption(history, broken, None, 1)


def test_a_surface_of_numbers_says_how_far_it_goes(run: Make) -> None:
    picture = surface_picture(1, classes=0)
    assert picture.surface is not None
    caption = picture_caption(run(plane_backdrop(0), [surface_picture(0)]), picture, None, 1)
    low, high = picture.surface.scores.min(), picture.surface.scores.max()
    assert f"from {low:.3g} to {high:.3g}" in caption


def test_the_curves_sentence_has_its_numbers(run: Make) -> None:
    history = run(line_backdrop(), [curve_picture(0), curve_picture(2)])
    caption = picture_caption(history, curve_picture(2), None, 2)
    assert "the curve goes from 0 to 2, the data from 0.0012 to 1" in caption
    assert f"validation loss {history.epochs[2].validation_loss:.3g}" in caption


def test_the_images_sentence_has_its_numbers(run: Make) -> None:
    picture = image_picture(2)
    assert picture.images is not None
    history = run(image_backdrop(), [image_picture(0), picture])
    caption = picture_caption(history, picture, None, 2)
    assert "2 of 3 images are recognised" in caption
    assert f"at most {picture.images.saliency.max():.2g} times its own change" in caption
    assert "no Conv 2d" not in caption
    assert "no Conv 2d" in picture_caption(history, image_picture(2, row=-1), None, 2)


@pytest.mark.parametrize(
    ("wanted", "row"), [(None, 2), (0, 2), (2, 2), (3, 2), (4, 4), (5, 4), (99, 9)]
)
def test_the_units_are_the_chosen_layers_or_the_nearest_before(
    wanted: int | None, row: int
) -> None:
    surface = surface_picture(0).surface
    assert surface is not None
    units = replace(surface.units, rows=np.array([2, 4, 9][: len(surface.units.rows)]))
    three = replace(
        units,
        rows=np.array([2, 4, 9]),
        units=np.array([5, 2, 2]),
        silent=np.zeros(3, np.int64),
        shown=np.array([3, 2, 0]),
    )
    expected = 4 if wanted is None else row
    assert picture_row(replace(surface, units=three), wanted) == expected


def test_a_title_says_how_many_units_there_are() -> None:
    surface = surface_picture(0).surface
    assert surface is not None
    assert units_title(surface, 0, "ReLU 3") == "units 1–3 of 5 of ReLU 3"
    assert units_title(surface, 1, "ReLU 4") == "2 units of ReLU 4"


def test_confidence_begins_where_all_classes_are_alike() -> None:
    scores = np.array([0.25, 0.625, 1.0], np.float32)
    assert confidence(scores, plane_backdrop(4)).tolist() == [0.0, 0.5, 1.0]
    bare = plane_backdrop(4, score="output")
    np.testing.assert_allclose(
        confidence(np.array([-1.0, 0.5, 3.0], np.float32), bare), [0, 0.5, 1]
    )
