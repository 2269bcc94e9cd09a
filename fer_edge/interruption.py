"""Ctrl-C and SIGTERM at a moment when they would leave something half done."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager


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


def _defer(stack: ExitStack) -> None:
    """Record signals until `stack` ends, which restores their handlers and then calls that of the first signal."""
    received: list[int] = []
    stack.callback(lambda: signal.raise_signal(received[0]) if received else None)
    for number in (signal.SIGINT, signal.SIGTERM):
        handler = signal.getsignal(number)
        if handler is not None:  # else it was not installed from Python, which cannot restore it
            stack.callback(signal.signal, number, handler)
            signal.signal(number, lambda number, _frame: received.append(number))
