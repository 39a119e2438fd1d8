"""Epochs that are put aside are the same as those that were kept."""

import random
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from engine.stats import EpochStats
from engine.training.archive import EpochArchive, LongTable
from engine.training.scratch import Scratch

from .long_runs import assert_same, epoch

LAYERS = 400
"""So many that only a few epochs stay in memory."""
EPOCHS = 24


@pytest.fixture
def scratch(tmp_path: Path) -> Iterator[Scratch]:
    """A file that is closed after the test."""
    made = Scratch(tmp_path)
    yield made
    made.close()


@pytest.fixture(scope="module")
def plain() -> list[EpochStats]:
    """A list of epochs."""
    return [epoch(number, LAYERS) for number in range(EPOCHS)]


def test_an_archive_is_like_a_list(scratch: Scratch, plain: list[EpochStats]) -> None:
    archive = EpochArchive(LAYERS, scratch)
    for number, stats in enumerate(plain):
        assert len(archive) == number
        archive.append(stats)
        assert archive[-1] is stats
        assert archive[0] is plain[0]
    assert 0 < sum(one is other for one, other in zip(archive, plain, strict=True)) < EPOCHS / 2
    places = [*range(EPOCHS), *range(-EPOCHS, 0)]
    random.Random(0).shuffle(places)
    for place in places:
        assert_same(archive[place], plain[place])
    for part in (slice(None), slice(3, -2, 4), slice(None, None, -5), slice(50, 60)):
        assert [e.epoch for e in archive[part]] == [e.epoch for e in plain[part]]
    for outside in (EPOCHS, -EPOCHS - 1):
        with pytest.raises(IndexError, match=f"epoch {outside} of {EPOCHS}"):
            archive[outside]


def test_what_was_looked_at_last_is_not_read_again(
    scratch: Scratch, plain: list[EpochStats]
) -> None:
    archive = EpochArchive(LAYERS, scratch)
    for stats in plain:
        archive.append(stats)
    first = archive[1]
    assert archive[1] is first
    for place in range(1, EPOCHS):
        archive[place]
    assert archive[1] is not first
    assert_same(archive[1], first)


def test_a_small_run_never_touches_the_disk(tmp_path: Path) -> None:
    archive = EpochArchive(3, Scratch(tmp_path / "missing"))
    for number in range(200):
        archive.append(epoch(number, 3))
    assert [stats.epoch for stats in archive] == list(range(200))


@pytest.mark.parametrize("sizes", [[], [1], [40_000], [5, 0, 7_000, 1, 30_000, 3]])
def test_a_long_table_gives_its_columns_back(scratch: Scratch, sizes: list[int]) -> None:
    values = np.random.default_rng(1).normal(size=(sum(sizes), 3))
    table = LongTable(3, scratch)
    end = 0
    for size in sizes:
        table.extend(values[end : end + size])
        end += size
    assert len(table) == end
    for wanted in (slice(0, 1), slice(1, 3)):
        np.testing.assert_array_equal(table.columns(wanted), values[:, wanted])
