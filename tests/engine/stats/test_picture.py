"""Maps in whole steps, the grid's places, and an album that never grows too thick; against plain arithmetic."""

from dataclasses import replace

import numpy as np
import pytest

from engine.stats import Album, Backdrop, CurvePicture, Picture, UnitMaps


def _maps(values: np.ndarray, shown: int = 3) -> UnitMaps:
    return UnitMaps.of([4], [9], [2], [values[:shown].astype(np.float32)])


def _picture(epoch: int, step: int = 0) -> Picture:
    return Picture(epoch, step, 0.001, curve=CurvePicture(np.zeros(256, np.float32)))


def _plane(**others: object) -> Backdrop:
    inputs = np.array([[0.0, 10.0], [1.0, 30.0]], np.float32)
    backdrop = Backdrop(
        "plane",
        "",
        inputs,
        np.zeros(2),
        np.zeros(2, np.uint8),
        np.array([[0.0, 1.0], [10.0, 30.0]]),
        np.array([5.0, -1.0]),
        np.array([2.0, 0.5]),
    )
    return replace(backdrop, **others)  # type: ignore[arg-type]


def test_a_map_is_right_to_half_a_step_of_its_units_largest_size() -> None:
    values = (
        np.random.default_rng(0).normal(size=(3, 8, 8)) * np.array([1e-6, 1.0, 1e3])[:, None, None]
    )
    codes, scales = _maps(values).layer(0)
    largest = np.abs(values).max(axis=(1, 2))
    np.testing.assert_allclose(scales, largest, rtol=1e-6)
    error = np.abs(codes / 127.0 * scales[:, None, None] - values)
    assert (error <= largest[:, None, None] / 254 * 1.001).all()


def test_a_unit_that_gives_nothing_or_no_number_is_told_apart() -> None:
    values = np.ones((3, 8, 8))
    values[0], values[1, 0, 0] = 0.0, np.inf
    codes, scales = _maps(values).layer(0)
    assert scales[0] == 0.0
    assert not codes[:2].any()
    assert np.isnan(scales[1])
    assert (codes[2] == 127).all()


def test_layers_are_found_by_their_row() -> None:
    first, second = np.full((2, 4, 4), 1.0, np.float32), np.full((1, 4, 4), -2.0, np.float32)
    maps = UnitMaps.of([1, 5], [2, 1], [0, 0], [first, second])
    assert maps.place(3) is None
    assert [maps.place(row) for row in (1, 5)] == [0, 1]
    assert [len(maps.layer(place)[0]) for place in (0, 1)] == [2, 1]
    codes, scales = maps.layer(1)
    assert codes.min() == codes.max() == -127
    assert scales.tolist() == [2.0]


@pytest.mark.parametrize(
    "change",
    [
        {"rows": np.array([-1])},
        {"rows": np.array([7])},
        {"units": np.array([1, 2])},
        {"shown": np.array([2])},
        {"codes": np.zeros((3, 8, 7), np.int8)},
        {"codes": np.zeros((3, 8, 8), np.uint8)},
        {"scales": np.zeros(3)},
    ],
)
def test_maps_that_do_not_fit_are_refused(change: dict[str, np.ndarray]) -> None:
    maps = _maps(np.ones((3, 8, 8)))
    maps.check(7)
    with pytest.raises(ValueError, match=r"none of 7|should hold"):
        replace(maps, **change).check(7)


def test_the_grid_is_the_middles_of_cells_x_first() -> None:
    grid = _plane().grid(2)
    assert grid.tolist() == [[0.25, 15.0], [0.75, 15.0], [0.25, 25.0], [0.75, 25.0]]


def test_real_units_undo_the_standardising() -> None:
    assert _plane().real(np.array([[1.0, 4.0]])).tolist() == [[7.0, 1.0]]


@pytest.mark.parametrize(
    "change",
    [
        {"targets": np.zeros(3)},
        {"validates": np.zeros(2)},
        {"limits": np.zeros((1, 2))},
        {"mean": np.zeros(3)},
        {"inputs": np.zeros((2, 2))},
    ],
)
def test_a_backdrop_that_does_not_fit_is_refused(change: dict[str, np.ndarray]) -> None:
    _plane().check()
    with pytest.raises(ValueError, match="should hold"):
        _plane(**change).check()


def test_an_album_keeps_the_first_and_the_newest_and_spreads_the_rest() -> None:
    album = Album(most=50)
    for epoch in range(10_000):
        album.add(_picture(epoch))
        assert len(album) <= 50
    kept = {album.at(epoch).epoch for epoch in range(10_000)}  # type: ignore[union-attr]
    assert min(kept) == 0
    assert max(kept) == 9_999
    assert len(kept) >= 25


def test_an_album_answers_with_the_newest_that_is_not_younger() -> None:
    album = Album()
    assert album.at(None) is None
    for place in ((0, 0), (3, 0), (3, 7), (8, 0)):
        album.add(_picture(*place))
    found = {epoch: album.at(epoch) for epoch in (0, 2, 3, 5, 8, 99, None)}
    places = {epoch: picture.place for epoch, picture in found.items() if picture is not None}
    assert places == {
        0: (0, 0),
        2: (0, 0),
        3: (3, 0),
        5: (3, 7),
        8: (8, 0),
        99: (8, 0),
        None: (8, 0),
    }


def test_the_same_moment_is_kept_once() -> None:
    album = Album()
    for _ in range(3):
        album.add(_picture(2, 1))
    assert len(album) == 1


def test_a_picture_fits_the_data_that_it_was_made_of() -> None:
    assert not _picture(0).fits(_plane())
    assert not _picture(0).fits(None)
    assert _picture(0).fits(_plane(kind="line"))
