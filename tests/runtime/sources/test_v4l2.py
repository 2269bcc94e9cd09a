from __future__ import annotations

from pathlib import Path

import pytest

from fer_edge.runtime.sources.v4l2 import VideoDevice, video_devices


def test_video_devices_are_in_the_order_of_their_numbers(tmp_path: Path) -> None:
    names = {
        10: "bcm2835-codec-decode",
        2: "HD Webcam",
        0: "unicam-image",
        14: "bcm2835-isp-capture0",
        20: "pispbe-input",
    }
    for number, name in names.items():
        (tmp_path / f"video{number}").mkdir()
        (tmp_path / f"video{number}" / "name").write_text(f"{name}\n")
    found = video_devices(tmp_path)
    assert [device.path for device in found] == [Path(f"/dev/video{number}") for number in (0, 2, 10, 14, 20)]
    assert [device.name for device in found] == [names[number] for number in (0, 2, 10, 14, 20)]
    assert [device.is_libcameras for device in found] == [True, False, False, True, True]


@pytest.mark.parametrize(
    ("captures", "is_libcameras", "expected"),
    [(True, False, True), (None, False, True), (False, False, False), (True, True, False)],
)
def test_may_be_webcam(captures: bool | None, is_libcameras: bool, expected: bool) -> None:
    device = VideoDevice(Path("/dev/video0"), "some name", True, captures, is_libcameras)
    assert device.may_be_webcam is expected
