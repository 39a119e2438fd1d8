"""A process that speaks the worker's language without torch, and misbehaves on request.

Its argument is a scenario: what it does after `WorkerReady`.
"""

import os
import sys
import time

from engine.stats import EpochStats, LayerTable, StepStats
from engine.training import (
    EpochEnded,
    FrameReader,
    LayerInfo,
    Measure,
    Measured,
    Message,
    Progress,
    RunFailed,
    RunFinished,
    RunStarted,
    Shutdown,
    Start,
    Stop,
    WorkerReady,
    decode_command,
    frame,
)

NO_STEPS = StepStats.of([], [], [], [])


def send(message: Message) -> None:
    """Write one frame at once."""
    os.write(1, frame(message))


def epoch(run_id: int, number: int) -> None:
    """An epoch of a run with one layer."""
    table = LayerTable.empty(1, 32)
    stats = EpochStats(number, 1.0, 0.5, 1.1, 0.4, 0.01, 0.1, 12.0, table, NO_STEPS)
    send(EpochEnded(run_id, stats))


def begin(run_id: int) -> None:
    """A run has started and was measured once."""
    layer = LayerInfo("linear_1", "Linear", "Linear 1", True)
    send(RunStarted(run_id, (layer,), 2, 3, 32, 10, 96, 20, "Digits"))
    epoch(run_id, 0)


def misbehave(scenario: str, run_id: int) -> None:
    """Die, write what is no frame, or hear nothing any more, be it with a last word."""
    if scenario == "die":
        os.kill(os.getpid(), 9)
    if scenario == "garbage":
        os.write(1, b"\x00\x00\x00\x04oops")
    if scenario == "muttering":
        time.sleep(0.4)
        epoch(run_id, 1)
    time.sleep(60)


def answer(scenario: str, run_id: int) -> None:
    """What the scenario does with a `Start`."""
    match scenario:
        case "train":
            begin(run_id)
            for number in (1, 2):
                send(
                    Progress(
                        run_id,
                        number,
                        3,
                        StepStats.of([1.0] * 3, [2.0] * 3, [2.0] * 3, [1.0] * 3),
                        False,
                    )
                )
                epoch(run_id, number)
            send(RunFinished(run_id, "completed", 2))
        case "long":
            begin(run_id)
            for number in range(1, 12):
                epoch(run_id, number)
            send(RunFinished(run_id, "completed", 11))
        case "pause":
            begin(run_id)
            send(Progress(run_id, 1, 1, StepStats.of([1.0], [2.0], [2.0], [1.0]), True))
        case "fail":
            send(RunFailed(run_id, "Linear 1 does not fit", "linear_1", "Traceback: here"))
        case "die" | "garbage" | "deaf" | "muttering":
            begin(run_id)
            misbehave(scenario, run_id)
        case "stale":
            begin(run_id + 100)
            begin(run_id)
            epoch(run_id + 100, 1)
            epoch(run_id, 1)
            send(RunFinished(run_id, "completed", 1))


def measure(scenario: str, command: Measure) -> None:
    """A layer whose σ is the number that the document consists of; a slow one takes its time, a mortal one dies.

    Of a real document nothing is measured.
    """
    if scenario == "mortal":
        os.kill(os.getpid(), 9)
    if scenario == "slow":
        time.sleep(0.3)
    if command.network.startswith(b"{"):
        send(Measured(command.request, (), None, "Nothing is measured here"))
        return
    table = LayerTable.empty(1, 32)
    table.activations.std[0] = float(command.network)
    layer = LayerInfo("linear_1", "Linear", "Linear 1", True)
    if scenario == "late":
        send(Measured(command.request - 1, (layer,), table))
    send(Measured(command.request, (layer,), table))


def main() -> int:
    """Serve until standard input ends."""
    scenario = sys.argv[1]
    if scenario == "stillborn":
        sys.stderr.write("no torch here\n")
        return 3
    send(WorkerReady(os.getpid(), "3", "none", ("cpu",)))
    reader = FrameReader()
    while piece := os.read(0, 65_536):
        for body in reader.feed(piece):
            command = decode_command(body)
            match command:
                case Start(run_id=run_id):
                    answer(scenario, run_id)
                case Measure():
                    measure(scenario, command)
                case Stop(run_id=run_id):
                    send(RunFinished(run_id, "stopped", 0))
                case Shutdown():
                    return 0
    return 0


if __name__ == "__main__":
    sys.exit(main())
