"""Video files that end too early, as after a broken download or a camera that lost its power."""

from __future__ import annotations

from pathlib import Path

from fer_edge.pictures import iso_media, matroska

_SYNC = 0x47
_PACKETS = ((188, 0), (192, 4))
"""Length of an MPEG transport stream's packets in bytes, and where `_SYNC` is in each: in .ts and .m2ts files."""
_HEAD = 200


def is_cut_off(path: Path) -> bool:
    """Return whether a video's bytes show that its end is missing: of MP4, QuickTime, Matroska, WebM, .ts and .m2ts.

    Not at each place: a file that ends between two fragments or packets shows nothing. AVI counts its frames instead.
    """
    try:
        file = path.open("rb")
    except OSError:  # removed since it was read
        return False
    with file:
        head = file.read(_HEAD)
        for length, place in _PACKETS:
            if len(head) == _HEAD and head[place] == head[place + length] == _SYNC:
                return file.seek(0, 2) % length != 0
        if iso_media.is_iso_media(head):
            return iso_media.is_cut_off(file)
        return matroska.is_matroska(head) and matroska.is_cut_off(file)
