"""Work beside the training: the same outcome in a thread and without one, faults included."""

import threading
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from engine.stats import EpochStats
from engine.training.packing import pack_epoch
from engine.worker import trainer as trainer_module
from engine.worker.aside import Aside, has_idle_core
from engine.worker.trainer import Trainer


@pytest.mark.parametrize("threaded", [False, True])
def test_the_outcome_is_waited_for(threaded: bool) -> None:
    said: list[str] = []

    def work() -> int:
        said.append(threading.current_thread().name)
        return 7

    aside = Aside(work, threaded=threaded)
    assert aside.result() == 7
    assert aside.result() == 7
    assert (said == ["aside"]) == threaded


@pytest.mark.parametrize("threaded", [False, True])
def test_a_fault_is_raised_where_the_outcome_is_asked_for(threaded: bool) -> None:
    def work() -> None:
        raise ValueError("no room")

    aside = Aside(work, threaded=threaded)
    with pytest.raises(ValueError, match="no room"):
        aside.result()


def test_a_core_is_idle_when_fewer_threads_train(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.worker.aside.cores", lambda: 4)
    monkeypatch.setattr(torch, "get_num_threads", lambda: 3)
    assert has_idle_core(torch.device("cpu"))
    assert not has_idle_core(torch.device("meta"))
    monkeypatch.setattr(torch, "get_num_threads", lambda: 4)
    assert not has_idle_core(torch.device("cpu"))


def _trained(trainer: Trainer, epochs: int) -> tuple[list[EpochStats], dict[str, torch.Tensor]]:
    stats = []
    for _ in range(epochs):
        while not trainer.epoch_is_over:
            trainer.step()
        stats.append(replace(trainer.end_epoch(), seconds=0.0))
    return stats, trainer.model.state_dict()


def test_a_look_in_a_thread_finds_and_changes_the_same(
    trainer: Callable[..., Trainer], monkeypatch: pytest.MonkeyPatch
) -> None:
    layers: tuple[Any, ...] = (
        ("Linear", {"out_features": 16}),
        ("BatchNorm1d", {}),
        ("Sigmoid", {}),
        ("Dropout", {"p": 0.3}),
        ("Linear", {"out_features": 8}),
        ("ReLU", {}),
        ("Linear", {"out_features": 2}),
    )
    threads: list[str] = []
    found = []
    for worth in (0, 10**12):
        monkeypatch.setattr(trainer_module, "WORTH_A_THREAD", worth)
        monkeypatch.setattr(trainer_module, "has_idle_core", lambda _device: True)
        monkeypatch.setattr(
            trainer_module,
            "Aside",
            lambda work, threaded: (threads.append(str(threaded)), Aside(work, threaded=threaded))[
                1
            ],
        )
        found.append(_trained(trainer(*layers, batch_size=7), 3))
    assert threads == ["True"] * 3 + ["False"] * 3
    (there, weights), (here, same) = found
    assert [pack_epoch(stats) for stats in there] == [pack_epoch(stats) for stats in here]
    assert all(torch.equal(weights[name], same[name]) for name in weights)
    assert np.isfinite(there[-1].layers.activation_gradient_rms).any()
