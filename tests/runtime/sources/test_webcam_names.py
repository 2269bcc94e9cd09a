from __future__ import annotations

import os
import shutil
import stat
import sys
from pathlib import Path

import pytest

from fer_edge.errors import InputError, SourceError
from fer_edge.models import PORTRAIT_FILE
from fer_edge.runtime.sources.devices import CameraSettings
from fer_edge.runtime.sources.opening import open_source
from fer_edge.runtime.sources.webcam_names import names_webcam, stable_name, webcam_device, webcam_number

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="device files are Linux's")


@pytest.fixture
def devices(tmp_path: Path) -> Path:
    """A /dev with two webcams, as udev makes it, and a folder of files in memory."""
    folder = tmp_path / "dev"
    for name in ("v4l/by-id", "v4l/by-path", "shm"):
        (folder / name).mkdir(parents=True)
    for name in ("video0", "video1", "null"):
        (folder / name).touch()
    (folder / "v4l/by-id/usb-Acme-video-index0").symlink_to("../../video0")
    (folder / "v4l/by-path/usb-0:1.2-video-index0").symlink_to("../../video1")
    (folder / "front_door").symlink_to("video1")
    return folder


@pytest.mark.parametrize(
    ("name", "device"),
    [
        ("video1", "video1"),
        ("v4l/by-id/usb-Acme-video-index0", "video0"),
        ("v4l/by-path/usb-0:1.2-video-index0", "video1"),
        ("front_door", "video1"),
    ],
)
def test_udevs_links_name_the_device(devices: Path, name: str, device: str) -> None:
    assert names_webcam(str(devices / name), devices)
    assert webcam_device(str(devices / name), devices) == devices / device


@pytest.mark.parametrize("target", ["dev/video1", "dev/v4l/by-id/usb-Acme-video-index0", "dev/front_door"])
@pytest.mark.parametrize("relative", [True, False])
def test_the_users_links_name_the_device(
    devices: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, target: str, relative: bool
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("front").symlink_to(target if relative else tmp_path / target)
    for name in ("front", str(tmp_path / "front")):
        assert names_webcam(name, devices)
        assert webcam_device(name, devices).parent == devices


def test_a_webcam_that_returns_with_another_number_is_found(devices: Path) -> None:
    link = devices / "v4l/by-id/usb-Acme-video-index0"
    assert webcam_device(str(link), devices) == devices / "video0"
    link.unlink()  # unplugged
    (devices / "video0").unlink()
    assert names_webcam(str(link), devices)
    assert not webcam_device(str(link), devices).exists()
    (devices / "video7").touch()
    link.symlink_to("../../video7")
    assert webcam_device(str(link), devices) == devices / "video7"


@pytest.mark.parametrize("name", ["video5", "v4l/by-id/usb-Other-video-index0", "cam_of_a_rule"])
def test_a_missing_device_is_an_unplugged_webcam(devices: Path, tmp_path: Path, name: str) -> None:
    assert names_webcam(str(devices / name), devices)
    (tmp_path / "front").symlink_to(devices / name)
    assert names_webcam(str(tmp_path / "front"), devices)


@pytest.mark.parametrize(
    "name", ["dev/null", "dev/shm/party.mp4", "dev", "film.mp4", "missing.mp4", "dangling", "video1"]
)
def test_other_files_are_not_webcams(devices: Path, tmp_path: Path, name: str) -> None:
    (tmp_path / "film.mp4").touch()
    (tmp_path / "dangling").symlink_to("missing.mp4")
    assert not names_webcam(str(tmp_path / name), devices)


def test_a_number_names_the_device_with_that_number(devices: Path) -> None:
    assert names_webcam("7", devices)
    assert webcam_device("7", devices) == devices / "video7"
    assert (webcam_number(Path("/dev/video7")), webcam_number(Path("/dev/mycam"))) == (7, None)


def test_stable_name_is_udevs_link(devices: Path) -> None:
    assert stable_name(devices / "video0", devices) == devices / "v4l/by-id/usb-Acme-video-index0"
    assert stable_name(devices / "video1", devices) == devices / "v4l/by-path/usb-0:1.2-video-index0"
    assert stable_name(devices / "video5", devices) is None


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can make device files")
def test_a_device_file_with_any_name_is_a_webcam(devices: Path) -> None:
    try:
        for name, major in (("mycam", 81), ("tty", 4)):
            os.mknod(devices / name, stat.S_IFCHR | 0o600, os.makedev(major, 3))
    except OSError as error:
        pytest.skip(f"no device files here: {error}")
    assert names_webcam(str(devices / "mycam"), devices)
    assert not names_webcam(str(devices / "tty"), devices)


@pytest.mark.parametrize("target", ["/dev/v4l/by-id/usb-Acme-video-index0", "/dev/video99"])
@pytest.mark.parametrize("settings", [CameraSettings(), CameraSettings((640, 480), 15)])
def test_an_unplugged_webcam_raises_source_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, target: str, settings: CameraSettings
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("front").symlink_to(target)
    for name in ("front", target):
        with pytest.raises(SourceError, match=f"there is no {target}; "):
            open_source(name, settings)


def test_a_file_name_may_begin_with_a_tilde(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match="no such camera or file"):
        open_source("~no such user.png")
    shutil.copy(PORTRAIT_FILE, "~no such user.jpg")
    with open_source("~no such user.jpg") as source:
        assert len(list(source)) == 1


def test_a_dangling_link_to_a_file_raises_input_error(tmp_path: Path) -> None:
    (tmp_path / "front").symlink_to("missing.mp4")
    with pytest.raises(InputError, match="no such camera or file"):
        open_source(str(tmp_path / "front"))
