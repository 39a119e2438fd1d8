"""`python -m tests.benchmarks NAME`: run a benchmark, print its table, exit 1 when a limit is not kept."""

import importlib
import sys
from pathlib import Path


def names() -> list[str]:
    """The benchmarks: every other module of this folder."""
    found = (path.stem for path in Path(__file__).parent.glob("*.py"))
    return sorted(name for name in found if not name.startswith("_"))


def main(arguments: list[str]) -> int:
    """Run the benchmark that is named first; the rest is its own."""
    if not arguments or arguments[0] not in names():
        sys.stderr.write(f"Name a benchmark: {', '.join(names())}\n")
        return 2
    module = importlib.import_module(f"tests.benchmarks.{arguments[0]}")
    return int(module.main(arguments[1:]))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
