"""What the data page says of sequences."""

from engine.data import DataSpec, describe
from gui.inspector.data_page import facts


def test_tokens_and_targets_of_each_step_are_named() -> None:
    text = facts(describe(DataSpec("book", {"length": 40, "samples": 1_000}), None))
    assert "1,000 samples, each 40 tokens of 46" in text
    assert "46 classes, one for each of 40 steps: ⏎, ␣, !" in text


def test_a_sequence_with_one_answer_has_plain_facts() -> None:
    text = facts(describe(DataSpec("recall", {"length": 20}), None))
    assert text == "2,000 samples, each 20 × 8\n8 classes: 1, 2, 3, 4, 5, 6, 7, 8"
