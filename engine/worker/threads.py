"""How many threads train a network fastest: measured on a copy of it before the run."""

import time
from collections.abc import Callable

import torch

from .devices import cores, random_states, restore_random_states
from .trainer import Trainer

SMALL_STEP = 0.003
"""Seconds; a step that is shorter on one thread has nothing to share out."""
WORTH = 0.9
"""More threads are used only when they need less than this share of the time."""
_REPEATS = 3


def use_threads(trainer: Trainer) -> int:
    """Set torch's number of threads to what the settings say, or to the fastest; the run itself is not touched."""
    threads = trainer.config.threads
    if not threads:
        random = random_states(trainer.device)
        on_processor = trainer.device.type == "cpu"
        threads = fastest(measured_by(trainer.rehearsal()), cores()) if on_processor else 1
        restore_random_states(trainer.device, random)
    torch.set_num_threads(threads)
    return threads


def candidates(cores: int) -> list[int]:
    """The numbers of threads that are tried: 1, 2, 4, … and all cores."""
    powers = [1 << place for place in range(cores.bit_length()) if 1 << place < cores]
    return [*powers, cores]


def fastest(measure: Callable[[int], float], cores: int) -> int:
    """The number of threads with the shortest `measure`, in seconds; few when more bring little."""
    best, least = 1, measure(1)
    if least < SMALL_STEP:
        return 1
    for threads in candidates(cores)[1:]:
        seconds = measure(threads)
        if seconds < WORTH * least:
            best, least = threads, seconds
    return best


def measured_by(step: Callable[[], None]) -> Callable[[int], float]:
    """Times a step with a number of threads: the shortest of a few, after one to warm up."""

    def measure(threads: int) -> float:
        torch.set_num_threads(threads)
        step()
        return min(_seconds(step) for _ in range(_REPEATS))

    return measure


def _seconds(step: Callable[[], None]) -> float:
    begun = time.perf_counter()
    step()
    return time.perf_counter() - begun
