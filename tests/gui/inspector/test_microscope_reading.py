"""What the microscope says, held to counts of the numbers themselves and to the normal distribution's closed form."""

import math

import numpy as np
import pytest

from engine.graph import Node
from engine.layers import CATALOGUE
from engine.stats import EDGES
from gui.inspector import microscope_reading as reading
from tests.gui.inspector.instruments import history_of

LINEAR = Node("linear_2", "Linear", "", {}, 0.0, 0.0)
INPUT = Node("input_0", "Input", "", {}, 0.0, 0.0)
RANDOM = np.random.default_rng(4)


def _seen(kind: str, values: np.ndarray, **columns: float) -> reading.Sight:
    """The sight of an activation of this kind on these pre-activations."""
    spec = CATALOGUE[kind]
    assert spec.function is not None
    after = spec.function(values, spec.defaults)
    series = {name: np.array([column]) for name, column in columns.items()}
    history = history_of(["Linear", kind], [values], [after], **series)
    place = reading.place_of(history, f"{kind.lower()}_3", LINEAR)
    assert place == reading.Place(1, 0)
    return reading.sight(spec, spec.defaults, history.epochs[0].layers, place)


@pytest.mark.parametrize(
    ("kind", "slope"),
    [("Sigmoid", 0.0475), ("Tanh", 0.0975), ("ELU", 0.05), ("Softsign", 0.05), ("Softplus", 0.05)],
)
def test_saturated_areas_begin_where_the_slope_has_gone(kind: str, slope: float) -> None:
    seen = reading.sight(CATALOGUE[kind], CATALOGUE[kind].defaults)
    inside = np.ones(seen.z.size, bool)
    for low, high in seen.saturated:
        inside &= ~((seen.z >= low) & (seen.z <= high))
    assert seen.saturated
    assert (np.abs(seen.slope[~inside]) <= slope * 1.01).all()
    assert (np.abs(seen.slope[inside]) >= slope * 0.99).all()


def test_the_measured_share_is_said() -> None:
    values = RANDOM.normal(0.5, 2.0, 4_000)
    share = float((np.abs(np.tanh(values)) > 0.95).mean())
    seen = _seen("Tanh", values, saturation=share)
    assert (
        f"Saturated (hatched): {share:.1%} of the pre-activations, at |z| > 1.83." in seen.sentences
    )
    assert seen.arriving.live
    assert f"mean {values.mean():.3g}, σ\u00a0{values.std():.3g}" in seen.sentences[0]
    # the hill's own mass in the hatched areas agrees, up to the bins that an end cuts
    width = 2 * seen.z[-1] / reading.BINS
    middles = (seen.arriving.edges[1:] + seen.arriving.edges[:-1]) / 2
    drawn = sum(
        float(seen.arriving.shares[(middles > low) & (middles < high)].sum())
        for low, high in seen.saturated
    )
    assert drawn == pytest.approx(share, abs=2 * width * 0.2)


def test_the_hill_is_the_histogram() -> None:
    values = RANDOM.normal(0.0, 1.0, 50_000)
    seen = _seen("Tanh", values)
    reach = seen.z[-1]
    assert (np.abs(values) <= reach).mean() >= 0.998
    expected = np.array([(values <= edge).mean() for edge in seen.arriving.edges])
    drawn = expected[0] + np.concatenate([[0.0], np.cumsum(seen.arriving.shares)])
    # no border may be wrong by more than the numbers in the recorded bin that it cuts
    counts = np.histogram(values, EDGES)[0] / values.size
    assert np.abs(drawn - expected).max() <= counts.max()
    assert seen.arriving.shares.sum() == pytest.approx((np.abs(values) <= reach).mean(), abs=1e-3)


def test_exact_zeros_are_in_the_middle() -> None:
    values = np.concatenate([np.zeros(600), np.full(200, 2.0), np.full(200, -2.0)])
    seen = _seen("Tanh", values)
    middle = seen.arriving.shares[reading.BINS // 2 - 1 : reading.BINS // 2 + 1]
    assert middle.tolist() == [0.3, 0.3]
    assert seen.arriving.shares.sum() == pytest.approx(1.0)


@pytest.mark.parametrize(("spread", "reach"), [(0.01, 5.0), (2.5, 10.0), (60.0, 200.0)])
def test_the_reach_takes_few_values(spread: float, reach: float) -> None:
    values = RANDOM.uniform(-3 * spread, 3 * spread, 5_000)
    seen = _seen("Tanh", values)
    assert seen.z[-1] == reach
    assert seen.z[-1] in reading.REACHES


def test_off_and_dead_are_the_counts() -> None:
    values = RANDOM.normal(-0.5, 1.0, 2_000)
    seen = _seen("ReLU", values, dead=0.625)
    off = float((values <= 0).mean())
    assert f"Off (dotted): {off:.1%} of the outputs are 0; about half is healthy." in seen.sentences
    assert "▼ Dead: 62.5% of the units were off for every sample of the epoch." in seen.sentences
    assert seen.off == (-seen.z[-1], 0.0)
    assert "It does not saturate." in seen.sentences


@pytest.mark.parametrize("kind", ["Sigmoid", "Tanh", "ELU", "GELU", "ReLU6", "Hardtanh"])
def test_without_a_run_the_share_is_that_of_a_standard_normal(kind: str) -> None:
    spec = CATALOGUE[kind]
    seen = reading.sight(spec, spec.defaults)
    assert spec.healthy is not None
    low, high = spec.healthy(spec.defaults)
    z = np.linspace(-12.0, 12.0, 1_000_001)
    density = np.exp(-0.5 * z**2) / math.sqrt(2 * math.pi)
    outside = np.where((z < low) | (z > high), density, 0.0)
    share = float(np.trapezoid(outside, z))
    assert any(f"{share:.1%} of a standard normal input" in sentence for sentence in seen.sentences)
    assert "Not trained yet" in seen.sentences[0]
    assert not seen.arriving.live


def test_numbers_of_another_network_are_not_shown() -> None:
    history = history_of(["Linear", "Tanh"], [np.ones(100)], [np.ones(90)])
    spec, table = CATALOGUE["Tanh"], history.epochs[0].layers
    place = reading.place_of(history, "tanh_3", LINEAR)
    assert not reading.sight(spec, {}, table, place).arriving.live
    assert reading.place_of(history, "tanh_9", LINEAR) is None
    assert reading.place_of(history, "tanh_3", Node("linear_7", "Linear", "", {}, 0.0, 0.0)) is None
    assert reading.place_of(history, "tanh_3", INPUT) == reading.Place(1, None)
    assert reading.place_of(None, "tanh_3", LINEAR) is None
    assert reading.place_of(history, "tanh_3", None) is None


def test_selu_says_how_far_it_is_from_its_fixed_point() -> None:
    values = RANDOM.normal(0.0, 1.0, 200_000)
    seen = _seen("SELU", values)
    sentence = next(sentence for sentence in seen.sentences if "Fixed point" in sentence)
    mean, variance = (float(x.replace("−", "-")) for x in _numbers(sentence))
    assert mean == pytest.approx(0.0, abs=0.01)
    assert variance == pytest.approx(1.0, abs=0.02)


def _numbers(sentence: str) -> tuple[str, str]:
    words = sentence.rstrip(".").split()
    return words[words.index("leave", words.index("here")) + 3], words[-1]


def test_rrelu_draws_slopes_between_its_bounds() -> None:
    spec = CATALOGUE["RReLU"]
    slopes = reading.sampled_slopes(spec.defaults)
    assert slopes.size == reading.SAMPLED_SLOPES
    assert slopes.min() >= 0.125
    assert slopes.max() <= 1 / 3
    assert np.unique(slopes).size == slopes.size
    np.testing.assert_array_equal(slopes, reading.sampled_slopes(spec.defaults))
    seen = reading.sight(spec, spec.defaults)
    assert any("from 0.125 to 0.333" in sentence for sentence in seen.sentences)


def test_the_learned_slope_is_followed_and_bounded() -> None:
    ones = np.ones(4)
    slopes = np.array([[0.25 - 0.001 * epoch, 0.0] for epoch in range(150)])
    history = history_of(["Linear", "PReLU"], [ones] * 150, [ones] * 150, slopes=slopes)
    track = reading.SlopeTrack()
    track.follow(history, 1)
    assert (track.places[0], track.places[-1], len(track.places)) == (0, 149, 64)
    for place, mean in zip(track.places, track.means, strict=True):
        assert mean == slopes[place, 0]
    later = history_of(["Linear", "PReLU"], [ones] * 9, [ones] * 9, slopes=slopes)
    track.follow(later, 1)
    assert track.places == list(range(9))
    track.places[:] = range(reading.MOST_TRACKED + 1)
    track.means[:] = track.deviations[:] = [0.0] * len(track.places)
    track.follow(later, 1)
    assert len(track.places) <= reading.MOST_TRACKED
    assert (track.places[0], track.places[-1]) == (0, reading.MOST_TRACKED)


def test_slope_sentence() -> None:
    assert reading.slope_sentence(-0.125, 0.5, "epoch 3", 0.25) == (
        "Slope below zero (epoch 3): −0.125 ± 0.5 over the channels; it began at 0.25."
    )
