"""The `fer-edge` command, also as `python -m fer_edge`; Ctrl-C while it is imported leaves no traceback either."""

from __future__ import annotations

import os
from typing import NoReturn

__all__ = ["main"]

_EXIT_INTERRUPTED = 130


def main() -> NoReturn:
    """Run the command line and exit with its code."""
    try:
        from fer_edge.cli import main as run_command_line

        run_command_line()
    except KeyboardInterrupt:  # before or after the command itself, which handles its own
        os._exit(_EXIT_INTERRUPTED)


if __name__ == "__main__":
    main()
