"""Findings of the checks: outcomes and advice."""

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
def test_32_bit_python_is_a_failure_on_a_64_bit_kernel_and_a_warning_elsewhere(
    say: Callable[..., None], monkeypatch: pytest.MonkeyPatch, bits: int, machine: str, outcome: Outcome, word: str
) -> None:
    say(userland_bits=bits)
    monkeypatch.setattr(platform, "machine", lambda: machine)
    system, found = checks.check_system()
    assert (system.outcome, found.outcome) == (OK, outcome)
    assert word in found.advice


@pytest.mark.parametrize(("millidegrees", "outcome"), [(45000, OK), (79900, OK), (80000, WARNING), (86000, WARNING)])
def test_temperature_from_80_degrees_is_a_warning(tmp_path: Path, millidegrees: int, outcome: Outcome) -> None:
    zone = tmp_path / "thermal_zone0"
    zone.mkdir()
    (zone / "type").write_text("cpu-thermal\n")
    (zone / "temp").write_text(f"{millidegrees}\n")
    found = one(checks.check_heat(tmp_path))
    assert (found.outcome, found.facts) == (outcome, {"temperature_c": millidegrees / 1000})


def test_no_sensor_gives_no_finding(tmp_path: Path) -> None:
    assert list(checks.check_heat(tmp_path)) == []


@pytest.mark.parametrize(
    ("throttling", "outcome", "detail", "advice"),
    [
        (board.Throttling((), ()), OK, "no under-voltage", ""),
        (board.Throttling((), ("under-voltage",)), WARNING, "under-voltage since boot", "use the board's official"),
        (
            board.Throttling(("throttled",), ("under-voltage", "throttled")),
            WARNING,
            "throttled now, under-voltage since boot",
            "add a heat sink",
        ),
    ],
)
def test_throttling_is_a_warning_with_advice(
    say: Callable[..., None], throttling: board.Throttling, outcome: Outcome, detail: str, advice: str
) -> None:
    say(read_throttling=throttling)
    found = one(checks.check_power())
    assert found.outcome is outcome
    assert found.detail.startswith(detail)
    assert found.advice.startswith(advice)


def test_weak_supply_of_a_raspberry_pi_5_is_a_warning(say: Callable[..., None]) -> None:
    say(read_throttling=board.Throttling((), ()), board_model="Raspberry Pi 5 Model B Rev 1.0", supply_ma=3000)
    _, found = checks.check_power()
    assert (found.outcome, found.detail) == (WARNING, "expected 5000 mA, got 3000 mA")
    say(supply_ma=5000)
    assert [each.name for each in checks.check_power()] == ["power"]


@pytest.mark.parametrize(("is_set", "outcome"), [(True, OK), (None, OK), (False, WARNING)])
def test_clock_that_is_not_set_is_a_warning(say: Callable[..., None], is_set: bool | None, outcome: Outcome) -> None:
    say(clock_is_set=is_set)
    found = one(checks.check_clock())
    assert (found.outcome, found.facts) == (outcome, {"is_set": is_set})


def test_clock_before_the_installation_is_reported(monkeypatch: pytest.MonkeyPatch, say: Callable[..., None]) -> None:
    say(clock_is_set=None)
    monkeypatch.setattr(time, "time", lambda: 1_000_000_000.0)
    assert "before fer-edge was installed" in one(checks.check_clock()).detail


def test_little_memory_and_disk_space_are_warnings(say: Callable[..., None]) -> None:
    say(memory_mb=(90, 427), disk_free_mb=100)
    assert one(checks.check_memory()).outcome is WARNING
    assert one(checks.check_disk()).outcome is WARNING


def test_two_wheels_of_opencv_are_a_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    wheels = ["opencv-python", "opencv-python-headless"]
    answer = Probed("4.14.0", {"backends": ["V4L2"], "wheels": wheels}, worked=True)
    monkeypatch.setattr(checks, "run_probe", lambda *_, **__: answer)
    found = one(checks.check_opencv())
    assert found.outcome is WARNING
    assert "pip uninstall -y opencv-python opencv-python-headless" in found.advice
