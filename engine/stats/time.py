"""The gradient on its way back through the steps of a sequence."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from .distribution import check_column

Direction = Literal["forward", "backward"]


@dataclass(frozen=True, slots=True, eq=False)
class TimeGradient:
    """‖∂L/∂h_t‖ of one direction of a recurrent layer in one training step, for every step t of the input.

    `state[t]` is √(mean over samples of ‖B · ∂(mean loss)/∂h_t‖²): the Euclidean norm over units, the root mean
    square over samples, B the batch size. ∂/∂h_t is the total derivative: through the output at t and through all
    states that come after it. Both directions count t from the start of the input.
    """

    direction: Direction
    samples: int
    state: NDArray[np.float64]
    """Shape (T,)."""
    cell: NDArray[np.float64] | None
    """The same for the cell state c_t of an LSTM, shape (T,); None for the other kinds."""
    spectral_radius: float
    """Largest |eigenvalue| of the matrix from h to the new content: W_hh of an RNN, its candidate block otherwise
    (LSTM's g, GRU's n); NaN when it was not asked for."""

    def check(self, row: int, layers: int) -> None:
        """Raise ValueError when the arrays do not fit each other, or the row is none of `layers`."""
        if not 0 <= row < layers:
            raise ValueError(f"the row {row} of a gradient through time is none of {layers}")
        for name in ("state", "cell"):
            if (column := getattr(self, name)) is not None:
                check_column(name, column, (len(self.state),), np.float64)

    @property
    def factor(self) -> float:
        """What ‖∂L/∂h_t‖ is multiplied by for each step further into the past: the slope of a straight line through
        its logarithm. NaN when fewer than two steps have a gradient that is neither zero nor non-finite.
        """
        past = self.state[::-1] if self.direction == "forward" else self.state
        known = np.isfinite(past) & (past > 0)
        if np.count_nonzero(known) < 2:
            return float("nan")
        steps = np.flatnonzero(known).astype(np.float64)
        logarithms = np.log(past[known])
        steps -= steps.mean()
        return float(np.exp((steps * (logarithms - logarithms.mean())).sum() / (steps**2).sum()))
