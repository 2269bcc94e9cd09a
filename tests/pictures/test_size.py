"""Sizes are read from the headers that real encoders write, and a size above the limit costs no memory."""

from __future__ import annotations

import io
import os
import struct
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image as PillowImage

from fer_edge.errors import InputError
from fer_edge.pictures.decoding import is_animated_gif, picture_kind
from fer_edge.pictures.size import LIMIT_ENV, declared_size, limit_opencv, read_moderate

ENCODINGS = (
    *((kind, {}) for kind in ("PNG", "JPEG", "GIF", "BMP", "TIFF", "WebP", "PPM")),
    ("JPEG", {"progressive": True}),
    ("WebP", {"lossless": True}),
    ("WebP", {"exif": b"Exif\0\0II*\0\x08\0\0\0\0\0"}),
    ("TIFF", {"big_tiff": True}),
)
OPENCV_SUFFIXES = (".bmp", ".hdr", ".jp2", ".pam", ".pfm", ".pgm", ".pbm", ".png", ".ppm", ".ras", ".tiff", ".webp")

HUGE = {
    "GIF": b"GIF89a" + struct.pack("<HH", 60_000, 60_000) + b"\xf0\0\0" + bytes(6) + b"\x2c" + bytes(9) + b"\x02\x02",
    "BMP": b"BM" + struct.pack("<IIIIiiHHIIIIII", 1000, 0, 54, 40, 30_000, -30_000, 1, 24, 0, 0, 0, 0, 0, 0),
    "TIFF": b"II*\0\x08\0\0\0" + struct.pack("<HHHIIHHII", 2, 256, 4, 1, 30_000, 257, 3, 1, 30_000),
    "WebP": b"RIFF\x16\0\0\0WEBPVP8X\x0a\0\0\0\0\0\0\0" + struct.pack("<I", 15_999)[:3] + struct.pack("<I", 15_999)[:3],
    "PNM": b"P6\n# a comment\n30000 30000\n255\n" + bytes(100),
    "PFM": b"Pf\n30000 30000\n-1.0\n" + bytes(100),
    "Radiance": b"#?RADIANCE\nFORMAT=32-bit_rle_rgbe\n\n-Y 30000 +X 30000\n" + bytes(100),
    "Sun raster": struct.pack(">8I", 0x59A66A95, 30_000, 30_000, 24, 0, 1, 0, 0) + bytes(100),
}
"""Pictures of a few bytes that claim hundreds of millions of pixels."""


@pytest.mark.parametrize(("kind", "options"), ENCODINGS)
@pytest.mark.parametrize("size_wh", [(1, 1), (48, 48), (300, 17)])
@pytest.mark.parametrize("mode", ["L", "RGB"])
def test_size_of_an_encoded_picture(kind: str, options: dict[str, object], size_wh: tuple[int, int], mode: str) -> None:
    stream = io.BytesIO()
    PillowImage.new(mode, size_wh, 77).save(stream, kind, **options)
    content = stream.getvalue()
    assert declared_size(picture_kind(content), content) == size_wh


@pytest.mark.parametrize("suffix", OPENCV_SUFFIXES)
def test_size_of_pictures_written_by_opencv(suffix: str) -> None:
    picture = np.random.default_rng(0).integers(0, 256, (170, 300), np.uint8)
    pixels = picture.astype(np.float32) if suffix in (".hdr", ".pfm") else picture
    try:
        is_written, encoded = cv2.imencode(suffix, pixels)
    except cv2.error:
        is_written = False
    if not is_written:
        pytest.skip(f"this OpenCV writes no {suffix}")
    content = encoded.tobytes()
    assert declared_size(picture_kind(content), content) == (300, 170)


@pytest.mark.parametrize("kind", [*HUGE, "JPEG", "PNG", "AVIF", "JPEG 2000", None, "SVG"])
@pytest.mark.parametrize("content", [b"", b"GIF89a", b"\xff\xd8\xff", b"\xff\xd8\xff\xe0\x00\x00" * 9, b"II*\0" * 9])
def test_size_that_is_not_declared_is_none(kind: str | None, content: bytes) -> None:
    size = declared_size(kind, content)
    assert size is None or min(size) >= 0


@pytest.mark.skipif(sys.platform == "win32", reason="memory is limited by resource")
def test_a_picture_above_the_limit_costs_no_memory() -> None:
    lines = (
        "import sys, resource",
        "from fer_edge.errors import InputError",
        "from fer_edge.pictures.decoding import decode_picture",
        "from fer_edge.dataset.face_image import Rejected, decode_face",
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss",
        "for content in eval(sys.stdin.read()):",
        "    try:",
        "        decode_picture(content)",
        "    except InputError as error:",
        "        assert 'pixels, more than 100 million' in str(error), (content, error)",
        "    else:",
        "        raise AssertionError(content)",
        "    rejected = decode_face(content)",
        "    assert isinstance(rejected, Rejected) and 'pixels, more than' in rejected.reason, rejected",
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)",
    )
    done = subprocess.run(
        [sys.executable, "-c", "\n".join(lines)], input=repr(list(HUGE.values())), capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    kilobytes = int(done.stdout) >> (10 if sys.platform == "darwin" else 0)
    assert kilobytes < 100_000


def test_limit_is_also_opencvs() -> None:
    lines = (
        "from fer_edge.pictures.size import limit_opencv, most_pixels",
        "limit_opencv(1)",
        "import cv2, numpy as np",
        "content = cv2.imencode('.png', np.zeros((1001, 1000), np.uint8))[1]",
        "assert most_pixels() == 1_000_000",
        "try:",
        "    print(cv2.imdecode(content, cv2.IMREAD_COLOR) is None)",
        "except cv2.error:",
        "    print(True)",
    )
    done = subprocess.run([sys.executable, "-c", "\n".join(lines)], capture_output=True, text=True)
    assert done.stdout == "True\n", done.stderr


def test_file_larger_than_any_picture_within_the_limit_is_refused_unread(tmp_path: Path) -> None:
    path = tmp_path / "huge.gif"
    path.write_bytes(b"GIF89a")
    assert read_moderate(path) == b"GIF89a"
    os.truncate(path, 1 << 40)
    with pytest.raises(InputError, match=r"1,099,512 MB, more than 400; .* max_megapixels=274878$"):
        read_moderate(path)
    assert is_animated_gif(path)  # FFmpeg reads it in pieces


def test_limit_of_a_file_follows_that_of_pixels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.bmp").write_bytes(bytes(100))
    monkeypatch.setenv(LIMIT_ENV, "24")
    with pytest.raises(InputError, match="more than"):
        read_moderate(tmp_path / "a.bmp")
    monkeypatch.setenv(LIMIT_ENV, "25")
    assert len(read_moderate(tmp_path / "a.bmp")) == 100


@pytest.mark.parametrize("given", ["", "abc", "-1", "1.5", "9" * 30, "100 MB", "²"])
def test_limit_that_opencv_cannot_read_is_replaced(given: str) -> None:
    code = "from fer_edge.pictures.size import limit_opencv; limit_opencv(None); import cv2, os; print(os.environ[%r])"
    environment = {**os.environ, LIMIT_ENV: given}
    done = subprocess.run([sys.executable, "-c", code % LIMIT_ENV], env=environment, capture_output=True, text=True)
    assert (done.returncode, done.stdout.strip()) == (0, "100000000")


@pytest.mark.parametrize("given", ["1000", "100MB", "5kb"])
def test_limit_of_opencv_that_the_user_set_stays(given: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(LIMIT_ENV, given)
    limit_opencv(None)
    assert os.environ[LIMIT_ENV] == given
