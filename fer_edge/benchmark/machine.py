"""The machine: its facts, its state, and faults that make times invalid."""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from types import TracebackType
from typing import Any

from fer_edge import board
from fer_edge.benchmark.setting import Board
from fer_edge.versions import tool_versions

OTHERS_SHARE = 0.10
"""Share of one core that other processes may take before times are invalid.

A desktop or a Raspberry Pi at rest takes 1-5 %; at 10 % one call in ten may have waited, which shows in p90."""

CLOCK_SHARE = 0.10
"""Share by which the clock may fall before times are invalid.

Readings of a steady clock differ by a few percent; a hot Raspberry Pi slows down in larger steps."""

_BUSY_S = 0.1
"""Seconds of work before the clock is read, as an idle core's clock says nothing."""

PROC_STAT = Path("/proc/stat")


def machine_facts() -> dict[str, Any]:
    """Return constant facts: machine, processor, cores, memory_mb, system, kernel, python_bits, affinity, versions."""
    memory = board.memory_mb()
    return {
        "machine": board.board_model() or platform.machine(),
        "processor": board.processor_name(),
        "cores": os.cpu_count(),
        "memory_mb": memory[1] if memory else None,
        "system": board.system_name(),
        "kernel": f"{platform.system()} {platform.release()}",
        "python_bits": board.userland_bits(),
        "affinity": sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else None,
        "versions": tool_versions(),
    }


@dataclass(frozen=True)
class Look:
    """The machine at one moment.

    Attributes:
        seconds: Monotonic time.
        clock_mhz: Clock of the cores under load.
        governor: Frequency governor.
        temperature_c: Temperature of the processor.
        throttling: Causes that throttle the board, or have since boot.
        load_average: Load over 1, 5 and 15 minutes.
        busy_s: Processor time since boot, all cores and processes.
        own_s: Processor time of this process and its ended children.
        stolen_s: Time that a virtual machine's cores have waited for the host.
    """

    seconds: float
    clock_mhz: float | None = None
    governor: str | None = None
    temperature_c: float | None = None
    throttling: board.Throttling | None = None
    load_average: tuple[float, ...] | None = None
    busy_s: float | None = None
    own_s: float = 0.0
    stolen_s: float | None = None

    def as_dict(self) -> dict[str, Any]:
        """Return the state as `Board` stores it."""
        held_back = self.throttling
        return {
            "clock_mhz": self.clock_mhz,
            "governor": self.governor,
            "temperature_c": self.temperature_c,
            "throttling": held_back and {"now": list(held_back.now), "since_boot": list(held_back.since_boot)},
            "load_average": self.load_average and list(self.load_average),
        }


class Watch:
    """Monitors the machine while something is timed: `with Watch() as watch: ...`, then `watch.board()`.

    Between two looks it notices what the system accumulates: processor time of others, and a Raspberry Pi's throttling.
    """

    def __init__(self) -> None:
        self._looks: list[Look] = []

    def __enter__(self) -> Watch:
        self.look()
        return self

    def look(self) -> None:
        """Record the state, which takes 0.1 s; call it between two measurements, never during one."""
        self._looks.append(take_look())

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if kind is None:
            self.look()

    def board(self) -> Board:
        """Return the machine before and after, and the faults found."""
        first, last = self._looks[0], self._looks[-1]
        return Board(machine_facts(), first.as_dict(), last.as_dict(), tuple(find_faults(self._looks)))


def take_look() -> Look:
    """Read the machine's state; members that the system does not provide are `None`."""
    load = tuple(round(value, 2) for value in os.getloadavg()) if hasattr(os, "getloadavg") else None
    _work()
    clock = board.clock_mhz()
    busy_s, stolen_s = _processor_seconds()
    times = os.times()
    return Look(
        seconds=time.monotonic(),
        clock_mhz=clock,
        governor=board.governor(),
        temperature_c=board.temperature_c(),
        throttling=board.read_throttling(),
        load_average=load,
        busy_s=busy_s,
        own_s=times.user + times.system + times.children_user + times.children_system,
        stolen_s=stolen_s,
    )


def find_faults(looks: Sequence[Look]) -> Iterator[str]:
    """Yield in words why times taken between the first and the last of these looks are invalid."""
    first, last = looks[0], looks[-1]
    troubles = _troubles(looks)
    if troubles:
        yield f"the board was throttled: {', '.join(troubles)}"
    clocks = [look.clock_mhz for look in looks if look.clock_mhz is not None]
    if clocks and min(clocks) < (1 - CLOCK_SHARE) * clocks[0]:
        yield f"the clock fell from {clocks[0]:.0f} to {min(clocks):.0f} MHz"
    if first.busy_s is None or last.busy_s is None:
        return
    seconds = max(last.seconds - first.seconds, 1e-9)
    others = (last.busy_s - first.busy_s - (last.own_s - first.own_s)) / seconds
    if others > OTHERS_SHARE:
        yield f"other processes took {others:.0%} of a core (up to {OTHERS_SHARE:.0%} is allowed)"
    stolen = ((last.stolen_s or 0) - (first.stolen_s or 0)) / seconds
    if stolen > OTHERS_SHARE:
        yield f"the virtual machine's host withheld {stolen:.0%} of a core (up to {OTHERS_SHARE:.0%} is allowed)"


def _troubles(looks: Sequence[Look]) -> list[str]:
    """Return causes of throttling at a look, or between two looks if it is their first since boot."""
    known = [look.throttling for look in looks if look.throttling is not None]
    found = {trouble for each in known for trouble in each.now}
    for before, after in pairwise(known):
        found |= set(after.since_boot) - set(before.since_boot)
    return sorted(found)


def _processor_seconds() -> tuple[float | None, float | None]:
    """Return the seconds since boot that all cores have worked, and that a host has withheld."""
    try:
        fields = PROC_STAT.read_text().splitlines()[0].split()[1:9]
    except (OSError, IndexError):
        return None, None
    user, nice, system, _idle, _iowait, irq, softirq, steal = (int(each) for each in fields)
    tick = os.sysconf("SC_CLK_TCK")
    return (user + nice + system + irq + softirq) / tick, steal / tick


def _work() -> None:
    until = time.perf_counter() + _BUSY_S
    while time.perf_counter() < until:
        pass
