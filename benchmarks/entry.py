"""How a module of this package is run as a program: expected errors are a line, not a traceback."""

from __future__ import annotations

import sys
from collections.abc import Callable

from fer_edge.errors import FerEdgeError
from fer_edge.terminal import stderr


def run_command(command: Callable[[], object]) -> None:
    """Call a click command with the command line's arguments, and exit with its error's code."""
    try:
        command()
    except FerEdgeError as error:
        stderr().print(f"error: {error}", markup=False)
        sys.exit(error.exit_code)
