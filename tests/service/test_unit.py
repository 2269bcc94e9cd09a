"""The systemd unit, checked with systemd's own tools, and settings that no tool checks."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from fer_edge.errors import InputError
from fer_edge.service.unit import NAME, service_unit

needs_systemd = pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="needs systemd-analyze")


def analyze(folder: Path, unit: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    (folder / NAME).write_text(unit)
    return subprocess.run(
        ["systemd-analyze", *arguments, str(folder / NAME)], capture_output=True, text=True, timeout=180
    )


@pytest.fixture
def program(tmp_path: Path) -> Path:
    """Return an executable whose path has all special characters that systemd accepts."""
    path = tmp_path / "a b" / "100%" / "fer-edge"
    path.parent.mkdir(parents=True)
    path.write_text("#!/bin/sh\n")
    path.chmod(0o755)
    return path


@needs_systemd
def test_systemd_accepts_every_line(tmp_path: Path, program: Path) -> None:
    done = analyze(tmp_path, service_unit(program, systemd_version=252), "verify")
    assert (done.returncode, done.stderr) == (0, "")


@needs_systemd
def test_systemd_reports_unknown_keys_and_missing_programs(tmp_path: Path, program: Path) -> None:
    """The test above relies on this."""
    unit = service_unit(program, systemd_version=252)
    assert "Unknown key" in analyze(tmp_path, unit.replace("WatchdogSec", "WatchdogSecs"), "verify").stderr
    assert "not executable" in analyze(tmp_path, service_unit(tmp_path / "gone", 252), "verify").stderr


@needs_systemd
def test_exposure_is_at_most_3_of_10(tmp_path: Path, program: Path) -> None:
    unit = service_unit(program, systemd_version=252)
    judge = ("security", "--offline=true", "--threshold=30", "--no-pager")
    assert analyze(tmp_path, unit, *judge).returncode == 0
    assert analyze(tmp_path, unit.replace("CapabilityBoundingSet=\n", ""), *judge).returncode != 0


def test_unit_runs_the_program_with_the_configuration() -> None:
    unit = service_unit(Path("/opt/fer-edge/bin/fer-edge"), 252)
    assert "\nExecStart=/opt/fer-edge/bin/fer-edge run --config %d/config.toml\n" in unit
    assert "\nLoadCredential=config.toml:/etc/fer-edge/config.toml\n" in unit


@pytest.mark.parametrize(("version", "imports"), [(252, False), (253, False), (254, True), (257, True)])
def test_credentials_are_imported_from_systemd_254_on(version: int, imports: bool) -> None:
    unit = service_unit(Path("/bin/true"), version)
    assert ("\nImportCredential=fer-edge.*\n" in unit) is imports


@pytest.mark.parametrize("version", [252, 257])
def test_open_files_and_memory_are_limited(version: int) -> None:
    unit = service_unit(Path("/bin/true"), version)
    assert re.search(r"^LimitNOFILE=\d+$", unit, re.MULTILINE)
    assert re.search(r"^MemoryMax=\d+%$", unit, re.MULTILINE)


@pytest.mark.parametrize("name", ["a'b", 'a"b', "a\\b", "a\nb"])
def test_path_that_systemd_rejects_is_an_error(name: str) -> None:
    with pytest.raises(InputError, match="install elsewhere"):
        service_unit(Path("/opt", name, "fer-edge"), 252)


@pytest.mark.parametrize("device", ["char-video4linux", "char-media", "char-dma_heap", "/dev/vchiq"])
def test_camera_devices_are_allowed(device: str) -> None:
    unit = service_unit(Path("/bin/true"), 252)
    assert f"\nDeviceAllow={device} rw\n" in unit
    assert "PrivateDevices" not in unit
    assert "\nSupplementaryGroups=video\n" in unit


@pytest.mark.parametrize(("version", "grows"), [(252, False), (253, False), (254, True), (257, True)])
def test_pause_between_restarts_grows_from_systemd_254_on(version: int, grows: bool) -> None:
    unit = service_unit(Path("/bin/true"), version)
    assert ("\nRestartSteps=" in unit) is grows
    assert ("\nRestartMaxDelaySec=" in unit) is grows
    assert unit.count("\nRestartSec=") == 1


@pytest.mark.parametrize(("version", "cycle_s"), [(252, 30), (257, 300)])
def test_restarts_never_reach_the_start_limit(version: int, cycle_s: int) -> None:
    lines = dict(line.split("=", 1) for line in service_unit(Path("/bin/true"), version).splitlines() if "=" in line)
    assert lines["StartLimitIntervalSec"] == "1h"
    assert 3600 / cycle_s < int(lines["StartLimitBurst"])
