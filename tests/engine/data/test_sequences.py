"""Data sets of sequences: shapes, seeds, and targets found once more from the inputs alone."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engine.data import DATA_SETS, DataError, DataSpec, Split, describe, load

MADE = ("adding", "copy_memory", "recall", "delayed_xor", "sine_forecast")
BOOK = Path(__file__).parents[3] / "resources" / "data" / "alice.txt"
ALL = (*MADE, "book")


def _loaded(kind: str, **params: Any) -> Split:
    return load(DataSpec(kind, {"samples": 60, **params}), None)


def _pairs(split: Split) -> list[tuple[np.ndarray, np.ndarray]]:
    """Every sample of both parts with its target."""
    parts = (
        (split.train_inputs, split.train_targets),
        (split.validation_inputs, split.validation_targets),
    )
    return [pair for inputs, targets in parts for pair in zip(inputs, targets, strict=True)]


@pytest.mark.parametrize("kind", ALL)
def test_arrays_are_as_described(kind: str) -> None:
    spec = DataSpec(kind, {"samples": 60})
    info, split = describe(spec, None), load(spec, None)
    assert info == split.info
    assert info.samples == 60
    assert (len(split.train_inputs), len(split.validation_inputs)) == (48, 12)
    assert split.train_inputs.shape[1:] == split.validation_inputs.shape[1:] == info.input_shape
    assert split.train_targets.shape[1:] == split.validation_targets.shape[1:] == info.target_shape
    assert split.train_inputs.dtype == np.float32
    assert split.train_targets.dtype == (np.int64 if info.classes else np.float32)
    assert len(info.class_names) == info.classes
    assert len(info.input_names) == (0 if info.tokens else info.input_shape[-1])
    if info.classes:
        assert split.train_targets.min() >= 0
        assert split.train_targets.max() < info.classes


@pytest.mark.parametrize("kind", ALL)
def test_the_seed_alone_decides(kind: str) -> None:
    first, again, other = (_loaded(kind, seed=seed) for seed in (3, 3, 4))
    assert np.array_equal(first.train_inputs, again.train_inputs)
    assert np.array_equal(first.train_targets, again.train_targets)
    assert not np.array_equal(first.train_inputs, other.train_inputs)


@pytest.mark.parametrize("length", [10, 11, 50])
def test_adding_asks_for_the_sum_of_the_marked_numbers(length: int) -> None:
    """Hochreiter & Schmidhuber 1997, task 4: values in [−1, 1], target 0.5 + (x₁ + x₂)/4."""
    places = set()
    for inputs, target in _pairs(_loaded("adding", length=length, samples=400)):
        values, marks = inputs.T
        assert values.min() >= -1.0
        assert values.max() <= 1.0
        assert marks[0] == marks[-1] == -1.0
        (marked,) = np.nonzero(marks == 1.0)
        assert np.count_nonzero(marks) == 4
        assert marked[0] < 10
        assert marked[1] < length // 2
        assert target == pytest.approx(
            [0.5 + (values[marked[0]] + values[marked[1]]) / 4], rel=1e-6
        )
        places.update(marked.tolist())
    assert places == set(range(1, length // 2))


def test_always_saying_a_half_is_the_score_to_beat_in_adding() -> None:
    """Var(x) = 1/3 each, so that the target's variance is 2/3/16."""
    targets = _loaded("adding", samples=20_000).train_targets
    assert targets.mean() == pytest.approx(0.5, abs=0.01)
    assert targets.var() == pytest.approx(2 / 3 / 16, rel=0.03)


def test_copy_memory_asks_for_the_symbols_after_the_sign() -> None:
    kept, alphabet, wait = 5, 4, 7
    split = _loaded("copy_memory", kept=kept, alphabet=alphabet, length=wait)
    assert split.info.input_shape == (wait + 2 * kept, alphabet + 2)
    for inputs, targets in _pairs(split):
        assert np.array_equal(inputs.sum(axis=1), np.ones(wait + 2 * kept))
        tokens = inputs.argmax(axis=1).tolist()
        assert tokens[kept:] == [alphabet] * (wait - 1) + [alphabet + 1] + [alphabet] * kept
        assert targets.tolist() == [alphabet] * (wait + kept) + tokens[:kept]
        assert max(tokens[:kept]) < alphabet


def test_recall_shows_its_symbol_at_the_first_step_only() -> None:
    quiet = _loaded("recall", length=12, noise=0.0)
    for inputs, target in _pairs(quiet):
        assert inputs[0].tolist() == [float(place == target) for place in range(8)]
        assert not inputs[1:].any()
    noisy = _loaded("recall", length=12, noise=0.5, samples=2_000)
    assert noisy.train_inputs[:, 1:].std() == pytest.approx(0.5, rel=0.02)
    assert np.array_equal(noisy.train_inputs[:, 0].argmax(axis=1), noisy.train_targets)
    shares = np.bincount(noisy.train_targets, minlength=8) / len(noisy.train_targets)
    np.testing.assert_allclose(shares, 1 / 8, atol=0.03)


@pytest.mark.parametrize(("length", "wait"), [(3, 1), (30, 20), (12, 0)])
def test_delayed_xor_is_true_where_the_marked_bits_differ(length: int, wait: int) -> None:
    split = _loaded("delayed_xor", length=length, wait=wait, samples=1_000)
    differing = []
    for inputs, target in _pairs(split):
        bits, marks = inputs.T
        (marked,) = np.nonzero(marks)
        assert len(marked) == 2
        assert marked.max() < length - wait
        assert set(np.unique(bits)) <= {-1.0, 1.0}
        assert target == (bits[marked[0]] != bits[marked[1]])
        differing.append(target)
    assert np.mean(differing) == pytest.approx(0.5, abs=0.06)


def test_neither_marked_bit_tells_anything_about_their_xor() -> None:
    pairs = _pairs(_loaded("delayed_xor", samples=4_000))
    first = np.array([inputs[np.argmax(inputs[:, 1]), 0] for inputs, _ in pairs])
    targets = np.array([target for _, target in pairs])
    assert abs(np.corrcoef(first, targets)[0, 1]) < 0.05


@pytest.mark.parametrize("answers", ["last", "every"])
def test_a_sine_follows_from_its_last_two_values(answers: str) -> None:
    """x_{t+1} = 2 cos(ω) x_t − x_{t−1}, and ω follows from three values in a row."""
    split = _loaded("sine_forecast", noise=0.0, answers=answers, length=30)
    for inputs, targets in _pairs(split):
        x = inputs[:, 0].astype(np.float64)
        middle = x[1:-1]
        twice_cosine = (middle * (x[2:] + x[:-2])).sum() / (middle**2).sum()
        following = twice_cosine * x[1:] - x[:-1]
        wanted = following if answers == "every" else following[-1:]
        found = targets[1:, 0] if answers == "every" else targets
        np.testing.assert_allclose(found, wanted, atol=1e-4)


def test_sine_noise_is_on_the_inputs_alone() -> None:
    quiet, noisy = (_loaded("sine_forecast", noise=noise, samples=500) for noise in (0.0, 0.3))
    assert np.array_equal(quiet.train_targets, noisy.train_targets)
    difference = noisy.train_inputs - quiet.train_inputs
    assert difference.std() == pytest.approx(0.3, rel=0.03)


@pytest.mark.parametrize("lower_case", [True, False])
@pytest.mark.parametrize("answers", ["every", "last"])
def test_characters_of_the_book_can_be_read_again(answers: str, lower_case: bool) -> None:
    split = _loaded("book", answers=answers, lower_case=lower_case, length=25)
    text = BOOK.read_text("ascii")
    text = text.lower() if lower_case else text
    letters = sorted(set(text))
    assert split.info.tokens == split.info.classes == len(letters) == (46 if lower_case else 72)
    places = {text[start : start + 26] for start in range(0, len(text), 25)}
    for inputs, targets in _pairs(split):
        window = "".join(letters[int(token)] for token in inputs)
        found = "".join(letters[int(target)] for target in np.atleast_1d(targets))
        if answers == "every":
            assert found[:-1] == window[1:]
        assert window + found[-1] in places


def test_windows_of_the_book_share_no_character() -> None:
    info = describe(DataSpec("book", {"length": 50, "samples": 1_000_000}), None)
    assert info.samples == (len(BOOK.read_text("ascii")) - 1) // 50
    split = load(DataSpec("book", {"length": 50, "samples": 1_000_000}), None)
    windows = {inputs.tobytes() for inputs, _ in _pairs(split)}
    assert len(windows) > 0.99 * info.samples


def test_the_book_is_the_public_domain_text_that_is_named() -> None:
    text = BOOK.read_text("ascii")
    assert text.startswith("                ALICE'S ADVENTURES IN WONDERLAND\n")
    assert text.rstrip().endswith("THE END")
    assert text.count("CHAPTER") == 12
    assert len(text) == 148_476


def test_tokens_are_never_standardised() -> None:
    inputs = _loaded("book").train_inputs
    assert np.array_equal(inputs, np.round(inputs))
    names = [parameter.name for parameter in DATA_SETS["book"].parameters]
    assert "standardise" not in names


@pytest.mark.parametrize(
    ("kind", "params", "word"),
    [
        ("delayed_xor", {"length": 10, "wait": 9}, "Make the wait shorter"),
        ("adding", {"length": 5_000, "samples": 200_000}, "Use fewer samples"),
        ("adding", {"length": 9}, "from 10 to"),
        ("recall", {"symbols": 1}, "from 2 to"),
        ("book", {"answers": "some"}, "must be one of"),
    ],
)
@pytest.mark.parametrize("read", [describe, load])
def test_settings_that_do_not_fit_get_a_sentence(
    kind: str, params: dict[str, Any], word: str, read: Callable[..., Any]
) -> None:
    with pytest.raises(DataError, match=word):
        read(DataSpec(kind, params), None)
