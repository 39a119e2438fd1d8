"""Labels on the axis of values: none overlaps, and both sides of zero have the same."""

import numpy as np
import pytest

from gui.panes.layer_rows import fitting
from gui.panes.spread_axes import SIGNED, SIZES, Span, SpreadAxis


@pytest.mark.parametrize(
    ("axis", "span"),
    [(SIGNED, (-9.0, 9.0)), (SIGNED, (-2.0, 2.0)), (SIZES, (-30.1, 8.4)), (SIZES, (-3.0, 3.0))],
)
@pytest.mark.parametrize("length", [60.0, 200.0, 900.0])
def test_labels_leave_each_other_room(axis: SpreadAxis, span: Span, length: float) -> None:
    ticks = fitting(axis, span, length)
    places = np.array([place for place, _ in ticks])
    assert set(ticks) <= set(axis.ticks(span))
    assert (np.diff(places) * length / (span[1] - span[0]) >= 36.0 - 1e-9).all()
    if span[0] == -span[1]:
        np.testing.assert_allclose(places, -places[::-1], atol=1e-12)
        assert 0.0 in places
