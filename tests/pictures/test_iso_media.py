from __future__ import annotations

import io
import struct

import pytest

from fer_edge.pictures.iso_media import film_turn, is_iso_media, picture_turn
from fer_edge.pictures.upright import CLOCKWISE, EXIF_TURNS, MIRRORED, UNTURNED, UPSIDE_DOWN, Turn

IDENTITY = Turn(1, 0, 0, 1)
FIRST_ITEM, OTHER_ITEM = 1, 7


def box(kind: bytes, *content: bytes) -> bytes:
    data = b"".join(content)
    return struct.pack(">I", len(data) + 8) + kind + data


def matrix(turn: Turn) -> bytes:
    a, b, c, d = (int(value * 65536) for value in turn)
    return struct.pack(">9i", a, b, 0, c, d, 0, 0, 0, 1 << 30)


def track(turn: Turn, *, handler: bytes = b"vide", version: int = 0) -> bytes:
    times = bytes(32 if version else 20)
    header = box(b"tkhd", bytes([version, 0, 0, 3]), times, bytes(16), matrix(turn), bytes(8))
    return box(b"trak", header, box(b"mdia", box(b"hdlr", bytes(8), handler, bytes(13))))


def film(*tracks: bytes, turn: Turn = IDENTITY, version: int = 0) -> io.BytesIO:
    """An MP4 whose index comes after its data."""
    times = bytes(28 if version else 16)
    header = box(b"mvhd", bytes([version, 0, 0, 0]), times, bytes(16), matrix(turn), bytes(28))
    data = struct.pack(">I4sQ", 1, b"mdat", 116) + bytes(100)  # with a length of 64 bits
    return io.BytesIO(box(b"ftyp", b"isom", bytes(4)) + data + box(b"moov", header, *tracks))


@pytest.mark.parametrize("turn", EXIF_TURNS.values())
@pytest.mark.parametrize("version", [0, 1])
def test_films_give_their_turn(turn: Turn, version: int) -> None:
    assert film_turn(film(track(turn, version=version), version=version)) == turn


def test_only_the_video_track_counts() -> None:
    assert film_turn(film(track(MIRRORED, handler=b"soun"), track(CLOCKWISE))) == CLOCKWISE
    assert film_turn(film(track(MIRRORED, handler=b"soun"))) == UNTURNED


def test_the_whole_films_turn_comes_after_the_tracks() -> None:
    assert film_turn(film(track(MIRRORED), turn=CLOCKWISE)) == MIRRORED.then(CLOCKWISE)


@pytest.mark.parametrize(
    ("stored", "turn"),
    [
        (Turn(2, 0, 0, 1.5), UNTURNED),
        (Turn(0.0001, 1, -1, 0.0001), CLOCKWISE),
        (Turn(0, 0, 0, 0), UNTURNED),
    ],
    ids=["scaled", "by sines", "empty"],
)
def test_scales_and_rounding_are_left_out(stored: Turn, turn: Turn) -> None:
    assert film_turn(film(track(stored))) == turn


def test_other_angle_is_not_right_angled() -> None:
    assert not film_turn(film(track(Turn(0.7, 0.7, -0.7, 0.7)))).is_right_angled


def heif(
    properties: list[bytes], indexes: list[int], *, wide_items: bool = False, wide_indexes: bool = False
) -> io.BytesIO:
    """The metadata of an AVIF file: two items, of which the main one has the properties at `indexes`."""
    item, index = ">I" if wide_items else ">H", ">H" if wide_indexes else ">B"
    essential = 0x8000 if wide_indexes else 0x80
    both = ((OTHER_ITEM, [1]), (FIRST_ITEM, indexes))
    lists = [
        struct.pack(item, each) + bytes([len(of)]) + b"".join(struct.pack(index, essential | one) for one in of)
        for each, of in both
    ]
    association = struct.pack(">BxxBI", wide_items, wide_indexes, len(lists)) + b"".join(lists)
    main = box(b"pitm", struct.pack(">B3x", wide_items), struct.pack(item, FIRST_ITEM))
    parts = box(b"iprp", box(b"ipco", *properties), box(b"ipma", association))
    return io.BytesIO(box(b"ftyp", b"avif", bytes(4)) + box(b"meta", bytes(4), main, parts))


SIZE = box(b"ispe", bytes(12))


@pytest.mark.parametrize("wide_items", [False, True])
@pytest.mark.parametrize("wide_indexes", [False, True])
@pytest.mark.parametrize(
    ("properties", "indexes", "turn"),
    [
        ([SIZE], [1], UNTURNED),
        ([SIZE, box(b"irot", b"\1")], [1, 2], EXIF_TURNS[8]),
        ([SIZE, box(b"irot", b"\2")], [1, 2], EXIF_TURNS[3]),
        ([SIZE, box(b"irot", b"\3")], [1, 2], EXIF_TURNS[6]),
        ([SIZE, box(b"imir", b"\0")], [1, 2], UPSIDE_DOWN),
        ([SIZE, box(b"imir", b"\1")], [1, 2], MIRRORED),
        ([SIZE, box(b"imir", b"\1"), box(b"irot", b"\1")], [1, 3, 2], EXIF_TURNS[8].then(MIRRORED)),
        ([box(b"irot", b"\1"), SIZE], [2], UNTURNED),
        ([SIZE], [1, 9], UNTURNED),
    ],
)
def test_pictures_give_the_turn_of_their_main_item(
    properties: list[bytes], indexes: list[int], turn: Turn, wide_items: bool, wide_indexes: bool
) -> None:
    file = heif(properties, indexes, wide_items=wide_items, wide_indexes=wide_indexes)
    assert picture_turn(file) == turn


def test_truncated_file_is_unturned_or_turned_as_declared() -> None:
    whole_film = film(track(CLOCKWISE)).getvalue()
    whole_picture = heif([SIZE, box(b"irot", b"\3")], [1, 2]).getvalue()
    for length in range(len(whole_film)):
        assert film_turn(io.BytesIO(whole_film[:length])) in (UNTURNED, CLOCKWISE)
    for length in range(len(whole_picture)):
        assert picture_turn(io.BytesIO(whole_picture[:length])) in (UNTURNED, CLOCKWISE)


@pytest.mark.parametrize("content", [b"", b"\0" * 64, b"RIFF\0\0\0\0AVI ", struct.pack(">I4s", 4, b"moov") * 3])
def test_other_files_are_not_turned(content: bytes) -> None:
    assert film_turn(io.BytesIO(content)) == picture_turn(io.BytesIO(content)) == UNTURNED


def test_mp4_and_quicktime_are_recognized() -> None:
    assert is_iso_media(film().getvalue()[:12])
    assert is_iso_media(box(b"moov", bytes(8)))
    assert not is_iso_media(b"RIFF\0\0\0\0AVI ")
    assert not is_iso_media(b"")
