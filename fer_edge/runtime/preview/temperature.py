"""The board's temperature, where Linux tells it."""

from __future__ import annotations

from pathlib import Path

_ZONES = Path("/sys/class/thermal")
_PROCESSOR = ("cpu-thermal", "cpu_thermal", "soc-thermal", "soc_thermal", "x86_pkg_temp")
"""The processor's zone on a Raspberry Pi, other Arm boards and PCs, in the order of preference."""


def read_temperature(zones: Path = _ZONES) -> float | None:
    """The processor's temperature in degrees Celsius, else the first that is told, else `None`."""
    found = sorted(zones.glob("thermal_zone*"), key=_preference)
    return next((celsius for zone in found if (celsius := _read_zone(zone)) is not None), None)


def _preference(zone: Path) -> tuple[int, str]:
    try:
        kind = (zone / "type").read_text(encoding="utf-8").strip()
    except OSError:
        kind = ""
    return (_PROCESSOR.index(kind) if kind in _PROCESSOR else len(_PROCESSOR)), zone.name


def _read_zone(zone: Path) -> float | None:
    try:
        return int((zone / "temp").read_text(encoding="utf-8")) / 1000
    except (OSError, ValueError):  # a zone that is switched off cannot be read
        return None
