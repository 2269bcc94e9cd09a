"""A Raspberry Pi's userland in a folder: Debian's AArch64 packages, and the emulator that runs its programs."""

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
"""Where everything of ours lies in a userland."""

FETCHED = Path("/var/cache/pip")
"""Where in a userland pip's downloads lie: a folder of this machine that stays."""
_ENTER = Path(__file__).parent / "enter.sh"
_PACKAGES = ("base-files", "bash", "ca-certificates", "coreutils", "libc-bin", "libstdc++6", "python3", "python3-venv")
_CERTIFICATES = "etc/ssl/certs/ca-certificates.crt"
_EMULATOR_SUITE = "bookworm"
"""Its QEMU 7.2 takes plugins; that of later suites is linked statically and does not."""

_TIMEOUT_S = 1800

_PASSED_ON = ("PIP_DEFAULT_TIMEOUT", "PIP_INDEX_URL", "PIP_PROXY", "PIP_TRUSTED_HOST")
_PROXIES = ("http_proxy", "https_proxy", "no_proxy", "all_proxy")


@dataclass(frozen=True)
class Suite:
    """A release of Debian that Raspberry Pi OS is built on.

    Attributes:
        name: Its name.
        board: The board that its programs run on here, unless another is asked for.
    """

    name: str
    board: Board


SUITES = (Suite("bookworm", PI_4), Suite("trixie", PI_5))


class Userland:
    """Programs of one userland; several may run at once."""

    def __init__(self, suite: Suite, root: Path, fetched: Path, log: Path, processes: Processes) -> None:
        """Take a folder that `make_userland` has filled.

        Args:
            suite: What is in it.
            root: The folder.
            fetched: What is at `FETCHED`.
            log: Where everything that the programs print is written.
            processes: Runs them.
        """
        self.suite = suite
        self.root = root
        self.fetched = fetched
        self._log = log
        self._processes = processes

    def path(self, inside: Path) -> Path:
        """Where a file of the userland lies on this machine."""
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
            command: Its words; paths are the userland's.
            board: The processor to emulate, if not the suite's.
            variables: Added to its environment.
            may_fail: Whether the caller looks at the exit code.

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
        host: What this machine brings.
        suite: Which one.
        root: A folder for it, which is made.
        cache: Where downloads are kept.
        log: Where what its programs print is written, from the beginning.
        processes: Runs them.

    Raises:
        HostUnfitError: If the mirror cannot be reached.
        FerEdgeError: If a package cannot be had.
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
    """Lay QEMU and its libraries beside the userland's own, which the two architectures' paths keep apart."""
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
