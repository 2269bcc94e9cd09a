"""Notes that a person is shown once on a machine, remembered in the user's state folder."""

from __future__ import annotations

import os
import sys
from pathlib import Path


def state_folder() -> Path | None:
    """Return this user's folder for what programs remember; `None` if the user has no home.

    A service has its own (systemd's StateDirectory). Elsewhere the system's custom counts: XDG_STATE_HOME on Linux.
    """
    given = os.environ.get("STATE_DIRECTORY")
    if given:
        return Path(given.split(":")[0])
    try:
        if sys.platform == "win32":
            return Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local") / "fer-edge"
        if sys.platform == "darwin":
            return Path.home() / "Library" / "Application Support" / "fer-edge"
        return Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state") / "fer-edge"
    except RuntimeError:  # no home
        return None


def is_first_time(what: str) -> bool:
    """Return true once for each `what`, also if several processes ask at once; true each time if it cannot be kept.

    Args:
        what: Name of the note; it becomes a file's name.
    """
    folder = state_folder()
    if folder is None:
        return True
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{what}.shown").touch(exist_ok=False)
    except FileExistsError:
        return not folder.is_dir()
    except OSError:  # a read-only or full disk
        return True
    return True
