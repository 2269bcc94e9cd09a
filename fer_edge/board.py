"""What a Linux board says of itself: model, processor, heat, power, memory, cameras. Only the standard library."""

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
VIDEO_DEVICES = Path("/sys/class/video4linux")
PROCESSORS = Path("/sys/devices/system/cpu")
CPUINFO = Path("/proc/cpuinfo")

_DEVICE_TREE = Path("/proc/device-tree")
_TOOL_TIMEOUT_S = 5

# struct v4l2_capability and VIDIOC_QUERYCAP of linux/videodev2.h.
_CAPABILITY = struct.Struct("16s32s32sIII12x")
_QUERY_CAPABILITY = 0x80685600
_CAPTURES = 0x00000001 | 0x00001000  # single-planar or multi-planar
_HAS_DEVICE_CAPS = 0x80000000

# Receivers of the ribbon cable, and the processors of what they receive.
_LIBCAMERAS = ("unicam", "bcm2835-unicam", "rp1-cfe", "bcm2835-isp", "pispbe")

_ARM_CORES = {
    "0xb76": "ARM1176",
    "0xc07": "Cortex-A7",
    "0xd03": "Cortex-A53",
    "0xd08": "Cortex-A72",
    "0xd0b": "Cortex-A76",
}
"""The Raspberry Pis' by their part numbers, as in each one's Technical Reference Manual (MIDR)."""

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
"""Names and their flags in /proc/cpuinfo, the first that fits: what 8-bit kernels are chosen by."""

_DOT_PRODUCTS = ("x86-64 AVX-512 VNNI", "x86-64 AVX-VNNI", "aarch64 i8mm", "aarch64 dotprod")
"""Instruction sets that multiply and add four pairs of 8-bit numbers at once."""

_TROUBLES = ("under-voltage", "frequency capped", "throttled", "soft temperature limit")
"""Bits 0 to 3 of get_throttled for now, 16 to 19 for since boot."""


@dataclass(frozen=True)
class VideoDevice:
    """A /dev/videoN.

    Attributes:
        path: Of the device.
        name: As its driver calls it.
        is_open_to_us: Whether it may be read and written by who asks.
        captures: Whether it gives pictures by itself; a decoder or scaler does not. `None` if it cannot be asked.
        is_libcameras: Whether it is a part of a Raspberry Pi's own camera, which only libcamera can use.
    """

    path: Path
    name: str
    is_open_to_us: bool
    captures: bool | None
    is_libcameras: bool

    @property
    def may_be_webcam(self) -> bool:
        """Whether it is worth opening: neither known to give no pictures, nor libcamera's."""
        return self.captures is not False and not self.is_libcameras


@dataclass(frozen=True)
class Throttling:
    """What has held a Raspberry Pi back.

    Attributes:
        now: Of `_TROUBLES`.
        since_boot: The same.
    """

    now: tuple[str, ...]
    since_boot: tuple[str, ...]


def board_model() -> str | None:
    """What a single-board computer calls itself, such as "Raspberry Pi 5 Model B Rev 1.0"."""
    model = _DEVICE_TREE / "model"
    return model.read_text(errors="replace").rstrip("\0") if model.is_file() else None


def is_raspberry_pi() -> bool:
    """Whether this is one."""
    return "Raspberry Pi" in (board_model() or "")


def processor_name(cpuinfo: Path = CPUINFO) -> str:
    """The processor, such as "Cortex-A76"."""
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
    """The clock now of the fastest of the cores that this process may use; `None` where nobody tells."""
    cores = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else range(os.cpu_count() or 1)
    found = [_read(processors / f"cpu{core}/cpufreq/scaling_cur_freq") for core in cores]
    khz = [int(each) for each in found if each and each.isdecimal()]
    if khz:
        return max(khz) / 1000
    asked = re.search(r"=(\d+)", _ask("vcgencmd", "measure_clock", "arm") or "")
    return int(asked[1]) / 1e6 if asked else None


def governor(processors: Path = PROCESSORS) -> str | None:
    """What sets the cores' clocks, such as "ondemand"; `None` where nobody tells."""
    found = {_read(file) for file in processors.glob("cpu[0-9]*/cpufreq/scaling_governor")}
    return ", ".join(sorted(filter(None, found))) or None


def system_name() -> str:
    """The operating system with its version."""
    try:
        return platform.freedesktop_os_release()["PRETTY_NAME"]
    except (OSError, KeyError):
        return f"{platform.system()} {platform.release()}"


def userland_bits() -> int:
    """Of this Python, and so of what pip must install: 32 or 64."""
    return 8 * struct.calcsize("P")


def is_in_group(name: str) -> bool:
    """Whether this process has the rights of a group, as root has of all."""
    import grp  # Windows has none

    try:
        return os.geteuid() == 0 or grp.getgrnam(name).gr_gid in (os.getegid(), *os.getgroups())
    except KeyError:  # no such group here
        return False


def temperature_c(thermal: Path = THERMAL) -> float | None:
    """The hottest of the processor's zones, or of all if none is called so; `None` if there is no sensor."""
    zones: dict[str, list[float]] = {}
    for zone in sorted(thermal.glob("thermal_zone*")):
        try:
            kind, value = (zone / "type").read_text(), int((zone / "temp").read_text())
        except (OSError, ValueError):  # a sensor that sleeps
            continue
        zones.setdefault("cpu" if re.search("cpu|soc|pkg", kind) else "other", []).append(value / 1000)
    return max(zones.get("cpu") or zones.get("other") or [], default=None)


def read_throttling() -> Throttling | None:
    """By `vcgencmd get_throttled`; `None` where there is no vcgencmd or it may not be used."""
    found = re.search(r"throttled=0x([0-9a-f]+)", _ask("vcgencmd", "get_throttled") or "", re.IGNORECASE)
    if not found:
        return None
    bits = int(found[1], 16)
    return Throttling(_troubles(bits), _troubles(bits >> 16))


def supply_ma() -> int | None:
    """What a Raspberry Pi 5's power supply said it can give, in mA; `None` on others."""
    file = _DEVICE_TREE / "chosen/power/max_current"
    return int.from_bytes(file.read_bytes()[:4], "big") if file.is_file() else None


def clock_is_set() -> bool | None:
    """Whether the clock has been set from the network; `None` where nobody knows."""
    if Path("/run/systemd/timesync/synchronized").exists():
        return True
    answer = (_ask("timedatectl", "show", "--property=NTPSynchronized", "--value") or "").strip()
    return {"yes": True, "no": False}.get(answer)


def memory_mb() -> tuple[int, int] | None:
    """Memory that programs can still have, and all there is."""
    file = Path("/proc/meminfo")
    if not file.is_file():
        return None
    kb = {name: int(value.split()[0]) for name, value in (line.split(":") for line in file.read_text().splitlines())}
    return kb["MemAvailable"] // 1024, kb["MemTotal"] // 1024


def disk_free_mb(folder: Path) -> int:
    """Space left where `folder` is."""
    return shutil.disk_usage(folder).free // 2**20


def video_devices(folder: Path = VIDEO_DEVICES) -> list[VideoDevice]:
    """All of them, in the order of their numbers."""
    entries = [entry for entry in folder.glob("video*") if entry.name[5:].isdecimal()]
    return [_video_device(entry) for entry in sorted(entries, key=lambda entry: int(entry.name[5:]))]


def _video_device(entry: Path) -> VideoDevice:
    path = Path("/dev", entry.name)
    name = (entry / "name").read_text(errors="replace").strip() if (entry / "name").is_file() else entry.name
    is_open_to_us = os.access(path, os.R_OK | os.W_OK)
    return VideoDevice(path, name, is_open_to_us, _captures(path), name.startswith(_LIBCAMERAS))


def _captures(path: Path) -> bool | None:
    import fcntl  # Windows has none, and no such path to ask

    try:
        with path.open("rb") as device:
            buffer = bytearray(_CAPABILITY.size)
            fcntl.ioctl(device, _QUERY_CAPABILITY, buffer)
    except OSError:
        return None
    *_, capabilities, device_capabilities = _CAPABILITY.unpack(buffer)
    return bool((device_capabilities if capabilities & _HAS_DEVICE_CAPS else capabilities) & _CAPTURES)


def _read(file: Path) -> str | None:
    try:
        return file.read_text().strip()
    except OSError:  # not there, or a core that was taken offline
        return None


def _troubles(bits: int) -> tuple[str, ...]:
    return tuple(name for i, name in enumerate(_TROUBLES) if bits >> i & 1)


def _ask(*command: str) -> str | None:
    """What a tool prints; `None` if it is missing, fails or hangs."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=_TOOL_TIMEOUT_S)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout if done.returncode == 0 else None
