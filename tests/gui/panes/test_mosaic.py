"""Tiles, their colours and their places, read back pixel by pixel."""

import numpy as np
import pytest

from gui.common.theme import DARK, LIGHT, Theme
from gui.panes.mosaic import Mosaic, blended, boundary, codes_of, cross_out, signed_colors

RED, BLUE, WHITE = "#ff0000", "#0000ff", "#ffffff"


def _tiles(mosaic: Mosaic) -> np.ndarray:
    """Every cell of every tile in a colour that says which it is."""
    shape = (mosaic.count, mosaic.height, mosaic.width)
    return np.stack(np.indices(shape), axis=-1).astype(np.uint8)


@pytest.mark.parametrize("share", [0.0, 0.25, 1.0])
def test_a_blend_lies_between_its_colours(share: float) -> None:
    mixed = blended("#204060", "#a0c0ff", np.array([share]))[0]
    ground, color = np.array([0x20, 0x40, 0x60]), np.array([0xA0, 0xC0, 0xFF])
    np.testing.assert_allclose(mixed, ground + (color - ground) * share, atol=0.5)


def test_a_share_that_is_no_number_shows_the_ground() -> None:
    assert blended(WHITE, RED, np.array([np.nan, -3.0, 7.0])).tolist() == [
        [255, 255, 255],
        [255, 255, 255],
        [255, 0, 0],
    ]


@pytest.mark.parametrize("theme", [LIGHT, DARK])
def test_signs_have_the_ends_of_the_scale_and_zero_the_ground(theme: Theme) -> None:
    colors = signed_colors(theme.vanishing, theme.surface, theme.exploding)
    assert colors.shape == (255, 3)
    for place, name in ((0, theme.vanishing), (127, theme.surface), (254, theme.exploding)):
        assert "#" + bytes(colors[place]).hex() == name


def test_codes_are_steps_of_each_tiles_own_largest_size() -> None:
    values = np.array([[[0.5, -1.0]], [[2e-6, 1e-6]], [[0.0, 0.0]], [[np.nan, 1.0]]])
    codes = codes_of(values)
    assert codes[:3].tolist() == [[[64, -127]], [[127, 64]], [[0, 0]]]
    assert codes[3, 0, 0] == 0


@pytest.mark.parametrize(
    ("count", "tile"), [(1, (4, 4)), (5, (8, 8)), (16, (24, 24)), (7, (5, 3)), (6, (28, 28))]
)
@pytest.mark.parametrize("room", [(300.0, 100.0), (100.0, 300.0), (200.0, 200.0)])
def test_every_pixel_is_read_as_what_was_painted_there(
    count: int, tile: tuple[int, int], room: tuple[float, float]
) -> None:
    mosaic = Mosaic.fitting(count, tile, room)
    picture = mosaic.painted(list(mosaic.zoomed(_tiles(mosaic))), "#fefefe", "#fdfdfd")
    assert picture.shape == (*mosaic.size, 3)
    seen = set()
    for y in range(picture.shape[0]):
        for x in range(picture.shape[1]):
            found = mosaic.found(x + 0.5, y + 0.5)
            color = tuple(picture[y, x].tolist())
            assert color == found if found else color in {(254,) * 3, (253,) * 3}
            seen.add(found)
    assert len(seen - {None}) == count * tile[0] * tile[1]


def test_the_first_tile_is_on_top_and_outside_is_nothing() -> None:
    mosaic = Mosaic.of(4, 2, (4, 4))
    height, width = mosaic.size
    assert mosaic.found(0.5, height - 0.5) == (0, 0, 0)
    assert mosaic.found(width - 0.5, 0.5) == (3, 3, 3)
    for x, y in ((-0.1, 1.0), (width + 0.1, 1.0), (1.0, -0.1), (1.0, height + 0.1)):
        assert mosaic.found(x, y) is None


def test_tiles_become_as_large_as_the_room_allows() -> None:
    assert Mosaic.fitting(16, (8, 8), (400, 400)).columns == 4
    assert Mosaic.fitting(16, (8, 8), (1_600, 100)).columns == 16
    assert Mosaic.fitting(16, (8, 8), (100, 1_600)).columns == 1


def test_strokes_tell_silent_and_broken_tiles_apart() -> None:
    one, two = np.full((2, 6, 9, 3), 255, np.uint8)
    cross_out(one, RED, both=False)
    cross_out(two, BLUE, both=True)
    is_red = (one == [255, 0, 0]).all(-1)
    assert is_red[-1, 0]
    assert is_red.sum() == 6
    is_blue = (two == [0, 0, 255]).all(-1)
    assert is_blue[0, 0]
    assert is_blue[-1, 0]
    assert 6 < is_blue.sum() <= 12


def test_a_boundary_runs_between_cells_of_different_classes() -> None:
    winners = np.array([[0, 0, 1], [0, 2, 1]])
    x, y = boundary(winners)
    ends = {tuple(edge) for edge in np.column_stack((x, y)).reshape(-1, 4).tolist()}
    assert ends == {(2, 0, 2, 1), (1, 1, 1, 2), (2, 1, 2, 2), (1, 1, 2, 1)}
    assert not boundary(np.ones((3, 3), int))[0].size
