"""Threads that may hang in a driver, an encoder or a disk for ever, and the end of a process despite them."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable, Collection
from typing import NoReturn


class AbandonableThread(threading.Thread):
    """A thread that does not keep the program from ending: a daemon."""

    def __init__(self, target: Callable[[], None], name: str) -> None:
        """Prepare it; `start` starts it."""
        super().__init__(target=target, name=name, daemon=True)


def exit_process(code: int, others: Collection[threading.Thread] = ()) -> NoReturn:
    """End the process with a code, when standard output and standard error have been flushed.

    The interpreter's own end would unwind the C++ frames of a thread that comes back from native code, which aborts
    the process with SIGABRT (until Python 3.14). So it is left out where such a thread still runs.

    Args:
        code: Exit code.
        others: Threads that are no reason for that.
    """
    running = (thread for thread in threading.enumerate() if thread not in others)
    if any(isinstance(thread, AbandonableThread) for thread in running):
        os._exit(code)
    sys.exit(code)
