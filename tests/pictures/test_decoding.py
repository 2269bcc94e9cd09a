from __future__ import annotations

import io
import struct
import sys
import zlib
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from PIL import Image as PillowImage
from PIL import features

from fer_edge.errors import InputError
from fer_edge.pictures.decoding import decode_picture, is_animated, is_animated_gif, is_picture, picture_kind
from fer_edge.preprocess import Image

SIZE_WH = (64, 32)
QUARTERS = ((250, 40), (170, 90))
"""Gray levels of the left and the right half, each from top to bottom."""

DAMAGED_HEIC = struct.pack(">I", 24) + b"ftypheic" + bytes(4) + b"mif1heic" + bytes(200)

TURNED_TO_STORE = {
    2: PillowImage.Transpose.FLIP_LEFT_RIGHT,
    3: PillowImage.Transpose.ROTATE_180,
    4: PillowImage.Transpose.FLIP_TOP_BOTTOM,
    5: PillowImage.Transpose.TRANSPOSE,
    6: PillowImage.Transpose.ROTATE_90,
    7: PillowImage.Transpose.TRANSVERSE,
    8: PillowImage.Transpose.ROTATE_270,
}
"""Stored form of a picture that each Exif orientation shows upright."""


@pytest.fixture(scope="module")
def picture() -> PillowImage.Image:
    columns = [np.repeat(levels, SIZE_WH[1] // 2) for levels in QUARTERS]
    return PillowImage.fromarray(np.repeat(np.stack(columns, 1), SIZE_WH[0] // 2, axis=1).astype(np.uint8))


def encoded(picture: PillowImage.Image, kind: str, **options: Any) -> bytes:
    """The picture as Pillow writes it; skipped where Pillow cannot write it or OpenCV cannot read it."""
    if kind == "AVIF" and not features.check("avif"):  # type: ignore[no-untyped-call, unused-ignore]
        pytest.skip("this Pillow writes no AVIF")
    if kind == "HEIF":
        pytest.importorskip("pillow_heif").register_heif_opener(thumbnails=False)
    file = io.BytesIO()
    picture.save(file, kind, **options)
    content = file.getvalue()
    flags = cv2.IMREAD_UNCHANGED
    if kind in ("AVIF", "GIF") and cv2.imdecode(np.frombuffer(content, np.uint8), flags) is None:
        pytest.skip(f"this OpenCV reads no {kind}")
    return content


def quarters(image: Image) -> list[list[int]]:
    """Gray levels of the left and the right half, each from top to bottom."""
    height, width = image.shape[:2]
    return [[int(image[y * height // 4, x * width // 4].mean()) for y in (1, 3)] for x in (1, 3)]


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF", "AVIF", "HEIF"])
@pytest.mark.parametrize("orientation", TURNED_TO_STORE)
def test_every_orientation_of_every_format_is_applied(picture: PillowImage.Image, kind: str, orientation: int) -> None:
    exif = PillowImage.Exif()
    exif[0x0112] = orientation
    stored = picture.transpose(TURNED_TO_STORE[orientation])
    image = decode_picture(encoded(stored, kind, exif=exif.tobytes(), quality=95))
    assert image.shape == (SIZE_WH[1], SIZE_WH[0], 3)
    np.testing.assert_allclose(quarters(image), QUARTERS, atol=8)


@pytest.mark.parametrize(
    ("kind", "mode"),
    [
        ("JPEG", "CMYK"),
        ("JPEG", "L"),
        ("JPEG2000", "RGB"),
        ("JPEG2000", "L"),
        ("PNG", "L"),
        ("PNG", "LA"),
        ("PNG", "RGBA"),
        ("PNG", "P"),
        ("PNG", "I;16"),
        ("GIF", "P"),
        ("WEBP", "RGBA"),
        ("BMP", "RGB"),
        ("BMP", "L"),
        ("TIFF", "RGB"),
        ("TIFF", "CMYK"),
        ("TIFF", "I;16"),
        ("TIFF", "F"),
        ("PPM", "RGB"),
        ("PPM", "L"),
        ("AVIF", "RGB"),
        ("HEIF", "RGB"),
        ("HEIF", "RGBA"),
        ("HEIF", "L"),
        ("HEIF", "I;16"),
    ],
)
def test_pixels_of_every_sort_become_the_same_gray_levels(picture: PillowImage.Image, kind: str, mode: str) -> None:
    if mode == "I;16":
        stored = PillowImage.fromarray(np.asarray(picture).astype(np.uint16) * 257)
    elif mode == "F":
        stored = PillowImage.fromarray(np.asarray(picture).astype(np.float32) / 255)
    elif mode == "P":
        stored = picture.quantize(16)
    else:
        stored = picture.convert("RGB").convert(mode)
    image = decode_picture(encoded(stored, kind))
    assert image.dtype == np.uint8
    assert image.shape == (SIZE_WH[1], SIZE_WH[0], 3)
    np.testing.assert_allclose(quarters(image), QUARTERS, atol=8)


@pytest.mark.parametrize(
    ("levels", "depth", "shown"),
    [
        ((0, 255), np.uint8, (0, 255)),
        ((0, 65535), np.uint16, (0, 255)),
        ((-3, 9e6), np.float32, (0, 255)),
        ((np.nan, 0.5), np.float32, (0, 127)),
        ((np.inf, 0.5), np.float32, (0, 127)),
    ],
)
def test_numbers_of_any_depth_become_levels(
    levels: tuple[float, float], depth: type[np.generic], shown: tuple[int, int]
) -> None:
    content = cv2.imencode(".tif", np.tile(levels, (8, 1)).astype(depth))[1].tobytes()
    assert tuple(decode_picture(content)[0, :, 0].tolist()) == shown


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "GIF", "HEIF"])
def test_transparent_parts_are_white_whatever_is_under_them(picture: PillowImage.Image, kind: str) -> None:
    alpha = np.full((SIZE_WH[1], SIZE_WH[0]), 255, np.uint8)
    alpha[:4] = 0
    see_through = picture.convert("RGB")
    see_through.putalpha(PillowImage.fromarray(alpha))
    image = decode_picture(encoded(see_through, kind))
    assert image[:4].min() == 255
    np.testing.assert_allclose(quarters(image), QUARTERS, atol=8)


@pytest.mark.parametrize("orientation", [3, 5, 6])
def test_avif_is_read_alike_with_and_without_opencv(
    picture: PillowImage.Image, orientation: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    exif = PillowImage.Exif()
    exif[0x0112] = orientation
    content = encoded(picture.transpose(TURNED_TO_STORE[orientation]), "AVIF", exif=exif, quality=95)
    with_opencv = decode_picture(content)
    monkeypatch.setattr(cv2, "imdecode", lambda *_: None)
    np.testing.assert_allclose(decode_picture(content), with_opencv, atol=4)


@pytest.mark.parametrize("kind", ["AVIF", "HEIF"])
def test_without_its_packages_a_picture_names_the_extra(
    picture: PillowImage.Image, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = encoded(picture, kind)
    monkeypatch.setattr(cv2, "imdecode", lambda *_: None)
    for package in ("PIL", "pillow_heif"):
        monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(InputError, match=r"convert it to JPEG or PNG, or in the checkout, pip install '\.\[heic\]'"):
        decode_picture(content)


@pytest.mark.parametrize("kept", [0.3, 0.6, 0.9, 0.99])
def test_heic_that_ends_early_is_rejected_in_one_line(picture: PillowImage.Image, kept: float) -> None:
    content = encoded(picture, "HEIF")
    with pytest.raises(InputError, match=r"^HEIC, but damaged") as caught:
        decode_picture(content[: int(kept * len(content))])
    assert "\n" not in str(caught.value)


def test_heic_without_a_picture_of_a_known_kind_is_rejected(picture: PillowImage.Image) -> None:
    content = encoded(picture, "HEIF").replace(b"hvc1", b"hvcX")
    with pytest.raises(InputError, match=r"^HEIC, but damaged"):
        decode_picture(content)


def test_half_transparent_pixels_are_half_white() -> None:
    content = cv2.imencode(".png", np.full((4, 4, 4), (0, 100, 200, 51), np.uint8))[1].tobytes()
    assert decode_picture(content)[0, 0].tolist() == [204, 224, 244]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "no picture"),
        (b"some notes", "no picture"),
        (DAMAGED_HEIC, "HEIC, but damaged"),
        (b"\0\0\0\x0cJXL \r\n\x87\n" + bytes(40), "JPEG XL, which"),
        (b"\x76\x2f\x31\x01" + bytes(40), "OpenEXR, which"),
        (b"<?xml version='1.0'?>\n<svg xmlns='http://www.w3.org/2000/svg'/>", "SVG, which"),
        (b"\xff\xd8\xff\xe0" + bytes(40), "JPEG, but it ends too early"),
        (b"\xff\xd8\xff\xda\0\2\xff\xd9", "JPEG, but damaged"),
        (cv2.imencode(".png", np.zeros((90, 90), np.uint8))[1].tobytes()[:60], "PNG, but it ends too early"),
    ],
)
def test_undecodable_file_is_rejected_in_one_line(content: bytes, message: str) -> None:
    with pytest.raises(InputError) as caught:
        decode_picture(content)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("progressive", [False, True])
def test_truncated_jpeg_is_rejected_and_trailing_bytes_are_accepted(
    picture: PillowImage.Image, progressive: bool
) -> None:
    content = encoded(picture, "JPEG", progressive=progressive)
    for length in range(3, len(content), 7):
        with pytest.raises(InputError, match="JPEG, but"):
            decode_picture(content[:length])
    film = b"\0\0\0\x18ftypmp42\xff\xda\xff" + bytes(20)
    np.testing.assert_array_equal(decode_picture(content + film), decode_picture(content))


def test_a_picture_of_too_many_pixels_is_not_decoded() -> None:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = chunk(b"IHDR", struct.pack(">II5B", 60_000, 60_000, 8, 2, 0, 0, 0))
    with pytest.raises(InputError, match=r"^PNG of 60000x60000 pixels, more than 100 million; .*max_megapixels=3600$"):
        decode_picture(b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", b"") + chunk(b"IEND", b""))


@pytest.mark.parametrize(
    "text",
    [b"", b"BMW 320d, 2019", b"P5 is a processor", b"GIF files\n", b"II. The second part", b"RIFF\0\0\0\0AVI LIST"],
)
def test_texts_and_videos_are_no_pictures(tmp_path: Path, text: bytes) -> None:
    assert picture_kind(text) is None
    (tmp_path / "face.jpg").write_bytes(text)
    assert not is_picture(tmp_path / "face.jpg")
    assert not is_picture(tmp_path)
    assert not is_picture(tmp_path / "gone")


@pytest.mark.parametrize("brand", [b"isom", b"mp42", b"qt  ", b"M4V "])
def test_mp4_videos_are_no_pictures(brand: bytes) -> None:
    assert picture_kind(struct.pack(">I", 24) + b"ftyp" + brand + bytes(12)) is None


@pytest.mark.parametrize(
    ("kind", "options"), [("GIF", {}), ("WEBP", {"lossless": True}), ("PNG", {}), ("AVIF", {"quality": 90})]
)
def test_animations_are_recognized(
    picture: PillowImage.Image, tmp_path: Path, kind: str, options: dict[str, Any]
) -> None:
    if kind == "AVIF" and not features.check("avif"):  # type: ignore[no-untyped-call, unused-ignore]
        pytest.skip("this Pillow writes no AVIF")
    more = [picture.transpose(PillowImage.Transpose.ROTATE_180)]
    for is_moving, path in ((False, tmp_path / "one"), (True, tmp_path / "two")):
        picture.save(path, kind, save_all=is_moving, append_images=more if is_moving else [], **options)
        assert is_animated(path.read_bytes()) is is_moving
        assert is_animated_gif(path) is (is_moving and kind == "GIF")


def test_a_gif_cut_anywhere_is_no_error(picture: PillowImage.Image) -> None:
    file = io.BytesIO()
    picture.save(file, "GIF", save_all=True, append_images=[picture.transpose(PillowImage.Transpose.ROTATE_180)])
    content = file.getvalue()
    moving = [is_animated(content[:length]) for length in range(len(content) + 1)]
    assert not any(moving[: len(content) // 2])
    assert moving[-1]


@pytest.mark.parametrize("index", [0, 1])
@pytest.mark.parametrize("length", [1 << 30, 2**32 - 1])
def test_png_chunk_longer_than_the_file_is_refused(index: int, length: int) -> None:
    content = bytearray(cv2.imencode(".png", np.zeros((90, 90), np.uint8))[1].tobytes())
    position = 8 if index == 0 else 33
    assert bytes(content[position + 4 : position + 8]) == (b"IHDR", b"IDAT")[index]
    content[position : position + 4] = length.to_bytes(4, "big")
    with pytest.raises(InputError, match="PNG, but it ends too early"):
        decode_picture(bytes(content))
