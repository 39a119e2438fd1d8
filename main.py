"""The only entry of Gradient Lab: the window by default, sub-commands for work without one."""

import argparse
import io
import os
import sys
from collections.abc import Sequence
from pathlib import Path

USAGE_ERROR = 2
INTERRUPTED = 130
COMMANDS = ("window", "train", "check", "theory", "experiment", "examine", "schema", "worker")

HOW_TO_GET_A_WINDOW = (
    "Start the lab on a desktop, or over ssh with -X, or on a virtual screen (xvfb-run, VNC) "
    "to get the window; until then the network trains here, in the terminal"
)

EXAMPLES = """examples:
  python main.py                                     open the window
  python main.py NETWORK.json                        open the window with a network
  python main.py check NETWORK.json                  what is wrong with a network, and where
  python main.py train NETWORK.json --epochs 5       train it here, with a progress bar
  python main.py train NETWORK.json --json           the same, one JSON object an epoch
  python main.py train NETWORK.json --data moons     another data set
  python main.py train NETWORK.json --data flowers.csv --label kind --seed 3 --out run.csv
  python main.py theory NETWORK.json --measure       variance and gradient as theory has them, and as they are
  python main.py examine NETWORK.json --epochs 5     dead units, ranks, gradient noise, Jacobian
  python main.py experiment --list                   statements of the papers that can be measured here
  python main.py experiment he2015                   measure one: expected, measured, verdict
  python main.py experiment --all                    measure all, in less than ten minutes
  python main.py schema                              the JSON Schema of network files
"""


def make_parser() -> argparse.ArgumentParser:
    """The command line, with all its sub-commands."""
    parser = argparse.ArgumentParser(
        prog="main.py",
        description="See why deep networks fail to train, and fix them.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=_version())
    commands = parser.add_subparsers(dest="command", metavar="command")
    window = commands.add_parser("window", help="open the window (the default)")
    window.add_argument("network", type=Path, nargs="?", metavar="NETWORK.json")
    train = commands.add_parser("train", help="train a network without a window")
    train.add_argument("network", type=Path, metavar="NETWORK.json")
    train.add_argument(
        "--data", metavar="KIND|FILE.csv", help="a data set instead of the network's own"
    )
    train.add_argument(
        "--label", metavar="COLUMN", help="label column of the CSV file (else the last one)"
    )
    train.add_argument(
        "--epochs", type=int, metavar="N", help="number of epochs instead of the network's own"
    )
    train.add_argument("--seed", type=int, metavar="S", help="seed instead of the network's own")
    train.add_argument(
        "--out", type=Path, metavar="RUN.csv", help="write a row for each epoch and layer"
    )
    train.add_argument("--json", action="store_true", help="print one JSON object an epoch")
    check = commands.add_parser("check", help="say what is wrong with a network, and where")
    check.add_argument("network", type=Path, metavar="NETWORK.json")
    theory = commands.add_parser("theory", help="predict variance and gradients before training")
    theory.add_argument("network", type=Path, metavar="NETWORK.json")
    theory.add_argument(
        "--measure", action="store_true", help="put the network's own figures at epoch 0 beside"
    )
    theory.add_argument(
        "--seeds", type=int, default=5, metavar="N", help="networks to measure (default 5)"
    )
    theory.add_argument("--json", action="store_true", help="print one JSON object")
    _add_experiment(commands.add_parser("experiment", help="measure what the papers state"))
    examine = commands.add_parser("examine", help="look thoroughly: dead units, ranks, noise")
    examine.add_argument("network", type=Path, metavar="NETWORK.json")
    examine.add_argument(
        "--epochs", type=int, default=0, metavar="N", help="train so many epochs first (default 0)"
    )
    examine.add_argument("--json", action="store_true", help="print one JSON object")
    commands.add_parser("schema", help="print the JSON Schema of network files")
    commands.add_parser("worker", help="the training process (started by the window)")
    return parser


def _add_experiment(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", nargs="?", metavar="NAME", help="one experiment; see --list")
    parser.add_argument("--list", action="store_true", help="list the experiments")
    parser.add_argument("--all", action="store_true", help="measure all of them")
    parser.add_argument("--json", action="store_true", help="print one JSON object an experiment")
    parser.add_argument(
        "--seeds", type=int, metavar="N", help="number of seeds instead of each experiment's own"
    )
    parser.add_argument("--jobs", type=int, metavar="N", help="processes to use (1; with --all 2)")


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command; the exit code: 0 well, 1 no window or a statement that differs, 2 bad input, 130 interrupted."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    if not arguments or not (arguments[0] in COMMANDS or arguments[0].startswith("-")):
        arguments.insert(0, "window")
    _survive_narrow_encodings()
    try:
        return _run(make_parser().parse_args(arguments))
    except KeyboardInterrupt:
        sys.stderr.write("Interrupted\n")
        return INTERRUPTED
    except BrokenPipeError:
        # whoever read our output has gone; writing the rest of it would only fail again
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except OSError as error:
        sys.stderr.write(f"Cannot write the output: {error.strerror or error}.\n")
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return USAGE_ERROR


def _survive_narrow_encodings() -> None:
    """On a terminal that is not UTF-8, a sign that it lacks becomes a question mark instead of a traceback."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")


def _run(options: argparse.Namespace) -> int:
    if options.command == "window":
        return _open_window(options.network)
    if options.command == "worker":
        from engine.language import speak

        speak()
        from engine.worker.serve import main as serve

        return serve()
    if options.command == "experiment":
        from engine.terminal.experiment import ExperimentOptions, experiment

        return experiment(ExperimentOptions.of(options))
    if options.command == "examine":
        from engine.terminal.examine import ExamineOptions, examine

        return examine(ExamineOptions.of(options))
    from engine.terminal import commands

    if options.command == "train":
        return commands.train(commands.TrainOptions.of(options))
    if options.command == "check":
        return commands.check(options.network)
    if options.command == "theory":
        from engine.terminal.theory import TheoryOptions, theory

        return theory(TheoryOptions.of(options))
    return commands.schema()


def _open_window(network: Path | None) -> int:
    from gui import preflight

    packages = preflight.missing_packages()
    if packages:
        return _cannot_open(preflight.packages_sentence(packages))
    nowhere = preflight.display_problem()
    if nowhere is not None:
        return _without_window(network, nowhere)
    lacking = preflight.library_problem()
    if lacking is not None:
        return _cannot_open(lacking)
    _speak_as_chosen()
    from gui.app import run

    return run(network)


def _speak_as_chosen() -> None:
    """Before the window's parts are loaded, which are declared in the language that holds then."""
    from platformdirs import PlatformDirs

    from engine.language import chosen, speak

    speak(chosen(PlatformDirs("gradient-lab", appauthor=False).user_config_path))


def _without_window(network: Path | None, reason: str) -> int:
    """Say why there is no window and how to get one, and train in the terminal meanwhile."""
    from engine.terminal import commands

    sys.stderr.write(f"{reason}. {HOW_TO_GET_A_WINDOW}\n")
    return commands.live(network)


def _cannot_open(sentence: str) -> int:
    sys.stderr.write(f"{sentence}\n")
    return 1


def _version() -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return f"Gradient Lab {version('gradient-lab')}"
    except PackageNotFoundError:
        return "Gradient Lab (not installed)"


if __name__ == "__main__":
    sys.exit(main())
