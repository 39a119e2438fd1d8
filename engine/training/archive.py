"""What a long run leaves behind, put aside on the disk: memory holds the newest epochs and what was looked at last."""

from collections import OrderedDict, deque
from collections.abc import Sequence
from typing import overload

import numpy as np
from numpy.typing import NDArray

from engine.stats import DISTRIBUTIONS, EpochStats
from engine.stats.histogram import BIN_COUNT

from .packing import pack_epoch, unpack_epoch
from .scratch import Scratch

Floats = NDArray[np.float64]
_NEWEST_BYTES = 16 * 2**20
_LOOKED_AT_BYTES = 8 * 2**20
_FEWEST = 4
_BLOCK_BYTES = 256 * 2**10


def epoch_bytes(layers: int) -> int:
    """About what an epoch's tables take in memory."""
    return len(DISTRIBUTIONS) * (BIN_COUNT * 4 + 48) * max(1, layers)


class EpochArchive(Sequence[EpochStats]):
    """All epochs of a run in their order, as if in a list; an old one is read from the disk, which may take 2 ms.

    The first one and the newest few are in memory, and so are those that were asked for last.
    """

    def __init__(self, layers: int, scratch: Scratch) -> None:
        """`layers` is the number of rows of every table."""
        self._layers = layers
        self._scratch = scratch
        self._first: EpochStats | None = None
        self._newest: deque[EpochStats] = deque()
        self._keys: list[int] = []
        self._looked_at: OrderedDict[int, EpochStats] = OrderedDict()
        self._newest_room = max(_FEWEST, _NEWEST_BYTES // epoch_bytes(layers))
        self._looked_at_room = max(_FEWEST, _LOOKED_AT_BYTES // epoch_bytes(layers))

    def append(self, stats: EpochStats) -> None:
        """Take in the next epoch, and put one aside when memory holds enough of them."""
        if self._first is None:
            self._first = stats
            return
        self._newest.append(stats)
        if len(self._newest) > self._newest_room:
            self._keys.append(self._scratch.put(pack_epoch(self._newest.popleft())))

    def __len__(self) -> int:
        return int(self._first is not None) + len(self._keys) + len(self._newest)

    @overload
    def __getitem__(self, place: int) -> EpochStats: ...
    @overload
    def __getitem__(self, place: slice) -> list[EpochStats]: ...
    def __getitem__(self, place: int | slice) -> EpochStats | list[EpochStats]:
        if isinstance(place, slice):
            return [self._at(number) for number in range(*place.indices(len(self)))]
        count = len(self)
        if not -count <= place < count:
            raise IndexError(f"epoch {place} of {count}")
        return self._at(place % count)

    def _at(self, place: int) -> EpochStats:
        if place == 0:
            assert self._first is not None
            return self._first
        number = place - 1
        if number >= len(self._keys):
            return self._newest[number - len(self._keys)]
        return self._from_disk(number)

    def _from_disk(self, number: int) -> EpochStats:
        found = self._looked_at.pop(number, None)
        if found is None:
            found = unpack_epoch(self._scratch.get(self._keys[number]), self._layers)
        self._looked_at[number] = found
        if len(self._looked_at) > self._looked_at_room:
            self._looked_at.popitem(last=False)
        return found


class LongTable:
    """Rows of float64 numbers whose older blocks lie on the disk, for reading whole columns exactly."""

    def __init__(self, width: int, scratch: Scratch) -> None:
        """`width` is the number of columns."""
        self._width = width
        self._scratch = scratch
        self._keys: list[int] = []
        self._room = np.empty((max(1, _BLOCK_BYTES // (8 * max(1, width))), width))
        self._used = 0

    def __len__(self) -> int:
        return len(self._keys) * len(self._room) + self._used

    def extend(self, rows: Floats) -> None:
        """Append rows, shape (k, width)."""
        while len(rows):
            fitting = rows[: len(self._room) - self._used]
            self._room[self._used : self._used + len(fitting)] = fitting
            self._used += len(fitting)
            rows = rows[len(fitting) :]
            if self._used == len(self._room):
                self._keys.append(self._scratch.put(self._room.tobytes()))
                self._used = 0

    def columns(self, wanted: slice) -> Floats:
        """Neighbouring columns of all rows, shape (rows, columns); read block by block."""
        blocks = [self._block(key)[:, wanted] for key in self._keys]
        return np.concatenate([*blocks, self._room[: self._used, wanted]])

    def _block(self, key: int) -> Floats:
        return np.frombuffer(self._scratch.get(key), np.float64).reshape(-1, self._width)
