"""Heat maps: what a pixel stands for, which epochs are drawn, how much room there is."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gui.common.theme import DARK, LIGHT, Theme
from gui.panes import heat

NAN, INF = float("nan"), float("inf")


def test_pixels_give_the_decades_back_to_half_a_step() -> None:
    values = 10.0 ** np.random.default_rng(0).uniform(-6, 2, (40, 30))
    low, high = heat.decades_of(values, np.ones(30, np.bool_))
    codes = heat.codes_of(values, np.ones(30, np.bool_), low, high)
    assert codes.dtype == np.uint8
    step = (high - low) / (heat.HIGHEST - heat.LOWEST)
    np.testing.assert_allclose(heat.logs_of(codes, low, high), np.log10(values), atol=step / 2)


def test_none_zero_and_not_finite_have_pixels_of_their_own() -> None:
    values = np.array([[0.0, NAN, INF, -INF, 1e-3, NAN]])
    applies = np.array([True, True, True, True, True, False])
    codes = heat.codes_of(values, applies, -3.0, 0.0)
    assert codes.tolist() == [[heat.ZERO, *[heat.NONFINITE] * 3, heat.LOWEST, heat.NONE]]
    assert np.isnan(heat.logs_of(codes, -3.0, 0.0)).tolist() == [[True] * 4 + [False, True]]


@pytest.mark.parametrize(
    ("values", "decades"),
    [([0.02, 3.0], (-2, 1)), ([0.5], (-1, 0)), ([1.0], (0, 1)), ([NAN, 0.0, INF], (-1, 0)), ([], (-1, 0))],
)  # fmt: skip
def test_colours_reach_over_whole_decades(
    values: list[float], decades: tuple[float, float]
) -> None:
    table = np.array([values])
    assert heat.decades_of(table, np.ones(len(values), np.bool_)) == decades


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=["light", "dark"])
def test_what_is_no_magnitude_has_a_colour_that_no_magnitude_has(theme: Theme) -> None:
    table = heat.lookup_of(theme).astype(int)
    scale = table[heat.LOWEST : heat.HIGHEST + 1]
    assert table[heat.NONE, 3] == 0
    assert (scale[:, 3] == 255).all()
    for code in (heat.ZERO, heat.NONFINITE):
        assert np.abs(scale[:, :3] - table[code, :3]).sum(axis=1).min() > 60
    assert np.abs(table[heat.ZERO, :3] - table[heat.NONFINITE, :3]).sum() > 60


@given(st.lists(st.integers(0, 3_000), min_size=1, max_size=60, unique=True).map(sorted))
def test_rows_of_one_height_show_the_nearest_epoch(epochs: list[int]) -> None:
    known = np.array(epochs, np.int64)
    rows = heat.evenly(known)
    span = epochs[-1] - epochs[0] + 1
    assert rows.size == min(span, heat.MOST_ROWS)
    for place, row in zip(np.linspace(epochs[0], epochs[-1], rows.size), rows, strict=True):
        assert abs(known[row] - place) == np.abs(known - place).min()


def test_neighbouring_epochs_are_all_drawn() -> None:
    assert heat.evenly(np.arange(5, 105)).tolist() == list(range(100))
    assert heat.evenly(np.empty(0, np.int64)).size == 0


def test_room_grows_by_leaps_up_to_what_was_planned() -> None:
    rooms = [heat.round_up(count, 0) for count in range(1, 200)]
    assert all(room >= count for count, room in enumerate(rooms, 1))
    assert all(room <= 1.5 * count for count, room in enumerate(rooms[3:], 4))
    assert len(set(rooms)) < 14
    assert heat.round_up(9, 10) == 10
    assert heat.round_up(14, 10) == 14
