"""Gradients through time: kept epoch by epoch, thinned, judged and put in words with the right numbers."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from engine.stats import EpochStats, LayerTable, TimeGradient
from engine.training import RunHistory, RunStarted
from gui.panes import time_track
from gui.panes.time_track import Key, TimeTrack, read_fading, time_caption, time_headline
from gui.training.reading import View

Start = Callable[[int], RunStarted]
Stats = Callable[..., EpochStats]
NAN = float("nan")


def _gradient(
    factor: float,
    steps: int = 31,
    *,
    direction: str = "forward",
    radius: float = NAN,
    cell: float = NAN,
) -> TimeGradient:
    """‖∂L/∂h_t‖ that is multiplied by `factor` with each step back."""
    back = np.arange(steps)[::-1] if direction == "forward" else np.arange(steps)
    way = None if np.isnan(cell) else cell ** back.astype(float)
    assert direction in ("forward", "backward")
    return TimeGradient(direction, 8, 3.0 * factor ** back.astype(float), way, radius)  # type: ignore[arg-type]


def _table(*times: tuple[int, TimeGradient]) -> LayerTable:
    return replace(LayerTable.empty(5, 8), times=times)


def _run(started: Start, stats: Stats, epochs: int) -> RunHistory:
    run, one = RunHistory(started(5)), stats(0)
    for epoch in range(epochs):
        times = ((1, _gradient(0.5 + epoch / 1e4, 4, radius=epoch / 100)),)
        run.add_epoch(replace(one, epoch=epoch, layers=replace(one.layers, times=times)))
    return run


@pytest.mark.parametrize("direction", ["forward", "backward"])
def test_the_headline_says_factor_steps_and_what_is_left(direction: str) -> None:
    fading = read_fading(_gradient(0.81, direction=direction))
    assert fading.verdict == "vanishing"
    # 0.81 ** 30 = 1 / 556
    assert time_headline(fading) == "▼ × 0.81 a step back in time: after 30 steps 1/560"


@pytest.mark.parametrize(
    ("factor", "steps", "verdict", "text"),
    [
        (1.0, 31, "healthy", "● × 1 a step back in time: after 30 steps × 1"),
        (1.3, 31, "exploding", "▲ × 1.3 a step back in time: after 30 steps × 2,600"),
        (0.9, 31, "watch", "◆ × 0.9 a step back in time: after 30 steps 1/24"),
        (0.6, 2, "healthy", "● × 0.6 a step back in time: after 1 step × 0.6"),
    ],
)  # fmt: skip
def test_fading_is_judged_by_what_the_first_step_receives(
    factor: float, steps: int, verdict: str, text: str
) -> None:
    fading = read_fading(_gradient(factor, steps))
    assert (fading.verdict, time_headline(fading)) == (verdict, text)


@pytest.mark.parametrize(
    ("state", "headline"),
    [
        ([1.0, np.inf], "✕ not finite"),
        ([0.0, 0.0], "▼ gradient is exactly 0 but for one step at most"),
        ([0.0, 1.0], "▼ gradient is exactly 0 but for one step at most"),
        ([1.0], "○ one step: nothing to compare"),
    ],
)
def test_what_has_no_factor_is_said(state: list[float], headline: str) -> None:
    gradient = replace(_gradient(1.0), state=np.array(state))
    assert time_headline(read_fading(gradient)) == headline


def test_the_caption_has_the_numbers_of_state_cell_matrix_and_theory(started: Start) -> None:
    layers = started(5).layers
    view = View(_table((2, _gradient(0.81, radius=0.943, cell=0.95))), 4, None)
    caption = time_caption(layers, view, Key(2, "forward"), 0.25)
    assert caption == (
        "Epoch 4: in Linear 2, ‖∂L/∂h_t‖ shrinks to × 0.81 with each step back, so that the 30 steps from the last "
        "to the first leave 1/560 (cell state × 0.95); the recurrent matrix has spectral radius 0.94; "
        "theory at initialisation: × 0.5 a step"
    )
    plain = View(_table((2, _gradient(1.1))), 0, None)
    assert time_caption(layers, plain, Key(2, "forward"), NAN) == (
        "Before training: in Linear 2, ‖∂L/∂h_t‖ grows to × 1.1 with each step back, so that the 30 steps from the "
        "last to the first leave × 17"
    )


def test_both_directions_are_told_apart(started: Start) -> None:
    table = _table(
        (1, _gradient(0.5)), (1, _gradient(0.9, direction="backward")), (3, _gradient(1.0))
    )
    keys = time_track.keys_of(table)
    names = [time_track.name_of(started(5).layers, key, table) for key in keys]
    assert names == ["ReLU 1 forward", "ReLU 1 backward", "ReLU 3"]
    found = time_track.gradient_of(table, keys[1])
    assert found is table.times[1][1]
    assert time_track.gradient_of(table, Key(0, "forward")) is None


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.0, "nothing"), (1 / 3, "1/3"), (0.00123, "1/810"), (0.7, "× 0.7"), (12.3, "× 12"),
     (1e-9, "1/1.0e+09"), (98765.0, "× 99,000"), (np.inf, "× inf")],
)  # fmt: skip
def test_factors_have_two_digits(value: float, text: str) -> None:
    assert time_track.times_text(value) == text


def test_a_factor_near_one_has_three_digits(started: Start) -> None:
    assert "× 0.983 a step" in time_headline(read_fading(_gradient(0.983)))
    for factor, words in ((1.012, "grows to × 1.01 with"), (1.0001, "stays at × 1 with")):
        view = View(_table((2, _gradient(factor))), 0, None)
        assert words in time_caption(started(5).layers, view, Key(2, "forward"), NAN)


def test_a_course_is_what_the_epochs_hold(started: Start, stats: Stats) -> None:
    run, track = _run(started, stats, 10), TimeTrack()
    assert track.follow(run)
    course = track.course(run, Key(1, "forward"))
    assert course.epochs.tolist() == list(range(10))
    times = [epoch.layers.times[0][1] for epoch in run.epochs]
    np.testing.assert_array_equal(course.state, [g.state for g in times])
    np.testing.assert_array_equal(course.radius, [g.spectral_radius for g in times])
    assert track.course(run, Key(3, "forward")).state.size == 0


def test_a_long_run_is_read_a_little_at_a_time_and_thinned(started: Start, stats: Stats) -> None:
    run, track = _run(started, stats, 1_500), TimeTrack()
    calls = 1
    while not track.follow(run):
        calls += 1
    assert calls > 10
    course = track.course(run, Key(1, "forward"))
    assert course.epochs.tolist() == [*range(0, 1_500, 4), 1_499]
    radii = [run.epochs[i].layers.times[0][1].spectral_radius for i in course.epochs]
    np.testing.assert_array_equal(course.radius, radii)


def test_a_run_that_grows_stays_bounded_and_keeps_its_newest(started: Start, stats: Stats) -> None:
    whole = _run(started, stats, 1_100)
    run, track = RunHistory(whole.started), TimeTrack()
    for epoch in whole.epochs:
        run.add_epoch(epoch)
        assert track.follow(run)
        assert track.read <= time_track.MOST_EPOCHS
    course = track.course(run, Key(1, "forward"))
    assert course.epochs.tolist() == [*range(0, 1_100, 4), 1_099]
