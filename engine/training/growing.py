"""Numbers that arrive a few at a time and are read all together, again and again."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]


class GrowingArray:
    """A float64 array whose end grows; appending costs the same however long it has become."""

    def __init__(self) -> None:
        self._room: Floats = np.empty(64)
        self._size = 0

    def __len__(self) -> int:
        return self._size

    @property
    def values(self) -> Floats:
        """All numbers up to now, shape (n,); a view that cannot be written to and that does not grow."""
        view = self._room[: self._size]
        view.flags.writeable = False
        return view

    def extend(self, values: ArrayLike) -> None:
        """Append numbers, shape (k,)."""
        added = np.asarray(values, np.float64)
        end = self._size + added.size
        if end > self._room.size:
            room = np.empty(max(end, 2 * self._room.size))
            room[: self._size] = self._room[: self._size]
            self._room = room
        self._room[self._size : end] = added
        self._size = end

    def truncate(self, size: int) -> None:
        """Forget all but the first `size` numbers; a view taken before may show later ones in their place."""
        self._size = size
