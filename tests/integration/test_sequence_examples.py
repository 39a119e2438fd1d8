"""The examples over time, with fewer samples: what each is meant to show can be seen after an epoch or two."""

import math
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from engine.data import DataSpec
from engine.graph import load
from engine.stats import EpochStats
from engine.worker.prepare import prepare
from engine.worker.trainer import Trainer


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def _trained(root: Path, name: str, samples: int, epochs: int) -> list[EpochStats]:
    """Epoch 0 and those that were trained."""
    graph = load(root / "resources" / "examples" / f"{name}.json")
    graph.data = DataSpec(graph.data.kind, {**graph.data.params, "samples": samples})
    trainer = Trainer(prepare(graph, None))
    stats = [trainer.measure()]
    for _ in range(epochs):
        while not trainer.epoch_is_over:
            trainer.step()
        stats.append(trainer.end_epoch())
    return stats


def test_characters_are_soon_told_better_than_by_their_frequency(root: Path) -> None:
    """Without any memory the best loss is the entropy of single characters."""
    text = (root / "resources" / "data" / "alice.txt").read_text("ascii").lower()
    shares = [text.count(letter) / len(text) for letter in set(text)]
    entropy = -sum(share * math.log(share) for share in shares)
    stats = _trained(root, "book_characters_lstm", samples=600, epochs=2)
    assert stats[0].train_loss == pytest.approx(math.log(46), rel=0.05)
    assert stats[-1].validation_loss is not None
    assert stats[-1].validation_loss < 0.85 * entropy


def test_adding_gets_below_the_variance_of_its_target(root: Path) -> None:
    stats = _trained(root, "adding_lstm", samples=2_500, epochs=6)
    assert stats[-1].validation_loss is not None
    assert stats[-1].validation_loss < 0.8 * 2 / 3 / 16


def test_a_default_tanh_network_does_not_learn_to_recall(root: Path) -> None:
    stats = _trained(root, "recall_vanishing_rnn", samples=1_000, epochs=3)
    assert stats[-1].validation_accuracy is not None
    assert stats[-1].validation_accuracy < 0.2
    assert stats[-1].train_loss == pytest.approx(math.log(8), rel=0.03)
