"""Clipping in numbers and words, against a step by step account."""

import math
from collections.abc import Sequence

import numpy as np
import pytest

from engine.stats import EpochStats, LayerTable, StepStats
from engine.training import TRAINING_DEFAULTS, LayerInfo, Progress, RunHistory, RunStarted
from gui.training.clip_reading import (
    EpochClipping,
    StepGroups,
    angles,
    clip_caption,
    decade_ticks,
    epoch_clipping,
    group_places,
    group_text,
    logarithms,
    rounded,
    step_groups,
    threshold_words,
    verdict,
)

LAYER = LayerInfo("linear_1", "Linear", "Linear 1", True)
STEPS = 4
Norms = Sequence[tuple[float, float, float]]
FIRST: Norms = ((5.0, 1.0, 1.0), (3.0, 1.0, 0.8), (0.5, 0.5, 1.0), (2.0, 1.0, 0.6))
SECOND: Norms = ((0.4, 0.4, 1.0), (8.0, 1.0, 0.5), (0.2, 0.2, 1.0), (0.0, 0.0, math.nan))


def _steps(norms: Norms) -> StepStats:
    before, after, cosines = zip(*norms, strict=True) if norms else ((), (), ())
    return StepStats.of(before, before, after, cosines)


def _history(*epochs: Norms, first: int = 0) -> RunHistory:
    history = RunHistory(
        RunStarted(1, (LAYER,), 9, STEPS, 16, 10, 64, 8, "Made up", first_epoch=first)
    )
    for number, norms in enumerate(((), *epochs), first):
        table = LayerTable.empty(1, 16)
        history.add_epoch(
            EpochStats(number, 1.0, None, None, None, 0.1, 0.1, 1.0, table, _steps(norms))
        )
    return history


def _found(history: RunHistory, epoch: int | None = None, threshold: float = 1.0) -> EpochClipping:
    return epoch_clipping(history, epoch, threshold, step_groups(history))


def _caption(history: RunHistory, epoch: int | None = None, **settings: str | float) -> str:
    training = {**TRAINING_DEFAULTS, **settings}
    found = _found(history, epoch, float(training["clip_threshold"]))
    return clip_caption(found, step_groups(history), training)


def test_angles_are_degrees() -> None:
    found = angles(np.array([1.0, 0.5, 0.0, 1.0 + 1e-9, math.nan]))
    np.testing.assert_allclose(found, [0.0, 60.0, 90.0, 0.0, math.nan])


def test_logarithms_leave_out_what_has_none() -> None:
    found = logarithms(np.array([100.0, 0.0, math.inf, math.nan, 1e-3]))
    np.testing.assert_allclose(found, [2.0, math.nan, math.nan, math.nan, -3.0])


def test_an_epoch_is_summed_up_over_its_own_steps() -> None:
    history = _history(FIRST, SECOND)
    found = _found(history, 1, 2.5)
    assert (found.epoch, found.steps, found.share, found.nonfinite) == (1, 4, 0.75, 0)
    assert (found.before, found.after) == (2.5, 1.0)
    assert found.angle == pytest.approx(math.degrees(math.acos(0.8)))
    assert found.would == 0.5
    newest = _found(history, None, 2.5)
    assert newest == _found(history, 2, 2.5)
    assert newest.share == 0.25
    assert newest.angle == pytest.approx(60.0)
    before = _found(history, 0, 2.5)
    assert (before.epoch, before.steps) == (0, 0)
    assert math.isnan(before.share)


def test_of_the_first_epoch_the_steps_up_to_now_are_summed_up() -> None:
    history = _history(first=2)
    history.add_progress(Progress(1, 3, 3, _steps(FIRST[:3]), False))
    found = _found(history)
    assert (found.epoch, found.steps, found.before, found.after) == (3, 3, 3.0, 1.0)
    assert found.share == pytest.approx(2 / 3)
    assert _found(history, 0).steps == 0
    assert _caption(history, clip_mode="value").startswith("Epoch 3: 67% of 3 steps were clipped")


def test_groups_are_all_steps_with_those_under_way() -> None:
    history = _history(FIRST)
    history.add_progress(Progress(1, 2, 2, _steps(((math.nan, 0.0, 1.0), SECOND[1])), False))
    groups = step_groups(history)
    norms = [*(norm for norm, _, _ in FIRST), math.nan, 8.0]
    assert (groups.total, int(groups.clipped.sum())) == (6, 4)
    assert groups.nonfinite.tolist() == [0, 0, 0, 0, 1, 0]
    np.testing.assert_array_equal(groups.before, [norms, norms])
    np.testing.assert_allclose(group_places(history, groups), np.arange(1, 7) / STEPS)
    assert groups.share == pytest.approx(4 / 6)


def test_groups_of_several_steps_are_read_as_spans() -> None:
    groups = StepGroups(
        np.array([0.0, 8.0]),
        np.array([8, 4]),
        np.array([[0.5, 0.2], [5.0, 0.2]]),
        np.array([[0.5, 0.2], [1.0, 0.2]]),
        np.array([[0.5, 1.0], [1.0, 1.0]]),
        np.array([3, 0]),
        np.array([1, 0]),
    )
    assert group_text(groups, 0, 7, 4) == (
        "epoch 8, 8 steps from step 1 on: norm 0.5 to 5; 1 not finite, after clipping 0.5 to 1, turned by up to 60.0°"
    )
    assert group_text(groups, 1, 7, 4) == "epoch 10, 4 steps from step 1 on: norm 0.2, not clipped"
    assert group_places(_history(first=7), groups).tolist() == [7 + 4.5 / 4, 7 + 10.5 / 4]


def test_captions_name_the_numbers() -> None:
    history = _history(FIRST, SECOND)
    assert _caption(history, 1, clip_mode="value") == (
        "Epoch 1: 75% of 4 steps were clipped (50% of all 8); the median norm 2.5 became 1, and what was "
        "clipped turned by 36.9° (median)"
    )
    assert "Epoch 2: 25% of 4 steps" in _caption(history, clip_mode="value")
    assert _caption(history, 0, clip_mode="norm").startswith("Before training: no step was made")


def test_captions_say_that_the_direction_is_kept_or_clipping_is_off() -> None:
    by_norm = _history([(5.0, 1.0, 1.0)] * STEPS, first=3)
    assert _caption(by_norm, clip_mode="norm").startswith("Epoch 4: 100% of 4")
    assert _caption(by_norm, clip_mode="norm").endswith("kept its direction (0°)")
    plain = _history([(size, size, 1.0) for size in (1.0, 2.0, 3.0, 4.0)])
    assert _caption(plain, clip_threshold=3.5) == (
        "Epoch 1: clipping is off; the median norm of the gradient is 2.5, and a threshold of 3.5 by norm would clip "
        "25% of the steps"
    )
    assert _caption(plain, clip_mode="norm", clip_threshold=9.0) == (
        "Epoch 1: none of 4 steps was clipped; the median norm of the gradient is 2.5"
    )


def test_what_is_not_finite_comes_first() -> None:
    history = _history([(math.inf, 0.0, math.nan), *FIRST[1:]])
    assert "1 of 4 steps had a gradient that is not a finite number" in _caption(history)
    found = _found(history)
    assert verdict(found, "norm") == ("✕ 1 step not finite", "nonfinite")


@pytest.mark.parametrize(
    ("norms", "mode", "wanted"),
    [
        (FIRST, "value", ("● 75% clipped, turned 37°", "healthy")),
        (SECOND, "value", ("◆ 25% clipped, turned 60°", "warning")),
        ([(1.0, 1.0, 1.0)] * 4, "none", ("○ clipping is off", "muted")),
        ([(1.0, 1.0, 1.0)] * 4, "norm", ("● 0% clipped, turned 0°", "healthy")),
        ([(4.0, 1.0, 1.0)] * 4, "none", ("● 100% clipped, turned 0°", "healthy")),
    ],
)
def test_headlines(norms: Norms, mode: str, wanted: tuple[str, str]) -> None:
    assert verdict(_found(_history(norms)), mode) == wanted


def test_before_the_first_step_there_is_nothing_to_judge() -> None:
    found = _found(_history())
    assert verdict(found, "norm") == ("○ no steps yet", "muted")


@pytest.mark.parametrize(
    ("mode", "words"),
    [
        ("none", "threshold 0.25: off; by norm it would cut here"),
        ("norm", "threshold 0.25: longer gradients are cut to it"),
        ("value", "threshold 0.25: larger numbers of a gradient are cut to it"),
        ("layer", "threshold 0.25: longer gradients of a layer are cut to it"),
        ("adaptive", "threshold 0.25: times each unit's weights"),
    ],
)
def test_the_line_says_what_it_cuts(mode: str, words: str) -> None:
    settings = {**TRAINING_DEFAULTS, "clip_mode": mode, "clip_threshold": 0.25}
    assert threshold_words(settings) == (words, "threshold 0.25")


@pytest.mark.parametrize(("value", "wanted"), [(0.123456, 0.123), (98765.0, 98800.0), (1.0, 1.0)])
def test_a_threshold_has_three_digits(value: float, wanted: float) -> None:
    assert rounded(value) == wanted


def test_decades_have_room_and_few_get_finer_ticks() -> None:
    wide = decade_ticks(-12.0, 12.0, 240.0)
    places = [place for place, _ in wide]
    assert np.diff(places).min() * 240.0 / 24.0 >= 24.0
    assert (0.0, "10⁰") in wide
    narrow = decade_ticks(-0.5, 0.9, 200.0)
    assert [label for _, label in narrow] == ["0.5", "10⁰", "2", "5"]
    for place, label in narrow:
        if label != "10⁰":
            assert 10.0**place == pytest.approx(float(label))
