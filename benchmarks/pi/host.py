"""Whether this machine can emulate a Raspberry Pi's userland, and with what."""

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
    """What is wanted cannot be done on this machine, through no fault of the project; its message says why."""


@dataclass(frozen=True)
class Host:
    """What this machine brings.

    Attributes:
        mirror: The Debian mirror of apt's own sources.
        keyring: The keys that Debian's packages are signed with.
    """

    mirror: str
    keyring: Path


def environment() -> dict[str, str]:
    """This process's, with the system's tools, which an ordinary user's path may lack."""
    return dict(os.environ, PATH=os.pathsep.join((os.environ.get("PATH", os.defpath), *_SYSTEM)))


def examine_host(mirror: str | None = None) -> Host:
    """Find out what this machine can do, without the network.

    Args:
        mirror: Of Debian, instead of the one in apt's sources.

    Raises:
        HostUnfitError: If it cannot do all that is needed.
    """
    if (sys.platform, platform.machine()) != ("linux", "x86_64"):
        raise HostUnfitError(f"it needs Linux on x86-64, this is {sys.platform} on {platform.machine()}")
    missing = missing_tools(environment())
    if missing:
        raise HostUnfitError(f"it needs {', '.join(missing)}, not found here")
    _require_namespaces()
    return Host(mirror or _debian_mirror(), _keyring(_KEYRINGS))


def missing_tools(variables: Mapping[str, str]) -> list[str]:
    """Those of `TOOLS` that are not on the path."""
    return [tool for tool in TOOLS if shutil.which(tool, path=variables["PATH"]) is None]


def _require_namespaces() -> None:
    with tempfile.TemporaryDirectory() as folder:
        done = _run([*NAMESPACE, "sh", "-c", _PROBE, "sh", folder])
    if done.returncode:
        raise HostUnfitError(
            "it needs a kernel that lets users register binary formats in namespaces of their own, Linux 6.7 or newer "
            f"and not forbidden, or root: {_last_line(done.stderr)}"
        )


def _debian_mirror() -> str:
    listing = _run(["apt-get", "indextargets", "--format", "$(ORIGIN) $(COMPONENT) $(REPO_URI)"]).stdout
    mirror = find_mirror(listing)
    if mirror is None:
        raise HostUnfitError("apt's sources name no Debian mirror (or apt-get update has not run); give one: --mirror")
    return mirror


def find_mirror(listing: str) -> str | None:
    """Debian's main archive among `apt-get indextargets`' lines of origin, component and address."""
    rows = [line.split(maxsplit=2) for line in listing.splitlines()]
    return next((row[2] for row in rows if row[:2] == ["Debian", "main"] and "security" not in row[2]), None)


def _keyring(folder: Path) -> Path:
    for name in ("debian-archive-keyring.gpg", "debian-archive-keyring.pgp"):
        if (folder / name).is_file():
            return folder / name
    raise HostUnfitError(f"it needs Debian's keys, not found in {folder}: apt install debian-archive-keyring")


def _run(command: Sequence[str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, capture_output=True, text=True, env=environment(), check=False)


def _last_line(text: str) -> str:
    return (text.strip() or "no reason given").splitlines()[-1]
