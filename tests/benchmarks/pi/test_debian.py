from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from benchmarks.pi.debian import Package, parse_simulation, unpack
from benchmarks.pi.processes import Processes
from fer_edge.errors import FerEdgeError

SIMULATION = """\
Inst gcc-12-base (12.2.0-14+deb12u1 Debian:12.15/oldstable [arm64])
Inst libgcc-s1 (12.2.0-14+deb12u1 Debian:12.15/oldstable [arm64]) []
Inst zlib1g (1:1.2.13.dfsg-1 Debian:12.15/oldstable [arm64])
Inst ca-certificates (20230311+deb12u1 Debian:12.15/oldstable, Debian:12/stable-updates [all])
Conf gcc-12-base (12.2.0-14+deb12u1 Debian:12.15/oldstable [arm64])
"""


def test_apt_simulation_is_parsed() -> None:
    assert parse_simulation("") == []
    packages = parse_simulation(SIMULATION)
    assert [package.name for package in packages] == ["gcc-12-base", "libgcc-s1", "zlib1g", "ca-certificates"]
    assert packages[-1].architecture == "all"
    assert packages[2] == Package("zlib1g", "1:1.2.13.dfsg-1", "arm64")


def test_package_has_apts_file_name() -> None:
    assert Package("zlib1g", "1:1.2-1", "arm64").file_name == "zlib1g_1%3a1.2-1_arm64.deb"


@pytest.fixture
def deb(tmp_path: Path) -> Path:
    """A package with a program in /bin and a page that nobody reads."""
    source = tmp_path / "source"
    for name, text in {
        "DEBIAN/control": "Package: one\nVersion: 1\nArchitecture: all\nMaintainer: Nobody <n@b>\nDescription: one\n",
        "bin/one": "#!/bin/sh\n",
        "usr/share/doc/one/README": "nothing\n",
    }.items():
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        (source / name).write_text(text)
    try:
        subprocess.run(["dpkg-deb", "--build", str(source), str(tmp_path / "one.deb")], check=True, capture_output=True)
    except FileNotFoundError:
        pytest.skip("needs dpkg-deb")
    return tmp_path / "one.deb"


def test_packages_are_unpacked_into_merged_folders(deb: Path, tmp_path: Path) -> None:
    root = tmp_path / "root"
    unpack([deb, deb], root, Processes())
    assert (root / "bin").is_symlink()
    assert (root / "usr/bin/one").read_text() == "#!/bin/sh\n"
    assert not (root / "usr/share/doc").exists()


def test_damaged_package_raises(deb: Path, tmp_path: Path) -> None:
    deb.write_bytes(deb.read_bytes()[:-100])
    with pytest.raises(FerEdgeError, match=r"one\.deb: it cannot be unpacked"):
        unpack([deb], tmp_path / "root", Processes())
