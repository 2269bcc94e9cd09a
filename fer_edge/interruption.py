"""Ctrl-C and SIGTERM at a moment when they would leave something half done."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

if sys.platform != "win32":
    from multiprocessing import resource_tracker


@contextmanager
def interruptions_deferred() -> Iterator[None]:
    """Handle Ctrl-C and SIGTERM after the block, rather than between any two steps of it.

    For short blocks: one that creates something and registers its removal, so that no interruption leaves it behind, or
    native code that calls Python, and turns an interruption there into an error of its own.
    Python handles signals in the main thread only; in another thread nothing is done.
    """
    with ExitStack() as stack:
        if threading.current_thread() is threading.main_thread():
            _defer(stack)
        yield


@contextmanager
def interruptions_kept_from_children() -> Iterator[None]:
    """Handle Ctrl-C and SIGTERM after the block, and keep Ctrl-C from the processes that it starts for good.

    A terminal sends Ctrl-C to them as well, which would end each with a traceback; whoever starts them ends them.
    """
    with interruptions_deferred(), ExitStack() as stack:
        if sys.platform != "win32":  # the mask is inherited by threads and processes
            resource_tracker.ensure_running()  # its start would let Ctrl-C through again, in the thread that starts it
            before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
            stack.callback(signal.pthread_sigmask, signal.SIG_SETMASK, before)
        yield


def _defer(stack: ExitStack) -> None:
    """Record signals until `stack` ends, which restores their handlers and then calls that of the first signal."""
    received: list[int] = []
    stack.callback(lambda: signal.raise_signal(received[0]) if received else None)
    for number in (signal.SIGINT, signal.SIGTERM):
        handler = signal.getsignal(number)
        if handler is not None:  # else it was not installed from Python, which cannot restore it
            stack.callback(signal.signal, number, handler)
            signal.signal(number, lambda number, _frame: received.append(number))
