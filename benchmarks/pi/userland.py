"""A Raspberry Pi's userland in a folder: Debian's AArch64 packages, and the emulator of its programs."""

from __future__ import annotations

import os
import shlex
import shutil
import ssl
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from benchmarks.pi.boards import PI_4, PI_5, Board
from benchmarks.pi.debian import Archive, unpack
from benchmarks.pi.host import NAMESPACE, Host
from benchmarks.pi.processes import Processes
from fer_edge.errors import FerEdgeError

HOME = Path("/root")
"""Folder of this project's files in a userland."""

FETCHED = Path("/var/cache/pip")
"""Folder of pip's downloads in a userland, which is kept on this machine."""
_ENTER = Path(__file__).parent / "enter.sh"
_PACKAGES = ("base-files", "bash", "ca-certificates", "coreutils", "libc-bin", "libstdc++6", "python3", "python3-venv")
_CERTIFICATES = "etc/ssl/certs/ca-certificates.crt"
_EMULATOR_SUITE = "bookworm"
"""Suite of the emulator: its QEMU 7.2 loads plugins; that of later suites is static and does not."""

_TIMEOUT_S = 3600

_PASSED_ON = ("PIP_DEFAULT_TIMEOUT", "PIP_INDEX_URL", "PIP_PROXY", "PIP_TRUSTED_HOST")
_PROXIES = ("http_proxy", "https_proxy", "no_proxy", "all_proxy")


@dataclass(frozen=True)
class Suite:
    """A release of Debian that Raspberry Pi OS is built on.

    Attributes:
        name: Name of the suite.
        board: Board that is emulated by default.
    """

    name: str
    board: Board


SUITES = (Suite("bookworm", PI_4), Suite("trixie", PI_5))


class Userland:
    """A userland whose programs can be run, several at once."""

    def __init__(self, suite: Suite, root: Path, fetched: Path, log: Path, processes: Processes) -> None:
        """Wrap a folder that `make_userland` has filled.

        Args:
            suite: Suite of the userland.
            root: Folder of the userland.
            fetched: Folder on this machine that is mounted at `FETCHED`.
            log: File of everything that the programs print.
            processes: Starts the programs.
        """
        self.suite = suite
        self.root = root
        self.fetched = fetched
        self._log = log
        self._processes = processes

    def path(self, inside: Path) -> Path:
        """Return the path on this machine of a file in the userland."""
        return self.root / inside.relative_to("/")

    def run(
        self,
        *command: str | Path,
        board: Board | None = None,
        variables: Mapping[str, str] | None = None,
        may_fail: bool = False,
    ) -> subprocess.CompletedProcess[str]:
        """Run a command in `HOME`, as root of the userland, and wait for it.

        Args:
            command: Words of the command, with paths in the userland.
            board: Board to emulate; `None` for the suite's.
            variables: Environment variables to add.
            may_fail: Whether the caller checks the exit code.

        Raises:
            FerEdgeError: If it fails and `may_fail` is false, takes too long, or was stopped.
        """
        words = [str(word) for word in command]
        board = board or self.suite.board
        cpuinfo = self.root / "run" / f"cpuinfo.{board.cpu}"
        cpuinfo.write_text(board.cpuinfo())
        entering = [*NAMESPACE, "sh", str(_ENTER), str(self.root), str(cpuinfo), str(self.fetched)]
        inner = ["/usr/bin/env", "-i", "-C", str(HOME), *_assignments(board, variables or {})]
        name = f"{self.suite.name}: {' '.join(words)[:60]}"
        try:
            done = self._processes.run([*entering, *inner, *words], _TIMEOUT_S)
        except FerEdgeError as error:
            raise FerEdgeError(f"{name}: {error}") from error
        with self._log.open("a", encoding="utf-8") as file:
            file.write(f"$ {shlex.join(words)}\n{done.stdout}{done.stderr}exit code {done.returncode}\n\n")
        if done.returncode and not may_fail:
            last = (done.stderr.strip() or done.stdout.strip() or f"exit code {done.returncode}").splitlines()[-1]
            raise FerEdgeError(f"{name}: {last} (more: {self._log})")
        return done


def make_userland(host: Host, suite: Suite, root: Path, cache: Path, log: Path, processes: Processes) -> Userland:
    """Download and unpack a userland and the emulator.

    Args:
        host: This machine.
        suite: Suite to install.
        root: Folder of the userland, which is created.
        cache: Folder of downloads.
        log: File of everything that the programs print, overwritten.
        processes: Starts the programs.

    Raises:
        HostUnfitError: If the mirror cannot be reached.
        FerEdgeError: If a package cannot be downloaded or unpacked.
    """
    unpack(Archive(host, suite.name, "arm64", cache, processes).fetch(_PACKAGES), root, processes)
    _put_emulator(host, root, cache, processes)
    for name in ("dev", "proc", "sys", "root", "run/binfmt_misc", "tmp", "etc/ssl/certs", "var/cache/pip"):
        (root / name).mkdir(parents=True, exist_ok=True)
    (root / "tmp").chmod(0o1777)
    if not (root / "usr/bin/sh").exists():  # what dash's post-installation script would do
        (root / "usr/bin/sh").symlink_to("dash")
    (root / "etc/passwd").write_text("root:x:0:0:root:/root:/bin/bash\n")
    (root / "etc/group").write_text("root:x:0:\n")
    shutil.copy("/etc/resolv.conf", root / "etc/resolv.conf")
    certificates = ssl.get_default_verify_paths().cafile
    shutil.copy(certificates or f"/{_CERTIFICATES}", root / _CERTIFICATES)
    fetched = cache / f"pip-{suite.name}"
    fetched.mkdir(exist_ok=True)
    log.unlink(missing_ok=True)
    return Userland(suite, root, fetched, log, processes)


def _put_emulator(host: Host, root: Path, cache: Path, processes: Processes) -> None:
    """Add QEMU and its libraries to the userland, in the other architecture's paths."""
    elsewhere = root.with_name(f"{root.name}-emulator")
    debs = Archive(host, _EMULATOR_SUITE, "amd64", cache, processes).fetch(["qemu-user"])
    unpack(debs, elsewhere, processes)
    shutil.copy2(elsewhere / "usr/bin/qemu-aarch64", root / "usr/bin")
    for name in ("lib/x86_64-linux-gnu", "lib64"):
        shutil.copytree(elsewhere / "usr" / name, root / "usr" / name, symlinks=True, dirs_exist_ok=True)
    shutil.rmtree(elsewhere)


def _assignments(board: Board, variables: Mapping[str, str]) -> list[str]:
    kept = {name: value for name, value in os.environ.items() if name in _PASSED_ON or name.lower() in _PROXIES}
    fixed = {
        "HOME": str(HOME),
        "LANG": "C.UTF-8",
        "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        "PIP_CERT": f"/{_CERTIFICATES}",
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        "PIP_NO_CACHE_DIR": "1",
        "PIP_ROOT_USER_ACTION": "ignore",
        "QEMU_CPU": board.cpu,
    }
    return [f"{name}={value}" for name, value in {**kept, **fixed, **variables}.items()]
