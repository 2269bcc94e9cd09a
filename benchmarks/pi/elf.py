"""Alignment of libraries: a Raspberry Pi 5's kernel has pages of 16 kB, and loads nothing aligned to less."""

from __future__ import annotations

import struct
from pathlib import Path

from benchmarks.pi.result import Check

PI_5_PAGE = 16384

# The ELF-64 header and program header, little-endian: System V ABI, chapters 4 and 5.
_HEADER = struct.Struct("<16sHHIQQQIHHH")
_SEGMENT = struct.Struct("<IIQQQQQQ")
_MAGIC = b"\x7fELF\x02\x01"
_LOADED = 1


def page_alignment(path: Path) -> int | None:
    """Return the least alignment of a 64-bit ELF file's loaded segments, bytes; `None` for another kind of file."""
    content = path.read_bytes()
    if not content.startswith(_MAGIC):
        return None
    *_, first, _, _, _, size, count = _HEADER.unpack_from(content)
    segments = [_SEGMENT.unpack_from(content, first + i * size) for i in range(count)]
    return min((alignment for kind, *_, alignment in segments if kind == _LOADED), default=None)


def check_pages(folder: Path) -> Check:
    """Check that every library in a folder can be loaded by a kernel with a Raspberry Pi's largest pages."""
    files = [path for path in folder.rglob("*.so*") if path.is_file() and not path.is_symlink()]
    alignments = {path: page_alignment(path) for path in files}
    small = [path.name for path, alignment in alignments.items() if alignment is not None and alignment < PI_5_PAGE]
    least = min((alignment for alignment in alignments.values() if alignment is not None), default=0)
    detail = f"{len(files)} libraries, aligned to {least // 1024} kB or more" + (
        f"; {', '.join(small)}" if small else ""
    )
    return Check("libraries load with 16 kB pages", bool(files) and not small, detail)
