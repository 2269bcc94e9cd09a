"""Checks of everything that fer-edge needs on this device."""

from __future__ import annotations

import platform
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from functools import partial
from itertools import chain
from pathlib import Path

import fer_edge
from fer_edge import board
from fer_edge.doctor.camera_checks import JOIN_VIDEO, check_cameras, check_group
from fer_edge.doctor.finding import Finding, failure, ok, warning
from fer_edge.doctor.privacy_checks import check_privacy
from fer_edge.doctor.probes import Probed, run_probe

_AT_ONCE = 2
_NEWEST_PYTHON = (3, 13)
_HOT_C = 80.0
"""A Raspberry Pi's processor slows down from 80 °C on, and further at 85 °C."""

_NEEDED_SUPPLY_MA = {"Raspberry Pi 5": 5000}
_LITTLE_MEMORY_MB = 150
_LITTLE_DISK_MB = 500

_SET_CLOCK = "connect the board to a network and run sudo timedatectl set-ntp true"
_COOLING = "add a heat sink or fan, or reduce the load: fer-edge run --detect-every auto --max-fps 10"
_SUPPLY = "use the board's official supply with its own short cable, and power USB devices separately"
_THROTTLING_ADVICE = {
    "under-voltage": _SUPPLY,
    "frequency capped": _SUPPLY,
    "throttled": _COOLING,
    "soft temperature limit": _COOLING,
}


def run_checks() -> Iterator[Finding]:
    """Run all checks, two at a time; findings come in a fixed order, each as soon as it can.

    Libraries are checked in processes of their own.
    """
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        yield from chain.from_iterable(pool.map(_findings_of, CHECKS))


def check_system() -> Iterator[Finding]:
    """Check the board, the operating system, and that Python and the kernel are both 64-bit."""
    model = board.board_model()
    described = f"{board.system_name()}, {platform.system()} {platform.release()} {platform.machine()}"
    yield ok("system", f"{model}: {described}" if model else described, board=model, machine=platform.machine())
    bits, machine = board.userland_bits(), platform.machine()
    if bits == 32 and machine in ("aarch64", "x86_64"):
        advice = (
            "pip goes by the kernel and looks for 64-bit wheels that this Python cannot load: write 64-bit Raspberry "
            "Pi OS to the card"
        )
        yield failure("bits", f"a 32-bit userland on a 64-bit kernel ({machine})", advice, bits=bits)
    elif bits == 32:
        advice = (
            "install 64-bit Raspberry Pi OS if the board can run it: it is faster, and 32-bit systems depend on "
            "tflite-runtime, which ended with Python 3.11"
        )
        yield warning("bits", f"32-bit ({machine})", advice, bits=bits)
    else:
        yield ok("bits", "64-bit", bits=bits)


def check_python() -> Iterator[Finding]:
    """Check Python's version."""
    version = platform.python_version()
    detail = f"{version} in {sys.prefix}"
    if sys.version_info[:2] > _NEWEST_PYTHON:
        newest = ".".join(map(str, _NEWEST_PYTHON))
        advice = f"fer-edge is tested up to Python {newest}: create the virtual environment with that"
        yield warning("python", detail, advice, version=version)
    else:
        yield ok("python", f"{detail}, fer-edge {fer_edge.__version__}", version=version)


def check_opencv() -> Iterator[Finding]:
    """Import OpenCV, and check that one wheel of it is installed and can read cameras."""
    probed = run_probe("opencv")
    wheels = probed.facts.get("wheels", [])
    if len(wheels) > 1:
        advice = f"they overwrite each other: pip uninstall -y {' '.join(wheels)} && pip install opencv-python-headless"
        yield warning("opencv", f"{probed.detail}, from {' and '.join(wheels)}", advice, **probed.facts)
    elif probed.worked and sys.platform == "linux" and "V4L2" not in probed.facts["backends"]:
        advice = "this build cannot read webcams: pip install opencv-python-headless"
        yield warning("opencv", f"{probed.detail} without V4L2", advice, **probed.facts)
    else:
        yield _from_probe("opencv", probed)


def check_probe(name: str, probe: str) -> Iterator[Finding]:
    """Run one of `fer_edge.doctor.probe`'s probes in a process of its own."""
    yield _from_probe(name, run_probe(probe))


def check_heat(thermal: Path = board.THERMAL) -> Iterator[Finding]:
    """Check the processor's temperature."""
    celsius = board.temperature_c(thermal)
    if celsius is None:
        return
    detail = f"{celsius:.0f} °C"
    if celsius >= _HOT_C:
        yield warning("temperature", f"{detail}, at which the processor slows down", _COOLING, temperature_c=celsius)
    else:
        yield ok("temperature", detail, temperature_c=celsius)


def check_power() -> Iterator[Finding]:
    """Check a Raspberry Pi's throttling and its power supply."""
    throttling = board.read_throttling()
    if throttling is None and board.is_raspberry_pi():
        advice = f"sudo apt install raspi-utils, and join the group video: {JOIN_VIDEO}"
        yield warning("power", "unknown, as vcgencmd is missing or not permitted", advice)
    elif throttling is not None:
        yield _describe_throttling(throttling)
    model, supply = board.board_model() or "", board.supply_ma()
    needed = next((ma for name, ma in _NEEDED_SUPPLY_MA.items() if model.startswith(name)), None)
    if supply is not None and needed is not None and supply < needed:
        advice = "use the 27 W supply, as USB devices get 600 mA in total with this one"
        yield warning("supply", f"expected {needed} mA, got {supply} mA", advice, supply_ma=supply)


def check_clock() -> Iterator[Finding]:
    """Check the clock, as many boards have none that runs without power."""
    now = datetime.now().astimezone()
    detail, is_set = f"{now:%Y-%m-%d %H:%M %Z}", board.clock_is_set()
    if time.time() < Path(fer_edge.__file__).stat().st_mtime:
        yield warning("clock", f"{detail}, before fer-edge was installed", _SET_CLOCK, is_set=False)
    elif is_set is False:
        advice = f"times in results will be wrong until it is: {_SET_CLOCK}"
        yield warning("clock", f"{detail}, not set from the network", advice, is_set=False)
    else:
        source = "set from the network" if is_set else "unknown whether set from the network"
        yield ok("clock", f"{detail}, {source}", is_set=is_set)


def check_memory() -> Iterator[Finding]:
    """Check free memory."""
    memory = board.memory_mb()
    if memory is None:
        return
    available, total = memory
    detail, facts = f"{available:,} MB free of {total:,}", {"available_mb": available, "total_mb": total}
    if available < _LITTLE_MEMORY_MB:
        yield warning("memory", detail, "close other programs; a desktop uses 300 MB", **facts)
    else:
        yield ok("memory", detail, **facts)


def check_disk() -> Iterator[Finding]:
    """Check free disk space in the current folder."""
    free = board.disk_free_mb(Path.cwd())
    detail = f"{free:,} MB free in {Path.cwd()}"
    if free < _LITTLE_DISK_MB:
        yield warning("disk", detail, "free some space before writing results or video here", free_mb=free)
    else:
        yield ok("disk", detail, free_mb=free)


CHECKS: tuple[Callable[[], Iterator[Finding]], ...] = (
    check_system,
    check_python,
    partial(check_probe, "numpy", "numpy"),
    check_opencv,
    partial(check_probe, "model", "interpreter"),
    partial(check_probe, "detector", "detector"),
    partial(check_probe, "expression", "expression"),
    check_group,
    check_cameras,
    check_heat,
    check_power,
    check_clock,
    check_memory,
    check_disk,
    check_privacy,
)


def _findings_of(check: Callable[[], Iterator[Finding]]) -> list[Finding]:
    return list(check())


def _from_probe(name: str, probed: Probed) -> Finding:
    if not probed.worked:
        return failure(name, probed.detail, probed.advice)
    return ok(name, probed.detail, **probed.facts)


def _describe_throttling(throttling: board.Throttling) -> Finding:
    facts = {"now": throttling.now, "since_boot": throttling.since_boot}
    causes = dict.fromkeys((*throttling.now, *throttling.since_boot))
    if not causes:
        return ok("power", "no under-voltage and no throttling since boot", **facts)
    detail = ", ".join(f"{each} {'now' if each in throttling.now else 'since boot'}" for each in causes)
    advice = "; ".join(dict.fromkeys(_THROTTLING_ADVICE[each] for each in causes))
    return warning("power", detail, advice, **facts)
