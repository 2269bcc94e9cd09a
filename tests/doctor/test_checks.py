"""What is made of the facts: outcomes, and what to do."""

from __future__ import annotations

import platform
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from fer_edge import board
from fer_edge.doctor import checks
from fer_edge.doctor.finding import Finding, Outcome
from fer_edge.doctor.probes import Probed

OK, WARNING, FAILURE = Outcome.OK, Outcome.WARNING, Outcome.FAILURE


def one(findings: Iterator[Finding]) -> Finding:
    (finding,) = findings
    return finding


@pytest.mark.parametrize(
    ("bits", "machine", "outcome", "word"),
    [
        (64, "aarch64", OK, ""),
        (32, "aarch64", FAILURE, "64-bit wheels that this Python cannot load"),
        (32, "armv7l", WARNING, "tflite-runtime"),
    ],
)
def test_a_32_bit_userland_on_a_64_bit_kernel_is_a_trap(
    say: Callable[..., None], monkeypatch: pytest.MonkeyPatch, bits: int, machine: str, outcome: Outcome, word: str
) -> None:
    say(userland_bits=bits)
    monkeypatch.setattr(platform, "machine", lambda: machine)
    system, found = checks.check_system()
    assert (system.outcome, found.outcome) == (OK, outcome)
    assert word in found.advice


@pytest.mark.parametrize(("millidegrees", "outcome"), [(45000, OK), (79900, OK), (80000, WARNING), (86000, WARNING)])
def test_heat(tmp_path: Path, millidegrees: int, outcome: Outcome) -> None:
    zone = tmp_path / "thermal_zone0"
    zone.mkdir()
    (zone / "type").write_text("cpu-thermal\n")
    (zone / "temp").write_text(f"{millidegrees}\n")
    found = one(checks.check_heat(tmp_path))
    assert (found.outcome, found.facts) == (outcome, {"temperature_c": millidegrees / 1000})


def test_no_sensor_is_no_line(tmp_path: Path) -> None:
    assert list(checks.check_heat(tmp_path)) == []


@pytest.mark.parametrize(
    ("throttling", "outcome", "detail", "advice"),
    [
        (board.Throttling((), ()), OK, "no under-voltage", ""),
        (board.Throttling((), ("under-voltage",)), WARNING, "under-voltage since boot", "use the supply"),
        (
            board.Throttling(("throttled",), ("under-voltage", "throttled")),
            WARNING,
            "throttled now, under-voltage since boot",
            "give it a heat sink",
        ),
    ],
)
def test_power(
    say: Callable[..., None], throttling: board.Throttling, outcome: Outcome, detail: str, advice: str
) -> None:
    say(read_throttling=throttling)
    found = one(checks.check_power())
    assert found.outcome is outcome
    assert found.detail.startswith(detail)
    assert found.advice.startswith(advice)


def test_a_weak_supply_on_a_raspberry_pi_5(say: Callable[..., None]) -> None:
    say(read_throttling=board.Throttling((), ()), board_model="Raspberry Pi 5 Model B Rev 1.0", supply_ma=3000)
    _, found = checks.check_power()
    assert (found.outcome, found.detail) == (WARNING, "it offers 3000 mA, expected 5000")
    say(supply_ma=5000)
    assert [each.name for each in checks.check_power()] == ["power"]


@pytest.mark.parametrize(("is_set", "outcome"), [(True, OK), (None, OK), (False, WARNING)])
def test_clock(say: Callable[..., None], is_set: bool | None, outcome: Outcome) -> None:
    say(clock_is_set=is_set)
    found = one(checks.check_clock())
    assert (found.outcome, found.facts) == (outcome, {"is_set": is_set})


def test_a_clock_of_the_past(monkeypatch: pytest.MonkeyPatch, say: Callable[..., None]) -> None:
    say(clock_is_set=None)
    monkeypatch.setattr(time, "time", lambda: 1_000_000_000.0)
    assert "before fer-edge was installed" in one(checks.check_clock()).detail


def test_little_room(say: Callable[..., None]) -> None:
    say(memory_mb=(90, 427), disk_free_mb=100)
    assert one(checks.check_memory()).outcome is WARNING
    assert one(checks.check_disk()).outcome is WARNING


def test_two_wheels_of_opencv_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    wheels = ["opencv-python", "opencv-python-headless"]
    answer = Probed("4.14.0", {"backends": ["V4L2"], "wheels": wheels}, worked=True)
    monkeypatch.setattr(checks, "run_probe", lambda *_, **__: answer)
    found = one(checks.check_opencv())
    assert found.outcome is WARNING
    assert "pip uninstall -y opencv-python opencv-python-headless" in found.advice
