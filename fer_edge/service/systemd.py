"""Installs the service on a machine, removes it and reads its state."""

from __future__ import annotations

import os
import re
import shutil
import stat
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import fer_edge
from fer_edge.errors import FerEdgeError, InputError
from fer_edge.files import write_atomic
from fer_edge.service.unit import CONFIG_FILE, NAME, UNIT_FILE, service_unit

RUNNING_SYSTEM = Path("/")

_IS_RUNNING = Path("/run/systemd/system")
"""Folder that exists if and only if systemd runs the machine (sd_booted(3))."""

_LOG_LINES = 10
_UNKNOWN_VERSION = 252


@dataclass(frozen=True)
class ServiceState:
    """State of the service according to systemd.

    Attributes:
        active: Systemd's active state: active, activating, inactive, failed...
        detail: Its substate, such as auto-restart, and the cause of its last failure, such as watchdog.
        status: Last status line that the service sent.
        since: Time of the last change of state, or empty.
        restarts: Number of automatic restarts.
        log: Last lines of its log.
    """

    active: str
    detail: str
    status: str
    since: str
    restarts: int
    log: tuple[str, ...]


def find_program() -> Path:
    """Return the absolute path of this installation's `fer-edge` command.

    Raises:
        InputError: If this is a checkout that has not been installed.
    """
    started = Path(sys.argv[0])
    beside = Path(sys.executable).parent
    for path in (started if started.name == "fer-edge" else beside / "fer-edge", beside / "fer-edge"):
        if path.is_file():
            return path.absolute()
    raise InputError(
        f"no fer-edge command in {beside}: a service needs an installed one (pip install .), or the path of another"
    )


def make_unit(program: Path) -> str:
    """Return the unit for a program, with the settings that this machine's systemd understands."""
    return service_unit(program, _systemd_version())


def install(unit: str, config: str, root: Path) -> list[Path]:
    """Write the unit, and the configuration if there is none; enable the service, and start it where systemd runs.

    Args:
        unit: The unit's text.
        config: The configuration's text; only root can read the file, as it may hold passwords.
        root: Root of the file system to write to.

    Returns:
        The files that were written.

    Raises:
        InputError: If this user is not root.
        FerEdgeError: If systemctl fails, or the service does not start.
    """
    _require_root(root, "install")
    written = [root / UNIT_FILE]
    _write(root / UNIT_FILE, unit, 0o644)
    if not (root / CONFIG_FILE).exists():
        _write(root / CONFIG_FILE, config, 0o600)
        written.append(root / CONFIG_FILE)
    _systemctl("enable", NAME, root=root)
    if runs_systemd(root):
        _systemctl("daemon-reload")
        _systemctl("restart", NAME, advice="`fer-edge service status` shows why; the configuration is in /etc/fer-edge")
    return written


def remove(root: Path, *, purge: bool) -> list[Path]:
    """Stop and remove the service and return the removed files; `purge` also removes its configuration and results.

    Raises:
        InputError: If this user is not root, or there is no service.
        FerEdgeError: If systemctl fails.
    """
    _require_root(root, "remove")
    unit = root / UNIT_FILE
    removed = [path for path in (unit, *_purged(root, purge)) if path.exists()]
    if not removed:
        raise InputError(f"{unit}: there is no such service to remove")
    if unit.exists():
        if runs_systemd(root):
            _systemctl("stop", NAME)
        _systemctl("disable", NAME, root=root)
        unit.unlink()
    for path in removed:
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
    if runs_systemd(root):
        _systemctl("daemon-reload")
    return removed


def read_state() -> ServiceState:
    """Return the service's state.

    Raises:
        FerEdgeError: If systemd does not run here.
    """
    _require_systemctl()
    names = ("LoadState", "ActiveState", "SubState", "Result", "StatusText", "StateChangeTimestamp", "NRestarts")
    answer = _systemctl("show", NAME, f"--property={','.join(names)}")
    facts = dict(line.split("=", 1) for line in answer.splitlines() if "=" in line)
    if facts.get("LoadState") == "not-found":
        return ServiceState("not installed", "", "", "", 0, ())
    active, substate, result = (facts.get(name, "") for name in ("ActiveState", "SubState", "Result"))
    details = [
        substate if substate != active else "",
        f"last failure: {result}" if result not in ("", "success") else "",
    ]
    return ServiceState(
        active,
        ", ".join(filter(None, details)),
        facts.get("StatusText", ""),
        facts.get("StateChangeTimestamp", ""),
        int(facts.get("NRestarts") or 0),
        _read_log(),
    )


def runs_systemd(root: Path = RUNNING_SYSTEM) -> bool:
    """Return whether `root` is this machine's own and systemd runs it."""
    return root.absolute() == RUNNING_SYSTEM and _IS_RUNNING.is_dir()


def require_readable(program: Path) -> None:
    """Check that the service's user can read the installation.

    Raises:
        InputError: If a folder on the path is closed to other users, as homes are since Debian 12.
    """
    for end in (program, Path(sys.executable).resolve(), Path(fer_edge.__file__)):
        for path in reversed((end, *end.parents)):
            needed = stat.S_IXOTH if path.is_dir() else stat.S_IROTH
            if not path.stat().st_mode & needed:
                raise InputError(
                    f"{path} is closed to other users, and the service runs as one: either sudo chmod o+x {path}, or "
                    "install where all may read, from the checkout: sudo python3 -m venv --system-site-packages "
                    "/opt/fer-edge && sudo /opt/fer-edge/bin/pip install ., then sudo /opt/fer-edge/bin/fer-edge "
                    "service install"
                )


def _require_root(root: Path, verb: str) -> None:
    _require_systemctl()
    if root.absolute() == RUNNING_SYSTEM and os.geteuid() != 0:
        # The full path, as sudo searches only the system's folders.
        program = f"{Path(sys.executable).parent}/fer-edge"
        raise InputError(f"{verb}: only root may write to /etc: sudo {program} service {verb}")


def _require_systemctl() -> None:
    if shutil.which("systemctl") is None:
        raise FerEdgeError("there is no systemctl here; a service needs a Linux that systemd runs")


def _write(path: Path, text: str, mode: int) -> None:
    """Write a file atomically, never with more permissions than `mode`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    before = os.umask(0o777 & ~mode)
    try:
        write_atomic(path, text)
    finally:
        os.umask(before)


def _purged(root: Path, purge: bool) -> tuple[Path, ...]:
    if not purge:
        return ()
    # With DynamicUser, the second is a link to the first.
    return (root / "var/lib/private/fer-edge", root / "var/lib/fer-edge", root / CONFIG_FILE.parent)


def _systemd_version() -> int:
    """Return the version of this machine's systemd, or the oldest supported one if it is unknown."""
    if shutil.which("systemctl") is None:
        return _UNKNOWN_VERSION
    found = re.match(r"systemd (\d+)", _systemctl("--version"))
    return int(found[1]) if found else _UNKNOWN_VERSION


def _systemctl(*arguments: str, root: Path | None = None, advice: str = "") -> str:
    """Run systemctl; with `root`, on the files beneath it, which needs no running systemd."""
    options = () if root is None else (f"--root={root.absolute()}",)
    done = subprocess.run(["systemctl", *options, *arguments], capture_output=True, text=True)
    if done.returncode != 0:
        reason = (done.stderr.strip() or "no reason given").splitlines()[0]
        raise FerEdgeError(f"systemctl {arguments[0]}: {reason}{f'; {advice}' if advice else ''}")
    return done.stdout


def _read_log() -> tuple[str, ...]:
    command = ["journalctl", f"--unit={NAME}", f"--lines={_LOG_LINES}", "--no-pager", "--output=short"]
    try:
        done = subprocess.run(command, capture_output=True, text=True)
    except FileNotFoundError:
        return ()
    return tuple(line for line in done.stdout.splitlines() if not line.startswith("-- "))
