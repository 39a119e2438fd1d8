"""Carrying experiments out, a seed at a time, here or in processes beside."""

import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Generator, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass

import torch

from . import EXPERIMENTS
from .experiment import Measurements


@dataclass(frozen=True, slots=True)
class Job:
    """One experiment under one seed."""

    name: str
    seed: int


@dataclass(frozen=True, slots=True)
class Done:
    """What a job measured, and how many seconds it took."""

    job: Job
    measured: Measurements
    seconds: float


def carry_out(job: Job) -> Done:
    """Do a job in this process, on one thread: small networks are fastest so."""
    torch.set_num_threads(1)
    begun = time.perf_counter()
    measured = EXPERIMENTS[job.name].run(job.seed)
    return Done(job, measured, time.perf_counter() - begun)


def carry_out_all(jobs: Sequence[Job], processes: int) -> Generator[Done, None, None]:
    """Do jobs, yielding each when it is done; closing the iterator ends what is under way.

    With one process they are done here, in their order; `BrokenExecutor` when a process is killed.
    """
    if min(processes, len(jobs)) <= 1:
        yield from map(carry_out, jobs)
        return
    context = multiprocessing.get_context("spawn")
    executor = ProcessPoolExecutor(min(processes, len(jobs)), context, _follow_parent)
    futures: list[Future[Done]] = []
    try:
        with _interrupt_ignored():
            futures = [executor.submit(carry_out, job) for job in jobs]
        for future in as_completed(futures):
            yield future.result()
    finally:
        if not all(future.done() for future in futures):
            for process in multiprocessing.active_children():
                process.terminate()
        # Waits for the pool's own thread: one that is left over may fail, loudly, at the interpreter's exit.
        executor.shutdown(cancel_futures=True)


@contextmanager
def _interrupt_ignored() -> Iterator[None]:
    """Processes started meanwhile ignore Ctrl-C, which is this process's to answer."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _follow_parent() -> None:
    """End at once when the parent is gone, even if it was killed."""
    parent = multiprocessing.parent_process()
    assert parent is not None

    def wait() -> None:
        parent.join()
        os._exit(1)

    threading.Thread(target=wait, daemon=True).start()
