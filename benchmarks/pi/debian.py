"""Debian packages of any suite and architecture: downloaded and verified by apt, unpacked without running scripts."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.pi.host import Host, HostUnfitError
from benchmarks.pi.processes import Processes
from fer_edge.errors import FerEdgeError

_INSTALLED = re.compile(r"^Inst (?P<name>\S+) \((?P<version>\S+) .*\[(?P<architecture>\w+)\]\)", re.MULTILINE)
_MERGED = ("bin", "lib", "lib64", "sbin")
_UNPACK = """
dpkg-deb --fsys-tarfile "$1" | tar -x -C "$2" --keep-directory-symlink --no-same-owner \\
    --exclude=./usr/share/doc --exclude=./usr/share/info --exclude=./usr/share/locale --exclude=./usr/share/man
"""
_TIMEOUT_S = 900

# Nothing of this machine's own state is read or written.
_SETTINGS = """\
Dir::Etc "{folder}/etc";
Dir::Etc::sourcelist "{folder}/etc/sources.list";
Dir::Etc::sourceparts "-";
Dir::Etc::parts "-";
Dir::Etc::preferencesparts "-";
Dir::State "{folder}/state";
Dir::State::status "{folder}/status";
Dir::Cache "{folder}/cache";
Dir::Log "{folder}/log";
APT::Architecture "{architecture}";
APT::Architectures {{ "{architecture}"; }};
APT::Install-Recommends "false";
APT::Sandbox::User "root";
Acquire::Languages "none";
Acquire::Retries "3";
Debug::NoLocking "true";
"""


@dataclass(frozen=True)
class Package:
    """A Debian package."""

    name: str
    version: str
    architecture: str

    @property
    def file_name(self) -> str:
        """Name of the file in apt's cache."""
        return f"{self.name}_{self.version.replace(':', '%3a')}_{self.architecture}.deb"


class Archive:
    """A suite of Debian for one architecture, with a cache of its packages."""

    def __init__(self, host: Host, suite: str, architecture: str, cache: Path, processes: Processes) -> None:
        """Download the list of packages.

        Raises:
            HostUnfitError: If the mirror does not answer, or its signature is not Debian's.
        """
        self._processes = processes
        self._folder = cache / f"debian-{suite}-{architecture}"
        for name in ("etc", "log", "state/lists/partial", "cache/archives/partial"):
            (self._folder / name).mkdir(parents=True, exist_ok=True)
        (self._folder / "status").touch()
        source = f"deb [signed-by={host.keyring}] {host.mirror} {suite} main\n"
        (self._folder / "etc" / "sources.list").write_text(source)
        settings = _proxy_settings() + _SETTINGS.format(folder=self._folder, architecture=architecture)
        (self._folder / "apt.conf").write_text(settings)
        try:
            self._apt("update", "--error-on=any")
        except FerEdgeError as error:
            raise HostUnfitError(str(error)) from error

    def fetch(self, names: Sequence[str]) -> list[Path]:
        """Return the packages and their dependencies, downloading those that the cache lacks.

        Raises:
            FerEdgeError: If one does not exist or cannot be downloaded.
        """
        packages = parse_simulation(self._apt("install", "--simulate", *names))
        self._apt("install", "--yes", "--download-only", *names)
        return [self._folder / "cache" / "archives" / package.file_name for package in packages]

    def _apt(self, *arguments: str) -> str:
        variables = (f"APT_CONFIG={self._folder / 'apt.conf'}", "LC_ALL=C")
        done = self._processes.run(["env", *variables, "apt-get", "-qq", *arguments], _TIMEOUT_S)
        if done.returncode:
            faults = [line for line in done.stderr.splitlines() if line.startswith("E:")]
            raise FerEdgeError(f"apt-get {arguments[0]} failed: {(faults or ['no reason given'])[0]}")
        return done.stdout


def parse_simulation(text: str) -> list[Package]:
    """Return the packages that `apt-get install --simulate` would install."""
    return [Package(**match.groupdict()) for match in _INSTALLED.finditer(text)]


def unpack(debs: Sequence[Path], root: Path, processes: Processes) -> None:
    """Unpack packages into a folder, with /bin, /lib and /sbin merged into /usr as in Debian.

    Raises:
        FerEdgeError: If one is damaged.
    """
    for name in _MERGED:
        (root / "usr" / name).mkdir(parents=True, exist_ok=True)
        (root / name).symlink_to(f"usr/{name}")
    for deb in debs:
        done = processes.run(["sh", "-c", _UNPACK, "sh", str(deb), str(root)], _TIMEOUT_S)
        if done.returncode:
            raise FerEdgeError(f"{deb}: it cannot be unpacked: {done.stderr.strip()[:200]}")


def _proxy_settings() -> str:
    """Return the proxy settings of this machine's apt."""
    done = subprocess.run(["apt-config", "dump", "Acquire"], capture_output=True, text=True, check=False)
    return "".join(f"{line}\n" for line in done.stdout.splitlines() if re.match(r"Acquire::https?::", line))
