"""The only entry: the window by default, sub-commands for work without one."""

import sys
from pathlib import Path


def main(argv=None):
    args = list(sys.argv[1:] if argv is None else argv)
    if args and args[0] == "worker":
        from engine.worker.serve import main as serve
        return serve()
    from gui.app import run
    return run(Path(args[0]) if args else None)


if __name__ == "__main__":
    sys.exit(main())
