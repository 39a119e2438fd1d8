"""Devices, precisions and threads: what is chosen, and what is said of what is not there."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import torch

from engine.worker.devices import (
    check_precision,
    choose_device,
    found_devices,
    found_precisions,
    random_states,
    restore_random_states,
)
from engine.worker.prepare import RunError
from engine.worker.threads import SMALL_STEP, candidates, fastest, use_threads
from engine.worker.trainer import Trainer
from tests.engine.worker.wire import CHAIN, NORMALISED

MAKE = Callable[..., Trainer]
CPU = torch.device("cpu")


@pytest.fixture(autouse=True)
def _threads_as_they_were() -> Iterator[None]:
    threads = torch.get_num_threads()
    yield
    torch.set_num_threads(threads)


@pytest.mark.parametrize(
    ("found", "best"),
    [
        (("cpu",), "cpu"),
        (("cpu", "mps"), "mps"),
        (("cpu", "cuda"), "cuda"),
        (("cpu", "cuda", "mps"), "cuda"),
    ],
)
def test_the_best_device_there_is(found: tuple[str, ...], best: str) -> None:
    assert choose_device("auto", found) == torch.device(best)
    for device in found:
        assert choose_device(device, found) == torch.device(device)


def test_a_device_that_is_not_there_is_refused() -> None:
    with pytest.raises(RunError, match=r"device mps.+Choose auto or cpu or cuda"):
        choose_device("mps", ("cpu", "cuda"))


def test_found_devices_are_those_of_torch(trainer: MAKE) -> None:
    found = found_devices()
    assert found[0] == "cpu"
    assert ("cuda" in found) == torch.cuda.is_available()
    for device in ("cuda", "mps"):
        if device not in found:
            with pytest.raises(RunError, match=f"set to the device {device}"):
                trainer(*CHAIN, device=device)
    assert trainer(*CHAIN, device="cpu").device == CPU


def test_precisions_that_a_device_has_not_are_refused(trainer: MAKE) -> None:
    found = found_precisions(["cpu"])["cpu"]
    assert found[0] == "float32"
    for precision in found:
        check_precision(precision, CPU, found)
    with pytest.raises(RunError, match=r"float16, which the device cpu has not\. Choose float32"):
        trainer(*CHAIN, device="cpu", precision="float16")


def test_random_states_come_back() -> None:
    states = random_states(CPU)
    first = torch.rand(5)
    restore_random_states(CPU, states)
    assert torch.equal(torch.rand(5), first)


@pytest.mark.parametrize(
    ("cores", "tried"), [(1, [1]), (2, [1, 2]), (4, [1, 2, 4]), (6, [1, 2, 4, 6])]
)
def test_numbers_of_threads_that_are_tried(cores: int, tried: list[int]) -> None:
    assert candidates(cores) == tried


@pytest.mark.parametrize(
    ("seconds", "best"),
    [
        ({1: 0.1, 2: 0.05, 4: 0.03}, 4),
        ({1: 0.1, 2: 0.05, 4: 0.049}, 2),
        ({1: 0.1, 2: 0.2, 4: 0.08}, 4),
        ({1: 0.1, 2: 0.095, 4: 0.3}, 1),
    ],
)
def test_the_fastest_number_of_threads(seconds: dict[int, float], best: int) -> None:
    assert fastest(seconds.__getitem__, 4) == best


def test_short_steps_are_tried_once() -> None:
    tried: list[int] = []

    def measure(threads: int) -> float:
        tried.append(threads)
        return SMALL_STEP / 2

    assert (fastest(measure, 64), tried) == (1, [1])


@pytest.mark.parametrize("optimizer", ["SGD", "LBFGS"])
def test_a_trial_changes_nothing_of_the_run(trainer: MAKE, optimizer: str) -> None:
    layers = (*NORMALISED[:2], ("Dropout", {"p": 0.4}), *NORMALISED[2:])
    results: list[Any] = []
    for tries in (True, False):
        trained = trainer(*layers, optimizer=optimizer)
        state, random = trained.model.state_dict(), torch.get_rng_state()
        before = {name: tensor.clone() for name, tensor in state.items()}
        if tries:
            use_threads(trained)
        assert torch.equal(random, torch.get_rng_state())
        assert all(torch.equal(tensor, before[name]) for name, tensor in state.items())
        torch.set_num_threads(1)
        results.append([trained.step().loss for _ in range(2)])
    assert results[0] == results[1]


def test_threads_can_be_set(trainer: MAKE) -> None:
    assert use_threads(trainer(*CHAIN, threads=2)) == 2
    assert torch.get_num_threads() == 2
