"""Requirements of emulating a Raspberry Pi's userland on this machine."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

TOOLS = ("apt-get", "cc", "chroot", "dpkg-deb", "mount", "tar", "unshare")

NAMESPACE = ("unshare", "--user", "--map-root-user", "--mount", "--pid", "--fork", "--kill-child")
"""Makes an ordinary user root of a namespace, whose mounts and processes end with the command."""

_SYSTEM = ("/usr/sbin", "/sbin")
_KEYRINGS = Path("/usr/share/keyrings")
_PROBE = 'mount -t proc proc "$1" && mount -t binfmt_misc binfmt_misc "$1"'


class HostUnfitError(Exception):
    """This machine cannot emulate a userland; the message says why."""


@dataclass(frozen=True)
class Host:
    """Facts about this machine.

    Attributes:
        mirror: Debian mirror of apt's sources.
        keyring: Keys that Debian's packages are signed with.
    """

    mirror: str
    keyring: Path


def environment() -> dict[str, str]:
    """Return the environment with the system's tools on the path, which a user's path may lack."""
    return dict(os.environ, PATH=os.pathsep.join((os.environ.get("PATH", os.defpath), *_SYSTEM)))


def examine_host(mirror: str | None = None) -> Host:
    """Check this machine's requirements, without the network.

    Args:
        mirror: Debian mirror, instead of the one in apt's sources.

    Raises:
        HostUnfitError: If a requirement is not met.
    """
    if (sys.platform, platform.machine()) != ("linux", "x86_64"):
        raise HostUnfitError(f"expected Linux on x86-64, got {sys.platform} on {platform.machine()}")
    missing = missing_tools(environment())
    if missing:
        raise HostUnfitError(f"expected {', '.join(missing)}, found none; install them with apt")
    _require_namespaces()
    return Host(mirror or _debian_mirror(), _keyring(_KEYRINGS))


def missing_tools(variables: Mapping[str, str]) -> list[str]:
    """Return those of `TOOLS` that are not on the path."""
    return [tool for tool in TOOLS if shutil.which(tool, path=variables["PATH"]) is None]


def _require_namespaces() -> None:
    with tempfile.TemporaryDirectory() as folder:
        done = _run([*NAMESPACE, "sh", "-c", _PROBE, "sh", folder])
    if done.returncode:
        raise HostUnfitError(
            "expected a kernel that lets users register binary formats in their namespaces (Linux 6.7 or newer, not "
            f"forbidden), or root: {_last_line(done.stderr)}"
        )


def _debian_mirror() -> str:
    listing = _run(["apt-get", "indextargets", "--format", "$(ORIGIN) $(COMPONENT) $(REPO_URI)"]).stdout
    mirror = find_mirror(listing)
    if mirror is None:
        raise HostUnfitError("expected a Debian mirror in apt's sources, found none: apt-get update, or give --mirror")
    return mirror


def find_mirror(listing: str) -> str | None:
    """Return Debian's main archive from `apt-get indextargets`' lines of origin, component and address."""
    rows = [line.split(maxsplit=2) for line in listing.splitlines()]
    return next((row[2] for row in rows if row[:2] == ["Debian", "main"] and "security" not in row[2]), None)


def _keyring(folder: Path) -> Path:
    for name in ("debian-archive-keyring.gpg", "debian-archive-keyring.pgp"):
        if (folder / name).is_file():
            return folder / name
    raise HostUnfitError(f"expected Debian's keys in {folder}, found none; apt install debian-archive-keyring")


def _run(command: Sequence[str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, capture_output=True, text=True, env=environment(), check=False)


def _last_line(text: str) -> str:
    return (text.strip() or "no reason given").splitlines()[-1]
