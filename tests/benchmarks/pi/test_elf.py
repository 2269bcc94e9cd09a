from __future__ import annotations

import struct
from pathlib import Path

import pytest

from benchmarks.pi.elf import check_pages, page_alignment


def elf(*segments: tuple[int, int]) -> bytes:
    """A 64-bit ELF file of segments, each a kind and an alignment."""
    header = struct.pack(
        "<16sHHIQQQIHHHHHH", b"\x7fELF\x02\x01\x01", 3, 183, 1, 0, 64, 0, 0, 64, 56, len(segments), 0, 0, 0
    )
    return header + b"".join(struct.pack("<IIQQQQQQ", kind, 5, 0, 0, 0, 0, 0, align) for kind, align in segments)


@pytest.mark.parametrize(
    ("content", "alignment"),
    [(b"", None), (b"INPUT(libc.so.6)", None), (elf(), None), (elf((1, 65536), (2, 8), (1, 4096)), 4096)],
)
def test_least_alignment_of_loaded_segments(tmp_path: Path, content: bytes, alignment: int | None) -> None:
    (tmp_path / "one.so").write_bytes(content)
    assert page_alignment(tmp_path / "one.so") == alignment


def test_library_with_a_small_alignment_is_named(tmp_path: Path) -> None:
    assert not check_pages(tmp_path).passed
    (tmp_path / "one.so.1").write_bytes(elf((1, 65536)))
    check = check_pages(tmp_path)
    assert (check.passed, check.detail) == (True, "1 libraries, aligned to 64 kB or more")
    (tmp_path / "two.so").write_bytes(elf((1, 4096)))
    assert not check_pages(tmp_path).passed
    assert "two.so" in check_pages(tmp_path).detail
