"""Findings about cameras: outcomes and advice."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from fer_edge.doctor import camera_checks
from fer_edge.doctor.finding import Outcome
from fer_edge.doctor.probes import Probed
from fer_edge.runtime.sources import v4l2
from fer_edge.runtime.sources.v4l2 import VideoDevice

OK, WARNING, FAILURE = Outcome.OK, Outcome.WARNING, Outcome.FAILURE


def device(number: int, *, is_open: bool = True, captures: bool | None = True, is_libcameras: bool = False) -> Any:
    return VideoDevice(Path(f"/dev/video{number}"), "HD Webcam", is_open, captures, is_libcameras)


@pytest.mark.parametrize(
    ("devices", "picture", "expected"),
    [
        ([], None, [("camera", WARNING, "none found")]),
        (
            [device(0)],
            Probed("640x480", {"is_dark": False}, worked=True),
            [("camera 0", OK, "HD Webcam: 640x480")],
        ),
        (
            [device(0)],
            Probed("640x480", {"is_dark": True}, worked=True),
            [("camera 0", WARNING, "HD Webcam: 640x480, all black")],
        ),
        ([device(2)], Probed("camera 2 is busy"), [("camera 2", FAILURE, "HD Webcam: camera 2 is busy")]),
        (
            [device(0, is_open=False, captures=None)],
            None,
            [("camera 0", FAILURE, "HD Webcam: no permission for /dev/video0")],
        ),
        ([device(0, is_libcameras=True), device(10, captures=False)], None, [("camera", WARNING, "none found")]),
    ],
)
def test_each_camera_has_a_finding(
    monkeypatch: pytest.MonkeyPatch,
    devices: list[VideoDevice],
    picture: Probed | None,
    expected: list[tuple[str, Outcome, str]],
) -> None:
    def run_probe(name: str, *_: str, **__: float) -> Probed:
        if name == "camera":
            assert picture is not None
            return picture
        return Probed("ModuleNotFoundError: No module named 'picamera2'")

    monkeypatch.setattr(v4l2, "video_devices", lambda: devices)
    monkeypatch.setattr(camera_checks, "run_probe", run_probe)
    assert [(each.name, each.outcome, each.detail) for each in camera_checks.check_cameras()] == expected


def test_missing_picamera2_and_group_are_reported_on_a_raspberry_pi(
    say: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    say(board_model="Raspberry Pi Zero 2 W Rev 1.0", is_in_group=False)
    monkeypatch.setattr(v4l2, "video_devices", lambda: [])
    monkeypatch.setattr(camera_checks, "run_probe", lambda *_, **__: Probed("No module named 'picamera2'"))
    (missing,) = camera_checks.check_cameras()
    assert "--system-site-packages" in missing.advice
    (missing,) = camera_checks.check_group()
    assert "usermod -aG video" in missing.advice
