"""Keeps native libraries' start-up chatter off the terminal."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

import fer_edge.cli.consoles  # noqa: F401  # they must be made before anything is redirected
from fer_edge.errors import FerEdgeError


@contextmanager
def native_stderr_muffled() -> Iterator[None]:
    """Hold back what is written to file descriptor 2 in the block, and show it only if the block fails unexpectedly.

    TensorFlow logs to it from C++ before any of its settings is read, so no environment variable helps.
    """
    sys.stderr.flush()
    with tempfile.TemporaryFile() as held_back:
        original = os.dup(2)
        os.dup2(held_back.fileno(), 2)
        try:
            yield
        except FerEdgeError:
            raise  # its message says all there is to say
        except BaseException:
            held_back.seek(0)
            os.write(original, held_back.read())
            raise
        finally:
            os.dup2(original, 2)
            os.close(original)
