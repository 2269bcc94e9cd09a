"""Facts of a board, from files and tools like those of a Raspberry Pi."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from fer_edge import board

WriteTool = Callable[[str, str], None]


@pytest.fixture
def write_tool(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> WriteTool:
    """Return a function that puts a shell script first on the PATH."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")

    def write(name: str, script: str) -> None:
        (folder / name).write_text(f"#!/bin/sh\n{script}\n")
        (folder / name).chmod(0o755)

    return write


@pytest.mark.parametrize(
    ("zones", "expected"),
    [
        ({}, None),
        ({"cpu-thermal": "48312"}, 48.312),
        ({"acpitz": "27800"}, 27.8),
        ({"acpitz": "90000", "x86_pkg_temp": "61000", "cpu-thermal": "55000"}, 61.0),
        ({"cpu-thermal": "not a number", "rp1_adc": "40000"}, 40.0),
    ],
)
def test_temperature(tmp_path: Path, zones: dict[str, str], expected: float | None) -> None:
    for i, (kind, value) in enumerate(zones.items()):
        zone = tmp_path / f"thermal_zone{i}"
        zone.mkdir()
        (zone / "type").write_text(f"{kind}\n")
        (zone / "temp").write_text(f"{value}\n")
    assert board.temperature_c(tmp_path) == expected


@pytest.mark.parametrize(
    ("answer", "now", "since_boot"),
    [
        ("0x0", (), ()),
        ("0x1", ("under-voltage",), ()),
        ("0x50000", (), ("under-voltage", "throttled")),
        ("0x50005", ("under-voltage", "throttled"), ("under-voltage", "throttled")),
        ("0xA000A", ("frequency capped", "soft temperature limit"), ("frequency capped", "soft temperature limit")),
    ],
)
def test_throttling(write_tool: WriteTool, answer: str, now: tuple[str, ...], since_boot: tuple[str, ...]) -> None:
    write_tool("vcgencmd", f'[ "$1" = get_throttled ] && echo throttled={answer}')
    assert board.read_throttling() == board.Throttling(now, since_boot)


@pytest.mark.parametrize("script", ["echo 'Can not open device file: /dev/vcio' >&2; exit 255", "echo nonsense"])
def test_unreadable_throttling_is_none(write_tool: WriteTool, script: str) -> None:
    write_tool("vcgencmd", script)
    assert board.read_throttling() is None


@pytest.mark.parametrize(("answer", "expected"), [("yes", True), ("no", False), ("", None)])
def test_clock_is_set(write_tool: WriteTool, answer: str, expected: bool | None) -> None:
    if Path("/run/systemd/timesync/synchronized").exists():
        pytest.skip("this machine's clock is set, which takes precedence")
    write_tool("timedatectl", f"echo {answer}")
    assert board.clock_is_set() is expected


def test_memory_and_disk(tmp_path: Path) -> None:
    memory = board.memory_mb()
    assert memory is None or 0 < memory[0] <= memory[1]
    assert board.disk_free_mb(tmp_path) > 0


@pytest.mark.parametrize(
    ("cpuinfo", "expected"),
    [
        ("model name\t: AMD EPYC\nmodel name\t: AMD EPYC\n", "AMD EPYC"),
        ("CPU implementer\t: 0x41\nCPU part\t: 0xd0b\n\nModel\t\t: Raspberry Pi 5 Model B Rev 1.0\n", "Cortex-A76"),
        ("model name\t: ARMv7 Processor rev 3 (v7l)\nCPU part\t: 0xd08\n", "Cortex-A72"),
    ],
)
def test_processor_name(tmp_path: Path, cpuinfo: str, expected: str) -> None:
    (tmp_path / "cpuinfo").write_text(cpuinfo)
    assert board.processor_name(tmp_path / "cpuinfo") == expected


def test_processor_name_without_cpuinfo(tmp_path: Path) -> None:
    assert board.processor_name(tmp_path / "none")


@pytest.mark.parametrize(
    ("cpuinfo", "expected"),
    [
        ("", "unknown"),
        ("flags\t\t:\n", "unknown"),
        ("processor\t: 0\nmodel name\t: avx2 in its name\n", "unknown"),
        ("flags\t\t: fpu sse sse2 lm\n", "x86-64"),
        ("flags\t\t: fpu sse sse2 lm ssse3 sse4_1 sse4_2\n", "x86-64 SSE4.2"),
        ("flags\t\t: fpu lm sse4_2 avx\n", "x86-64 AVX"),
        ("flags\t\t: fpu lm sse4_2 avx f16c avx2\nflags\t\t: fpu lm sse4_2 avx f16c avx2\n", "x86-64 AVX2"),
        ("flags\t\t: lm sse4_2 avx avx2 avx_vnni\n", "x86-64 AVX-VNNI"),
        ("flags\t\t: lm sse4_2 avx avx2 avx512f avx512bw\n", "x86-64 AVX-512"),
        ("flags\t\t: lm sse4_2 avx avx2 avx512f avx512_bf16 avx512_vnni\n", "x86-64 AVX-512 VNNI"),
        ("Features\t: fp asimd evtstrm crc32 cpuid\nCPU part\t: 0xd08\n", "aarch64"),
        ("Features\t: fp asimd atomics asimdrdm lrcpc dcpop asimddp\n", "aarch64 dotprod"),
        ("Features\t: fp asimd asimddp i8mm bf16\n", "aarch64 i8mm"),
        ("Features\t: half thumb fastmult vfp edsp neon vfpv3\n", "armv7 NEON"),
    ],
)
def test_instruction_set(tmp_path: Path, cpuinfo: str, expected: str) -> None:
    (tmp_path / "cpuinfo").write_text(cpuinfo)
    assert board.instruction_set(tmp_path / "cpuinfo") == expected


def test_instruction_set_is_unknown_without_cpuinfo(tmp_path: Path) -> None:
    assert board.instruction_set(tmp_path / "none") == "unknown"


@pytest.mark.parametrize(
    ("flags", "expected"),
    [
        ("flags\t: fpu lm avx2 avx512f avx512_vnni\n", True),
        ("flags\t: fpu lm avx2 avx_vnni\n", True),
        ("flags\t: fpu lm avx2 avx512f\n", False),
        ("Features\t: fp asimd evtstrm crc32 cpuid\n", False),
        ("Features\t: fp asimd asimddp\n", True),
        ("", False),
    ],
)
def test_dot_products(tmp_path: Path, flags: str, expected: bool) -> None:
    (tmp_path / "cpuinfo").write_text(flags)
    assert board.has_dot_products(board.instruction_set(tmp_path / "cpuinfo")) is expected


def test_clock_and_governor(tmp_path: Path) -> None:
    for core in range(4):
        folder = tmp_path / f"cpu{core}" / "cpufreq"
        folder.mkdir(parents=True)
        (folder / "scaling_cur_freq").write_text(f"{1_500_000 + 1000 * core}\n")
        (folder / "scaling_governor").write_text("ondemand\n")
    core = max(os.sched_getaffinity(0) & set(range(4)), default=0) if hasattr(os, "sched_getaffinity") else 3
    assert board.clock_mhz(tmp_path) == 1500 + core
    assert board.governor(tmp_path) == "ondemand"


def test_clock_by_vcgencmd(write_tool: WriteTool, tmp_path: Path) -> None:
    write_tool("vcgencmd", '[ "$1 $2" = "measure_clock arm" ] && echo "frequency(0)=1800404352"')
    assert board.clock_mhz(tmp_path) == pytest.approx(1800.4, abs=0.01)


def test_unknown_clock_and_governor_are_none(write_tool: WriteTool, tmp_path: Path) -> None:
    write_tool("vcgencmd", "exit 1")
    assert board.clock_mhz(tmp_path) is None
    assert board.governor(tmp_path) is None
