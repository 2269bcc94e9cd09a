"""The device install: this project's wheel, installed by a userland's own pip, and its size."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

from benchmarks.pi.userland import FETCHED, HOME, Userland
from fer_edge.errors import FerEdgeError

ROOT = Path(__file__).parents[2]
VENV = HOME / "fer"
"""The device's environment, as in the README."""

PYTHON = VENV / "bin" / "python"
PIP = VENV / "bin" / "pip"

_SOURCES = ("setup.cfg", "pyproject.toml", "README.md", "LICENSE", "fer_edge", "export")
_REPORT = HOME / "report.json"


@dataclass(frozen=True)
class Installation:
    """Result of the README's command for a Raspberry Pi.

    Attributes:
        python: Version of Python.
        packages: Versions of the packages by name.
        bytes: Size of the environment's files, pip included.
        files: Number of the environment's files.
        fetched: Name, version and bytes of each downloaded file.
    """

    python: str
    packages: dict[str, str]
    bytes: int
    files: int
    fetched: tuple[tuple[str, str, int], ...]


def build_wheel(folder: Path) -> Path:
    """Build the project's wheel from a copy, so that the sources stay clean.

    Raises:
        FerEdgeError: If it cannot be built.
    """
    sources = folder / "sources"
    sources.mkdir()
    for name in _SOURCES:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, sources / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(ROOT / name, sources / name)
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder)]
    done = subprocess.run(command, cwd=sources, capture_output=True, text=True)
    if done.returncode:
        last = (done.stderr.strip() or done.stdout.strip() or "no reason given").splitlines()[-1]
        raise FerEdgeError(f"the wheel cannot be built: {last}; install the build tools: pip install -e '.[dev]'")
    shutil.rmtree(sources)
    return next(folder.glob("*.whl"))


def install(userland: Userland, wheel: Path) -> Installation:
    """Install as the README says for a Raspberry Pi, but from the built wheel.

    Everything is downloaded first, so that its size can be measured.

    Raises:
        FerEdgeError: If pip fails.
    """
    there = HOME / wheel.name
    shutil.copy(wheel, userland.path(there))
    wanted = f"{there}[preview]"
    userland.run("python3", "-m", "venv", "--system-site-packages", VENV)
    rows = pip_install(userland, "device", wanted)
    folder = userland.fetched / "device"
    (folder / wheel.name).unlink()  # else the next run would find this one
    sizes = {path.name: path.stat().st_size for path in folder.iterdir()}
    fetched = tuple(sorted((name, version, sizes[file]) for name, version, file in rows if file in sizes))
    python = userland.run(PYTHON, "-c", "import platform; print(platform.python_version())").stdout.strip()
    taken = installed_size(userland.path(VENV))
    return Installation(python, {name: version for name, version, _ in rows}, *taken, fetched)


def pip_install(userland: Userland, name: str, *wanted: str, target: Path | None = None) -> list[tuple[str, str, str]]:
    """Download requirements, unless the folder has the same files, and install them from there.

    Args:
        userland: Userland with `VENV`.
        name: Name of the download folder, from which files that were not installed are removed.
        wanted: Requirements.
        target: Site folder to install to; `None` for `VENV`.

    Returns:
        Name, version and file name of each installed package.

    Raises:
        FerEdgeError: If pip fails.
    """
    userland.run(PIP, "download", "--dest", FETCHED / name, *wanted)
    local = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(FETCHED / name)}
    options = () if target is None else ("--target", target)
    userland.run(PIP, "install", "--report", _REPORT, *options, *wanted, variables=local)
    rows = read_pip_report(userland.path(_REPORT).read_text())
    installed = {file for _, _, file in rows}
    for file in (userland.fetched / name).iterdir():
        if file.name not in installed:
            file.unlink()
    return rows


def read_pip_report(text: str) -> list[tuple[str, str, str]]:
    """Return name, version and file name of each package in pip's report, sorted by name."""
    rows = []
    for item in json.loads(text)["install"]:
        metadata, url = item["metadata"], item["download_info"]["url"]
        rows.append((metadata["name"], metadata["version"], unquote(Path(urlsplit(url).path).name)))
    return sorted(rows)


def installed_size(folder: Path) -> tuple[int, int]:
    """Return bytes and number of the files in a folder, without links."""
    sizes = [path.stat().st_size for path in folder.rglob("*") if path.is_file() and not path.is_symlink()]
    return sum(sizes), len(sizes)
