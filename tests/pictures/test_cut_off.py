from __future__ import annotations

import shutil
import struct
import subprocess
from pathlib import Path

import pytest

from fer_edge.pictures import iso_media
from fer_edge.pictures.cut_off import is_cut_off

FFMPEG = shutil.which("ffmpeg")
COPIES = {
    "plain.mp4": "",
    "faststart.mp4": "-movflags faststart",
    "fragmented.mp4": "-movflags frag_keyframe+empty_moov",
    "without-index.mp4": "-movflags frag_keyframe+skip_trailer",
    "dash.mp4": "-movflags frag_keyframe+dash+global_sidx",
    "plain.mov": "",
    "plain.mkv": "",
    "live.mkv": "-live 1",
    "plain.webm": "",
    "plain.ts": "",
    "blu-ray.m2ts": "-mpegts_m2ts_mode 1",
}
SECONDS = 4
SHARES = (0.2, 0.41, 0.63, 0.87, 0.99)


@pytest.fixture(scope="module")
def films(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a film of a second a fragment in each format."""
    folder = tmp_path_factory.mktemp("films")
    made = f"-f lavfi -i testsrc=size=160x120:rate=10:duration={SECONDS} -g 10"
    for suffix, codec in ((".mp4", "mpeg4"), (".webm", "libvpx -deadline realtime")):
        run_ffmpeg(*made.split(), "-c:v", *codec.split(), str(folder / f"made{suffix}"))
    for name, options in COPIES.items():
        made_as = folder / ("made.webm" if name.endswith(".webm") else "made.mp4")
        run_ffmpeg("-i", str(made_as), "-c", "copy", *options.split(), str(folder / name))
    return folder


def run_ffmpeg(*arguments: str) -> None:
    assert FFMPEG is not None
    subprocess.run([FFMPEG, "-loglevel", "error", *arguments], check=True, timeout=300)


def box(kind: bytes, content: bytes = b"") -> bytes:
    return struct.pack(">I4s", 8 + len(content), kind) + content


def written(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


@pytest.mark.skipif(FFMPEG is None, reason="needs ffmpeg")
@pytest.mark.parametrize("name", COPIES)
def test_only_files_without_their_end_are_cut_off(films: Path, tmp_path: Path, name: str) -> None:
    content = (films / name).read_bytes()
    assert not is_cut_off(films / name)
    ends = {int(len(content) * share) | 1 for share in SHARES} | {len(content) - 1}  # odd: between no packets
    assert [end for end in ends if not is_cut_off(written(tmp_path / name, content[:end]))] == []


HEAD = box(b"ftyp", b"isom") + box(b"moov", box(b"mvex"))
FRAGMENT = box(b"moof", bytes(20)) + box(b"mdat", bytes(50))


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (HEAD, False),
        (HEAD + FRAGMENT * 2, False),
        (HEAD + FRAGMENT + box(b"moof", bytes(20)), True),
        (HEAD + FRAGMENT + FRAGMENT[:5], True),
        (HEAD + box(b"mdat", bytes(50)) + bytes(5), False),
        (HEAD + box(b"mdat", bytes(50)) + bytes(500), False),
        (HEAD + box(b"mdat", bytes(50)) + b"a camera's own data", False),
        (HEAD + struct.pack(">I4sQ", 1, b"mdat", 1 << 40) + bytes(50), True),
        (HEAD + struct.pack(">I4sI", 1, b"mdat", 0), True),
        (HEAD + struct.pack(">I4s", 0, b"mdat") + bytes(50), False),
        (HEAD + box(b"sidx", struct.pack(">5IHH3I", 0, 1, 1, 0, 0, 0, 1, 78, 1, 0)) + FRAGMENT, False),
        (HEAD + box(b"sidx", struct.pack(">5IHH6I", 0, 1, 1, 0, 0, 0, 2, 78, 1, 0, 78, 1, 0)) + FRAGMENT, True),
        (HEAD + box(b"sidx", bytes(3)) + FRAGMENT, False),
    ],
)
def test_mp4_boxes_show_whether_the_end_is_missing(tmp_path: Path, content: bytes, *, expected: bool) -> None:
    assert is_cut_off(written(tmp_path / "film.mp4", content)) is expected


def test_many_empty_boxes_are_not_all_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(iso_media, "_MOST_BOXES", 10)
    assert not is_cut_off(written(tmp_path / "film.mp4", HEAD + box(b"moof") * 100))


def test_file_that_was_removed_is_not_judged(tmp_path: Path) -> None:
    assert not is_cut_off(tmp_path / "film.mp4")


@pytest.mark.parametrize("content", [b"", b"x" * 300, b"RIFF", b"\x1a\x45\xdf\xa3"])
def test_other_and_empty_files_are_not_judged(tmp_path: Path, content: bytes) -> None:
    is_cut_off(written(tmp_path / "film", content))
