"""Facts of a Linux board: model, processor, heat, power, memory. Only the standard library."""

from __future__ import annotations

import os
import platform
import re
import shutil
import struct
import subprocess
from dataclasses import dataclass
from pathlib import Path

THERMAL = Path("/sys/class/thermal")
PROCESSORS = Path("/sys/devices/system/cpu")
CPUINFO = Path("/proc/cpuinfo")

_DEVICE_TREE = Path("/proc/device-tree")
_TOOL_TIMEOUT_S = 5

_ARM_CORES = {
    "0xb76": "ARM1176",
    "0xc07": "Cortex-A7",
    "0xd03": "Cortex-A53",
    "0xd08": "Cortex-A72",
    "0xd0b": "Cortex-A76",
}
"""Cores of Raspberry Pis by part number, from each Technical Reference Manual (MIDR)."""

_INSTRUCTION_SETS = (
    ("x86-64 AVX-512 VNNI", ("avx512_vnni",)),
    ("x86-64 AVX-VNNI", ("avx_vnni",)),
    ("x86-64 AVX-512", ("avx512f",)),
    ("x86-64 AVX2", ("avx2",)),
    ("x86-64 AVX", ("avx",)),
    ("x86-64 SSE4.2", ("sse4_2",)),
    ("x86-64", ("lm",)),
    ("aarch64 i8mm", ("asimd", "i8mm")),
    ("aarch64 dotprod", ("asimd", "asimddp")),
    ("aarch64", ("asimd",)),
    ("armv7 NEON", ("neon",)),
)
"""Instruction sets by which 8-bit kernels are chosen, with their flags in /proc/cpuinfo; the first that fits counts."""

_DOT_PRODUCTS = ("x86-64 AVX-512 VNNI", "x86-64 AVX-VNNI", "aarch64 i8mm", "aarch64 dotprod")
"""Instruction sets that multiply and add four pairs of 8-bit numbers at once."""

_TROUBLES = ("under-voltage", "frequency capped", "throttled", "soft temperature limit")
"""Meaning of bits 0 to 3 of get_throttled (now), and of bits 16 to 19 (since boot)."""


@dataclass(frozen=True)
class Throttling:
    """Causes of throttling of a Raspberry Pi.

    Attributes:
        now: Causes at present, from `_TROUBLES`.
        since_boot: Causes at any time since boot, from `_TROUBLES`.
    """

    now: tuple[str, ...]
    since_boot: tuple[str, ...]


def board_model() -> str | None:
    """Return the model of a single-board computer, such as "Raspberry Pi 5 Model B Rev 1.0"; `None` on others."""
    model = _DEVICE_TREE / "model"
    return model.read_text(errors="replace").rstrip("\0") if model.is_file() else None


def is_raspberry_pi() -> bool:
    """Return whether this machine is a Raspberry Pi."""
    return "Raspberry Pi" in (board_model() or "")


def processor_name(cpuinfo: Path = CPUINFO) -> str:
    """Return the processor's name, such as "Cortex-A76"."""
    text = cpuinfo.read_text(errors="replace") if cpuinfo.is_file() else ""
    facts = dict(re.findall(r"^(model name|CPU part)\s*:\s*(.+)$", text, re.MULTILINE))
    return _ARM_CORES.get(facts.get("CPU part", "")) or facts.get("model name") or platform.processor() or "unknown"


def instruction_set(cpuinfo: Path = CPUINFO) -> str:
    """Return the instruction set by which interpreters choose their kernels, such as "x86-64 AVX2".

    "unknown" where the system does not list the processor's flags.
    """
    text = cpuinfo.read_text(errors="replace") if cpuinfo.is_file() else ""
    found = re.search(r"^(?:flags|Features)\s*:(.*)$", text, re.MULTILINE)
    flags = set(found[1].split()) if found else set()
    return next((name for name, needed in _INSTRUCTION_SETS if flags.issuperset(needed)), "unknown")


def has_dot_products(instructions: str) -> bool:
    """Return whether an instruction set, as `instruction_set` names it, has 8-bit dot products."""
    return instructions in _DOT_PRODUCTS


def clock_mhz(processors: Path = PROCESSORS) -> float | None:
    """Return the present clock of the fastest core that this process may use, in MHz; `None` if unknown."""
    cores = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else range(os.cpu_count() or 1)
    found = [_read(processors / f"cpu{core}/cpufreq/scaling_cur_freq") for core in cores]
    khz = [int(each) for each in found if each and each.isdecimal()]
    if khz:
        return max(khz) / 1000
    asked = re.search(r"=(\d+)", _ask("vcgencmd", "measure_clock", "arm") or "")
    return int(asked[1]) / 1e6 if asked else None


def governor(processors: Path = PROCESSORS) -> str | None:
    """Return the frequency governor of the cores, such as "ondemand"; `None` if unknown."""
    found = {_read(file) for file in processors.glob("cpu[0-9]*/cpufreq/scaling_governor")}
    return ", ".join(sorted(filter(None, found))) or None


def system_name() -> str:
    """Return the operating system with its version."""
    try:
        return platform.freedesktop_os_release()["PRETTY_NAME"]
    except (OSError, KeyError):
        return f"{platform.system()} {platform.release()}"


def userland_bits() -> int:
    """Return the word size of this Python, 32 or 64, which pip's packages must match."""
    return 8 * struct.calcsize("P")


def is_in_group(name: str) -> bool:
    """Return whether this process has the rights of a group; root has those of all."""
    import grp  # Windows has none

    try:
        return os.geteuid() == 0 or grp.getgrnam(name).gr_gid in (os.getegid(), *os.getgroups())
    except KeyError:  # no such group here
        return False


def temperature_c(thermal: Path = THERMAL) -> float | None:
    """Return the temperature in C of the hottest processor zone, else of the hottest zone; `None` without a sensor."""
    zones: dict[str, list[float]] = {}
    for zone in sorted(thermal.glob("thermal_zone*")):
        try:
            kind, value = (zone / "type").read_text(), int((zone / "temp").read_text())
        except (OSError, ValueError):  # a sensor that is asleep
            continue
        zones.setdefault("cpu" if re.search("cpu|soc|pkg", kind) else "other", []).append(value / 1000)
    return max(zones.get("cpu") or zones.get("other") or [], default=None)


def read_throttling() -> Throttling | None:
    """Read `vcgencmd get_throttled`; `None` if vcgencmd is missing or not permitted."""
    found = re.search(r"throttled=0x([0-9a-f]+)", _ask("vcgencmd", "get_throttled") or "", re.IGNORECASE)
    if not found:
        return None
    bits = int(found[1], 16)
    return Throttling(_troubles(bits), _troubles(bits >> 16))


def supply_ma() -> int | None:
    """Return the current in mA that a Raspberry Pi 5's power supply offers; `None` on other boards."""
    file = _DEVICE_TREE / "chosen/power/max_current"
    return int.from_bytes(file.read_bytes()[:4], "big") if file.is_file() else None


def clock_is_set() -> bool | None:
    """Return whether the clock has been set from the network; `None` if unknown."""
    if Path("/run/systemd/timesync/synchronized").exists():
        return True
    answer = (_ask("timedatectl", "show", "--property=NTPSynchronized", "--value") or "").strip()
    return {"yes": True, "no": False}.get(answer)


def memory_mb() -> tuple[int, int] | None:
    """Return the available and the total memory in MB; `None` if unknown."""
    file = Path("/proc/meminfo")
    if not file.is_file():
        return None
    kb = {name: int(value.split()[0]) for name, value in (line.split(":") for line in file.read_text().splitlines())}
    return kb["MemAvailable"] // 1024, kb["MemTotal"] // 1024


def disk_free_mb(folder: Path) -> int:
    """Return the free space in MB on the disk of `folder`."""
    return shutil.disk_usage(folder).free // 2**20


def _read(file: Path) -> str | None:
    try:
        return file.read_text().strip()
    except OSError:  # not there, or a core that was taken offline
        return None


def _troubles(bits: int) -> tuple[str, ...]:
    return tuple(name for i, name in enumerate(_TROUBLES) if bits >> i & 1)


def _ask(*command: str) -> str | None:
    """Return the output of a tool; `None` if it is missing, fails or hangs."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=_TOOL_TIMEOUT_S)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout if done.returncode == 0 else None
