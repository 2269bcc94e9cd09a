from __future__ import annotations

import multiprocessing
import signal
import sys
import threading

import pytest

from fer_edge.interruption import interruptions_deferred, interruptions_kept_from_children


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


@pytest.mark.skipif(sys.platform == "win32", reason="there are no signal masks")
def test_processes_of_the_block_get_no_ctrl_c_though_a_thread_spawns_them() -> None:
    masks: list[set[int]] = []

    def spawn() -> None:
        context = multiprocessing.get_context("spawn")
        with context.Pool(1) as pool:
            masks.append(set(pool.apply(signal.pthread_sigmask, (signal.SIG_BLOCK, ()))))

    with interruptions_kept_from_children():
        thread = threading.Thread(target=spawn)
        thread.start()
    thread.join()
    assert signal.SIGINT in masks[0]
    assert signal.SIGINT not in signal.pthread_sigmask(signal.SIG_BLOCK, ())


def test_ctrl_c_while_children_are_started_comes_after_the_block() -> None:
    steps = []

    def start() -> None:
        with interruptions_kept_from_children():
            signal.raise_signal(signal.SIGINT)
            steps.append("still in the block")

    with pytest.raises(KeyboardInterrupt):
        start()
    assert steps == ["still in the block"]
