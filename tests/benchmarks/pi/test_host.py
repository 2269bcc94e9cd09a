from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.pi.host import TOOLS, HostUnfitError, examine_host, find_mirror, missing_tools

ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize(
    ("listing", "mirror"),
    [
        ("", None),
        ("Ubuntu main http://mirror/ubuntu\n", None),
        ("$(ORIGIN) main http://mirror/debian\n", None),
        ("Debian main http://mirror/debian-security/\nDebian main http://mirror/debian/\n", "http://mirror/debian/"),
        ("Debian contrib http://mirror/one/\nDebian main http://mirror/two/\n", "http://mirror/two/"),
    ],
)
def test_mirror_is_debians_main_archive(listing: str, mirror: str | None) -> None:
    assert find_mirror(listing) == mirror


def test_every_missing_tool_is_named(tmp_path: Path) -> None:
    tool = tmp_path / TOOLS[0]
    tool.touch(0o755)
    assert missing_tools({"PATH": str(tmp_path)}) == list(TOOLS[1:])


def test_another_processor_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("platform.machine", lambda: "riscv64")
    with pytest.raises(HostUnfitError, match=r"x86-64, got \w+ on riscv64"):
        examine_host()


@pytest.mark.skipif(sys.platform != "linux" or os.uname().machine != "x86_64", reason="the reason is another elsewhere")
def test_machine_without_the_tools_skips_with_a_reason(tmp_path: Path, child_environment: dict[str, str]) -> None:
    # Through the command, whose system folders are left out, too.
    program = "import runpy; import benchmarks.pi.host as host; host._SYSTEM = (); "
    program += "runpy.run_module('benchmarks.pi', run_name='__main__')"
    variables = child_environment | {"PATH": str(tmp_path), "HOME": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", program], env=variables, cwd=ROOT, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0
    assert done.stderr.splitlines() == [f"skipped: expected {', '.join(TOOLS)}, found none; install them with apt"]
    assert list(tmp_path.iterdir()) == []
