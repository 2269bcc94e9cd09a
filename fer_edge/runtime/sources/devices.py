"""Cameras of this machine: webcams, and a Raspberry Pi's own through picamera2 or GStreamer."""

from __future__ import annotations

import importlib
import os
import sys
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np

from fer_edge.board import is_raspberry_pi
from fer_edge.errors import InputError, SourceError
from fer_edge.preprocess import Image
from fer_edge.runtime.sources.live import FRAME_TIMEOUT_S, LiveSource
from fer_edge.runtime.sources.opencv_capture import live_source
from fer_edge.runtime.sources.v4l2 import video_devices
from fer_edge.runtime.sources.webcam_names import webcam_device, webcam_number
from fer_edge.terminal.native_logs import chatter_held_back

_ON_LINUX = sys.platform.startswith("linux")

_PI_SIZE_WH = (640, 480)
_PI_FPS = 30.0


@dataclass(frozen=True)
class CameraSettings:
    """Settings with which a camera is opened.

    Attributes:
        size_wh: Width and height in pixels; `None` for 640x480 on a Raspberry Pi's own camera, elsewhere the driver's.
        fps: Frames per second; `None` for 30 on a Raspberry Pi's own camera, elsewhere the driver's.
        timeout_s: Seconds to wait for a connection, and for the first frame.
    """

    size_wh: tuple[int, int] | None = None
    fps: float | None = None
    timeout_s: float = FRAME_TIMEOUT_S


class _PicameraCapture:
    """Capture of a Raspberry Pi's own camera through picamera2."""

    def __init__(self, camera: Any) -> None:
        self._camera = camera

    def read(self) -> Image | None:
        return np.asarray(self._camera.capture_array("main"), np.uint8)

    def close(self) -> None:
        self._camera.stop()
        self._camera.close()


def webcams() -> list[int]:
    """Return the numbers of the devices that may be webcams; a Raspberry Pi has a dozen others, such as codecs."""
    if not _ON_LINUX:
        return [0]  # no system call lists them
    return [device.number for device in video_devices() if device.may_be_webcam]


def has_picamera() -> bool:
    """Return whether picamera2 is installed and lists a camera."""
    try:
        return bool(importlib.import_module("picamera2").Picamera2.global_camera_info())
    except Exception:  # an ImportError, or whatever libcamera's bindings raise
        return False


def has_gstreamer() -> bool:
    """Return whether OpenCV was built with GStreamer, as Debian's is and pip's is not."""
    return any("GStreamer" in line and "YES" in line for line in cv2.getBuildInformation().splitlines())


def open_webcam(name: str, settings: CameraSettings) -> LiveSource:
    """Open the webcam that a number, a device file or a link to one names now.

    Raises:
        SourceError: If it is missing or cannot be opened.
    """
    device = webcam_device(name)
    number = webcam_number(device)
    is_plain = number is not None and (name.isdecimal() or name == str(device))
    description = f"camera {number if is_plain else name}"
    advice = _webcam_advice(number)
    if _ON_LINUX and not device.exists():
        raise SourceError(f"{description}: there is no {device}; {advice}")
    if _ON_LINUX and not os.access(device, os.R_OK | os.W_OK):
        raise SourceError(f"{description}: no permission for {device}; sudo usermod -aG video $USER, and log in again")
    backend = cv2.CAP_V4L2 if _ON_LINUX else cv2.CAP_ANY
    with chatter_held_back():
        capture = cv2.VideoCapture(str(device) if number is None else number, backend)
    if not capture.isOpened():
        raise SourceError(
            f"{description} cannot be opened: another program uses it (fuser {device} shows which), or it is not a "
            f"camera; {advice}"
        )
    _apply(settings, capture)
    return live_source(capture, description, advice, settings.timeout_s)


def _apply(settings: CameraSettings, capture: cv2.VideoCapture) -> None:
    if settings.size_wh is not None:
        # Most webcams reach full speed at larger sizes only as JPEG.
        capture.set(cv2.CAP_PROP_FOURCC, cv2.VideoWriter.fourcc(*"MJPG"))
        capture.set(cv2.CAP_PROP_FRAME_WIDTH, settings.size_wh[0])
        capture.set(cv2.CAP_PROP_FRAME_HEIGHT, settings.size_wh[1])
    if settings.fps is not None:
        capture.set(cv2.CAP_PROP_FPS, settings.fps)


def open_picamera(settings: CameraSettings) -> LiveSource:
    """Open a Raspberry Pi's own camera through picamera2.

    Raises:
        InputError: If picamera2 is not installed.
        SourceError: If there is no camera, or another program uses it.
    """
    try:
        picamera2 = importlib.import_module("picamera2")
    except ImportError as error:
        raise InputError(
            f"picamera needs the package picamera2 ({error}) of Raspberry Pi OS: sudo apt install "
            "python3-picamera2, and make the virtual environment with python3 -m venv --system-site-packages"
        ) from error
    fps = settings.fps or _PI_FPS
    try:
        camera = _start_picamera(picamera2.Picamera2(), settings.size_wh or _PI_SIZE_WH, fps)
    except Exception as error:  # libcamera's bindings raise IndexError without a camera, RuntimeError if it is busy
        raise SourceError(
            f"the Raspberry Pi's camera cannot be opened ({str(error) or type(error).__name__}); check its cable, that "
            "`rpicam-hello --list-cameras` shows it, and that no other program uses it"
        ) from error
    advice = "check the camera's cable, and `dmesg` for its errors"
    return LiveSource(_PicameraCapture(camera), "picamera", fps=fps, advice=advice, timeout_s=settings.timeout_s)


def _start_picamera(camera: Any, size_wh: tuple[int, int], fps: float) -> Any:
    try:
        # picamera2's RGB888 is blue, green, red in memory, which is OpenCV's order.
        main = {"size": size_wh, "format": "RGB888"}
        camera.configure(camera.create_video_configuration(main=main, controls={"FrameRate": fps}))
        camera.start()
    except Exception:
        camera.close()  # else the next attempt finds it in use
        raise
    return camera


def open_libcamera(settings: CameraSettings) -> LiveSource:
    """Open a Raspberry Pi's own camera through GStreamer's libcamerasrc.

    Raises:
        InputError: If OpenCV was built without GStreamer.
        SourceError: If the camera cannot be opened.
    """
    if not has_gstreamer():
        raise InputError(
            "libcamera needs an OpenCV with GStreamer, which pip's package lacks: sudo apt install python3-opencv "
            "gstreamer1.0-libcamera; or use picamera"
        )
    width, height = settings.size_wh or _PI_SIZE_WH
    wanted = f"video/x-raw,width={width},height={height},framerate={round(settings.fps or _PI_FPS)}/1"
    sink = "videoconvert ! video/x-raw,format=BGR ! appsink drop=true max-buffers=1"
    capture = cv2.VideoCapture(f"libcamerasrc ! {wanted} ! {sink}", cv2.CAP_GSTREAMER)
    advice = "check that `rpicam-hello --list-cameras` shows the camera, and that gstreamer1.0-libcamera is installed"
    if not capture.isOpened():
        raise SourceError(f"GStreamer's libcamerasrc cannot be opened; {advice}")
    return live_source(capture, "libcamera", advice, settings.timeout_s)


def _webcam_advice(number: int | None) -> str:
    if is_raspberry_pi():
        return "a Raspberry Pi's ribbon-cable camera is opened as picamera"
    others = [other for other in webcams() if other != number]
    if others:
        return f"use camera {' or '.join(map(str, others))}"
    return "plug a camera in, or use demo as the camera"
