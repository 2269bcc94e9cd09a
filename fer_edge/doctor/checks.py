"""Everything that must be right for fer-edge to run here, looked at one by one."""

from __future__ import annotations

import platform
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from itertools import chain
from pathlib import Path

import fer_edge
from fer_edge import board
from fer_edge.doctor.camera_checks import JOIN_VIDEO, check_cameras, check_group
from fer_edge.doctor.finding import Finding, failure, ok, warning
from fer_edge.doctor.probes import Probed, run_probe

_AT_ONCE = 2
_NEWEST_PYTHON = (3, 13)
_HOT_C = 80.0
"""A Raspberry Pi's processor slows down from 80 degrees on, and further at 85."""

_WANTED_SUPPLY_MA = {"Raspberry Pi 5": 5000}
_LITTLE_MEMORY_MB = 150
_LITTLE_DISK_MB = 500

_SET_CLOCK = "connect it to a network, and sudo timedatectl set-ntp true"
_COOLING = "give it a heat sink or fan, or less to do: fer-edge run --detect-every auto --max-fps 10"
_SUPPLY = "use the supply made for this board, with its own short cable, and no hungry device on its USB"
_TROUBLE_ADVICE = {
    "under-voltage": _SUPPLY,
    "frequency capped": _SUPPLY,
    "throttled": _COOLING,
    "soft temperature limit": _COOLING,
}


def run_checks() -> Iterator[Finding]:
    """Look at everything; findings come in a fixed order, each as soon as it and those before it are there.

    The library checks run in processes of their own, two at a time.
    """
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        yield from chain.from_iterable(pool.map(_findings_of, CHECKS))


def check_system() -> Iterator[Finding]:
    """Board, operating system, and the bits of Python against the kernel's."""
    model = board.board_model()
    described = f"{board.system_name()}, {platform.system()} {platform.release()} {platform.machine()}"
    yield ok("system", f"{model}: {described}" if model else described, board=model, machine=platform.machine())
    bits, machine = board.userland_bits(), platform.machine()
    if bits == 32 and machine in ("aarch64", "x86_64"):
        advice = (
            "pip goes by the kernel's name and looks for 64-bit wheels that this Python cannot load: write the 64-bit "
            "Raspberry Pi OS to the card"
        )
        yield failure("bits", f"a 32-bit userland on a 64-bit kernel ({machine})", advice, bits=bits)
    elif bits == 32:
        advice = "it depends on tflite-runtime, which ended with Python 3.11; 64-bit Raspberry Pi OS is faster, too"
        yield warning("bits", f"32-bit ({machine})", advice, bits=bits)
    else:
        yield ok("bits", "64-bit", bits=bits)


def check_python() -> Iterator[Finding]:
    """Python's version and place."""
    version = platform.python_version()
    detail = f"{version} in {sys.prefix}"
    if sys.version_info[:2] > _NEWEST_PYTHON:
        newest = ".".join(map(str, _NEWEST_PYTHON))
        yield warning("python", detail, f"fer-edge is tested up to {newest}; make the venv with it", version=version)
    else:
        yield ok("python", f"{detail}, fer-edge {fer_edge.__version__}", version=version)


def check_numpy() -> Iterator[Finding]:
    """Numpy, imported and used."""
    yield _from_probe("numpy", run_probe("numpy"))


def check_opencv() -> Iterator[Finding]:
    """OpenCV, imported; one wheel of it, and able to read cameras."""
    probed = run_probe("opencv")
    wheels = probed.facts.get("wheels", [])
    if len(wheels) > 1:
        advice = f"they overwrite each other: pip uninstall -y {' '.join(wheels)} && pip install opencv-python-headless"
        yield warning("opencv", f"{probed.detail}, of {' and '.join(wheels)}", advice, **probed.facts)
    elif probed.worked and sys.platform == "linux" and "V4L2" not in probed.facts["backends"]:
        advice = "webcams cannot be read with this build: pip install opencv-python-headless"
        yield warning("opencv", f"{probed.detail} without V4L2", advice, **probed.facts)
    else:
        yield _from_probe("opencv", probed)


def check_model() -> Iterator[Finding]:
    """The shipped model and its card, loaded and run."""
    yield _from_probe("model", run_probe("interpreter"))


def check_detector() -> Iterator[Finding]:
    """The face detector, on the demo's portrait."""
    yield _from_probe("detector", run_probe("detector"))


def check_expression() -> Iterator[Finding]:
    """From a picture to an expression, and how long that takes."""
    yield _from_probe("expression", run_probe("expression"))


def check_heat(thermal: Path = board.THERMAL) -> Iterator[Finding]:
    """The processor's temperature."""
    celsius = board.temperature_c(thermal)
    if celsius is None:
        return
    detail = f"{celsius:.0f} °C"
    if celsius >= _HOT_C:
        yield warning("temperature", f"{detail}, where it slows down", _COOLING, temperature_c=celsius)
    else:
        yield ok("temperature", detail, temperature_c=celsius)


def check_power() -> Iterator[Finding]:
    """What has held a Raspberry Pi back, and its power supply."""
    throttling = board.read_throttling()
    if throttling is None and board.is_raspberry_pi():
        advice = f"sudo apt install raspi-utils, and be in the group video: {JOIN_VIDEO}"
        yield warning("power", "vcgencmd, which knows, is missing or may not be used", advice)
    elif throttling is not None:
        yield _describe_throttling(throttling)
    model, supply = board.board_model() or "", board.supply_ma()
    wanted = next((ma for name, ma in _WANTED_SUPPLY_MA.items() if model.startswith(name)), None)
    if supply is not None and wanted is not None and supply < wanted:
        advice = "USB devices get 600 mA in all; use the 27 W supply"
        yield warning("supply", f"it offers {supply} mA, expected {wanted}", advice, supply_ma=supply)


def check_clock() -> Iterator[Finding]:
    """Whether results will carry the right time; many boards have no clock that runs without power."""
    now = datetime.now().astimezone()
    detail, is_set = f"{now:%Y-%m-%d %H:%M %Z}", board.clock_is_set()
    if time.time() < Path(fer_edge.__file__).stat().st_mtime:
        yield warning("clock", f"{detail}, before fer-edge was installed", _SET_CLOCK, is_set=False)
    elif is_set is False:
        advice = f"times in results will be wrong until it is: {_SET_CLOCK}"
        yield warning("clock", f"{detail}, not set from the network", advice, is_set=False)
    else:
        known = ", set from the network" if is_set else "; who sets it cannot be told"
        yield ok("clock", detail + known, is_set=is_set)


def check_memory() -> Iterator[Finding]:
    """Memory that is free."""
    memory = board.memory_mb()
    if memory is None:
        return
    available, total = memory
    detail, facts = f"{available:,} MB free of {total:,}", {"available_mb": available, "total_mb": total}
    if available < _LITTLE_MEMORY_MB:
        yield warning("memory", detail, "close programs; a desktop takes 300 MB", **facts)
    else:
        yield ok("memory", detail, **facts)


def check_disk() -> Iterator[Finding]:
    """Space for results in this folder."""
    free = board.disk_free_mb(Path.cwd())
    detail = f"{free:,} MB free in {Path.cwd()}"
    if free < _LITTLE_DISK_MB:
        yield warning("disk", detail, "make room before results or video are written here", free_mb=free)
    else:
        yield ok("disk", detail, free_mb=free)


CHECKS: tuple[Callable[[], Iterator[Finding]], ...] = (
    check_system,
    check_python,
    check_numpy,
    check_opencv,
    check_model,
    check_detector,
    check_expression,
    check_group,
    check_cameras,
    check_heat,
    check_power,
    check_clock,
    check_memory,
    check_disk,
)


def _findings_of(check: Callable[[], Iterator[Finding]]) -> list[Finding]:
    return list(check())


def _from_probe(name: str, probed: Probed) -> Finding:
    if not probed.worked:
        return failure(name, probed.detail, probed.advice)
    return ok(name, probed.detail, **probed.facts)


def _describe_throttling(throttling: board.Throttling) -> Finding:
    facts = {"now": throttling.now, "since_boot": throttling.since_boot}
    troubles = dict.fromkeys((*throttling.now, *throttling.since_boot))
    if not troubles:
        return ok("power", "no under-voltage and no throttling since boot", **facts)
    detail = ", ".join(f"{each} {'now' if each in throttling.now else 'since boot'}" for each in troubles)
    advice = "; ".join(dict.fromkeys(_TROUBLE_ADVICE[each] for each in troubles))
    return warning("power", detail, advice, **facts)
