"""Epochs as bytes for the disk: nothing is lost, nothing broken is believed."""

import numpy as np
import pytest

from engine.stats import DISTRIBUTIONS, EpochStats, bin_values
from engine.training import FrameError
from engine.training.framing import decode_message, frame
from engine.training.messages import EpochEnded
from engine.training.packing import pack_epoch, unpack_epoch

from .long_runs import assert_same, epoch, with_everything


@pytest.mark.parametrize("layers", [1, 7])
def test_an_epoch_comes_back_bit_by_bit(layers: int) -> None:
    whole = with_everything(epoch(4, layers))
    assert_same(unpack_epoch(pack_epoch(whole), layers), whole)
    wired = decode_message(frame(EpochEnded(1, whole))[4:])
    assert isinstance(wired, EpochEnded)
    assert_same(unpack_epoch(pack_epoch(wired.stats), layers), whole)


@pytest.mark.parametrize("largest", [0, 1, 255, 256, 65_535, 65_536, 2**32 - 1])
def test_counts_of_any_size_come_back(largest: int) -> None:
    whole = epoch(1, 2, special=False)
    whole.layers.weights.counts[:] = 0
    whole.layers.weights.counts[1, ::7] = np.linspace(0, largest, 37).astype(np.uint32)
    whole.layers.weights.zeros[:] = [2**62, -5]
    again = unpack_epoch(pack_epoch(whole), 2).layers.weights
    assert again.counts.tolist() == whole.layers.weights.counts.tolist()
    assert again.zeros.tolist() == [2**62, -5]


def test_packing_makes_normal_distributions_small() -> None:
    whole, random = epoch(1, 5, special=False), np.random.default_rng(0)
    for name in DISTRIBUTIONS:
        found = getattr(whole.layers, name)
        for row in range(len(found.mean)):
            found.set_histogram(row, bin_values(random.normal(size=4_000)))
    assert len(pack_epoch(whole)) < len(frame(EpochEnded(1, whole))) / 4


def test_an_epoch_of_another_network_is_refused() -> None:
    with pytest.raises(FrameError, match="shape"):
        unpack_epoch(pack_epoch(epoch(1, 3)), 4)


def _damaged() -> list[bytes]:
    whole: EpochStats = epoch(2, 2)
    content = pack_epoch(whole)
    mask = content.index(b"packed") + len(b"packed") + 20
    flipped = bytearray(content)
    flipped[mask] ^= 0b0001_0000
    return [b"", content[:-1], content + b"\0", content[:200] + content[201:], bytes(flipped)]


@pytest.mark.parametrize("number", range(5))
def test_a_damaged_record_is_refused(number: int) -> None:
    with pytest.raises(FrameError):
        unpack_epoch(_damaged()[number], 2)
