from __future__ import annotations

import signal
import threading

import pytest

from fer_edge.interruption import interruptions_deferred


class EndedError(Exception):
    pass


def test_signal_takes_effect_after_the_block_once() -> None:
    before = signal.getsignal(signal.SIGINT)
    steps: list[str] = []

    def work() -> None:
        with interruptions_deferred():
            signal.raise_signal(signal.SIGINT)
            signal.raise_signal(signal.SIGINT)
            steps.append("whole")

    with pytest.raises(KeyboardInterrupt):
        work()
    assert steps == ["whole"]
    assert signal.getsignal(signal.SIGINT) is before


def test_block_in_a_block_waits_for_the_outer_one() -> None:
    steps: list[str] = []

    def work() -> None:
        with interruptions_deferred():
            with interruptions_deferred():
                signal.raise_signal(signal.SIGINT)
            steps.append("whole")

    with pytest.raises(KeyboardInterrupt):
        work()
    assert steps == ["whole"]


def test_sigterm_calls_the_handler_that_was_installed() -> None:
    def end(_number: int, _frame: object) -> None:
        raise EndedError

    before = signal.signal(signal.SIGTERM, end)
    try:
        with pytest.raises(EndedError), interruptions_deferred():
            signal.raise_signal(signal.SIGTERM)
        assert signal.getsignal(signal.SIGTERM) is end
    finally:
        signal.signal(signal.SIGTERM, before)


def test_error_of_the_block_restores_the_handlers() -> None:
    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(EndedError), interruptions_deferred():
        raise EndedError
    assert signal.getsignal(signal.SIGINT) is before


def test_another_thread_may_use_it() -> None:
    entered = []

    def enter() -> None:
        with interruptions_deferred():
            entered.append(True)

    thread = threading.Thread(target=enter)
    thread.start()
    thread.join()
    assert entered == [True]
