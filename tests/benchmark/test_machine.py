from __future__ import annotations

import json
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from fer_edge.benchmark import machine
from fer_edge.benchmark.machine import Look, Watch, find_faults, machine_facts, take_look
from fer_edge.board import Throttling

BEFORE = Look(seconds=100.0, clock_mhz=1800.0, throttling=Throttling((), ()), busy_s=1000.0, own_s=10.0, stolen_s=3.0)
AFTER = replace(BEFORE, seconds=110.0, busy_s=1010.0, own_s=20.0)
"""Ten seconds later, in which this process used one core, and nobody else did anything."""


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({}, None),
        # 0.9 s of 10 s, then 1.1 s.
        ({"busy_s": 1010.9}, None),
        ({"busy_s": 1011.1}, "other processes took 11% of a core"),
        ({"busy_s": 1040.0}, "other processes took 300% of a core"),
        ({"stolen_s": 3.9}, None),
        ({"stolen_s": 4.5}, "host withheld 15% of a core"),
        ({"clock_mhz": 1700.0}, None),
        ({"clock_mhz": 1500.0}, "the clock fell from 1800 to 1500 MHz"),
        ({"clock_mhz": 2400.0}, None),
        ({"throttling": Throttling(("throttled",), ("throttled",))}, "the board was throttled: throttled"),
        ({"throttling": Throttling((), ("under-voltage",))}, "the board was throttled: under-voltage"),
    ],
)
def test_faults_are_found(changes: dict[str, Any], fault: str | None) -> None:
    found = list(find_faults([BEFORE, replace(AFTER, **changes)]))
    assert len(found) == (fault is not None)
    assert all(fault in each for each in found if fault)


def test_throttling_before_the_run_is_no_fault() -> None:
    throttling = Throttling((), ("under-voltage", "throttled"))
    assert not list(find_faults([replace(BEFORE, throttling=throttling), replace(AFTER, throttling=throttling)]))


def test_fault_between_first_and_last_look_is_found() -> None:
    between = replace(AFTER, seconds=105.0, clock_mhz=600.0, throttling=Throttling(("frequency capped",), ()))
    assert list(find_faults([BEFORE, between, AFTER])) == [
        "the board was throttled: frequency capped",
        "the clock fell from 1800 to 600 MHz",
    ]


def test_system_without_readings_has_no_faults() -> None:
    assert not list(find_faults([Look(1.0), Look(2.0)]))


@pytest.mark.skipif(not machine.PROC_STAT.is_file(), reason="only Linux counts others' processor time")
def test_load_of_another_process_is_found() -> None:
    # It ends after the run; a child that ends within it counts as this process's own work.
    with subprocess.Popen([sys.executable, "-c", "while True: pass"]) as other:
        try:
            with Watch() as watch:
                time.sleep(1.5)
        finally:
            other.kill()
    (fault, *_) = (each for each in watch.board().faults if "other processes" in each)
    assert int(fault.split("%")[0].split()[-1]) > 30


@pytest.mark.skipif(not machine.PROC_STAT.is_file(), reason="only Linux counts others' processor time")
def test_load_of_this_process_and_its_children_is_no_fault() -> None:
    before = take_look()
    subprocess.run([sys.executable, "-c", "import time\nwhile time.process_time() < 0.6: pass"], check=True)
    after = take_look()
    assert before.busy_s is not None
    assert after.busy_s is not None
    # The child's 0.6 s, in times that are counted in hundredths, and up to 0.1 s of each look.
    assert after.own_s - before.own_s >= 0.5
    assert after.busy_s - before.busy_s >= after.own_s - before.own_s - 0.1


def test_board_is_json(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(machine, "PROC_STAT", tmp_path / "none")
    with Watch() as watch:
        watch.look()
    board = watch.board()
    assert board.faults == () or "clock" in board.faults[0]
    assert set(board.before) == {"clock_mhz", "governor", "temperature_c", "throttling", "load_average"}
    for part in (board.facts, board.before, board.after):
        assert json.loads(json.dumps(part)) == part


def test_interrupted_run_is_not_read_again() -> None:
    watch = Watch()
    with pytest.raises(KeyboardInterrupt), watch:
        raise KeyboardInterrupt
    assert len(watch._looks) == 1


def test_machine_facts() -> None:
    facts = machine_facts()
    assert facts["python_bits"] in (32, 64)
    assert facts["cores"] >= 1
    assert facts["versions"]["python"] == ".".join(map(str, sys.version_info[:3]))
