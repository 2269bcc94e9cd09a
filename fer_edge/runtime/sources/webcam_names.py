"""Names of webcams: a number, a device file, or a link to one, which stays the same when the number changes."""

from __future__ import annotations

import os
import re
import stat
import sys
from pathlib import Path

from fer_edge.native_paths import typed_path

DEVICES = Path("/dev")

_VIDEO_MAJOR = 81
"""Major number of video devices in Linux (Documentation/admin-guide/devices.txt)."""

_FOLDERS_OF_FILES = {"shm"}
"""Folders under /dev that contain ordinary files."""


def names_webcam(name: str, devices: Path = DEVICES) -> bool:
    """Return whether `name` names a webcam, plugged in or not.

    udev removes a device file and its links when the webcam is unplugged. So a missing file under /dev, or a user's
    link to one, counts as an unplugged webcam.
    """
    if name.isdecimal():
        return True
    device = webcam_device(name, devices)
    if device.parent == devices and re.fullmatch(r"video\d+", device.name):
        return True
    if device.exists():
        return _is_video_device(device)
    return devices in device.parents and device.relative_to(devices).parts[0] not in _FOLDERS_OF_FILES


def webcam_device(name: str, devices: Path = DEVICES) -> Path:
    """Return the device file that `name` leads to now; it need not exist."""
    if name.isdecimal():
        return devices / f"video{int(name)}"
    return Path(os.path.realpath(typed_path(name)))


def webcam_number(device: Path) -> int | None:
    """Return N of /dev/videoN; `None` for a device file with another name, as in some containers."""
    match = re.fullmatch(r"video(\d+)", device.name)
    return int(match[1]) if match else None


def stable_name(device: Path, devices: Path = DEVICES) -> Path | None:
    """Return udev's link to a device file, by the webcam's name if possible, else by its socket; `None` without one."""
    links = (link for folder in ("by-id", "by-path") for link in sorted((devices / "v4l" / folder).glob("*")))
    return next((link for link in links if Path(os.path.realpath(link)) == device), None)


def _is_video_device(path: Path) -> bool:
    if not sys.platform.startswith("linux"):
        return False
    status = path.stat()
    return stat.S_ISCHR(status.st_mode) and os.major(status.st_rdev) == _VIDEO_MAJOR
