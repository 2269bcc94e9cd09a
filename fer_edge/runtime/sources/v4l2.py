"""Video devices of Linux (V4L2), and which of them may be webcams. Only the standard library."""

from __future__ import annotations

import os
import struct
from dataclasses import dataclass
from pathlib import Path

VIDEO_DEVICES = Path("/sys/class/video4linux")

# struct v4l2_capability and VIDIOC_QUERYCAP of linux/videodev2.h.
_CAPABILITY = struct.Struct("16s32s32sIII12x")
_QUERY_CAPABILITY = 0x80685600
_CAPTURES = 0x00000001 | 0x00001000  # single-planar or multi-planar
_HAS_DEVICE_CAPS = 0x80000000

_LIBCAMERAS = ("unicam", "bcm2835-unicam", "rp1-cfe", "bcm2835-isp", "pispbe")
"""Drivers of a Raspberry Pi's ribbon-cable cameras: the receivers, and the processors of what they receive."""


@dataclass(frozen=True)
class VideoDevice:
    """A /dev/videoN.

    Attributes:
        path: Path of the device file.
        name: Name that the driver gives it.
        is_open_to_us: True if this process may read and write it.
        captures: True if it delivers frames, which a decoder or scaler does not by itself; `None` if unknown.
        is_libcameras: True if it is part of a Raspberry Pi's own camera, which only libcamera can use.
    """

    path: Path
    name: str
    is_open_to_us: bool
    captures: bool | None
    is_libcameras: bool

    @property
    def number(self) -> int:
        """N of /dev/videoN."""
        return int(self.path.name.removeprefix("video"))

    @property
    def may_be_webcam(self) -> bool:
        """True if it is worth opening: it is not libcamera's, and not known to deliver no frames."""
        return self.captures is not False and not self.is_libcameras


def video_devices(folder: Path = VIDEO_DEVICES) -> list[VideoDevice]:
    """Return all video devices, in the order of their numbers."""
    entries = [entry for entry in folder.glob("video*") if entry.name[5:].isdecimal()]
    return [_video_device(entry) for entry in sorted(entries, key=lambda entry: int(entry.name[5:]))]


def _video_device(entry: Path) -> VideoDevice:
    path = Path("/dev", entry.name)
    name = (entry / "name").read_text(errors="replace").strip() if (entry / "name").is_file() else entry.name
    is_open_to_us = os.access(path, os.R_OK | os.W_OK)
    return VideoDevice(path, name, is_open_to_us, _captures(path), name.startswith(_LIBCAMERAS))


def _captures(path: Path) -> bool | None:
    import fcntl  # Windows has none, and no such path to ask

    try:
        with path.open("rb") as device:
            buffer = bytearray(_CAPABILITY.size)
            fcntl.ioctl(device, _QUERY_CAPABILITY, buffer)
    except OSError:
        return None
    *_, capabilities, device_capabilities = _CAPABILITY.unpack(buffer)
    return bool((device_capabilities if capabilities & _HAS_DEVICE_CAPS else capabilities) & _CAPTURES)
