from __future__ import annotations

import io
import struct

import pytest

from fer_edge.pictures.matroska import film_turn, is_matroska
from fer_edge.pictures.upright import (
    CLOCKWISE,
    COUNTERCLOCKWISE,
    EXIF_TURNS,
    HALF_TURN,
    MIRRORED,
    UNTURNED,
    UPSIDE_DOWN,
    Turn,
)

VIDEO, SOUND = b"\1", b"\2"


def element(kind: int, *content: bytes, unknown_size: bool = False) -> bytes:
    data = b"".join(content)
    size = b"\x01" + b"\xff" * 7 if unknown_size else struct.pack(">I", 0x10000000 | len(data))
    return kind.to_bytes((kind.bit_length() + 7) // 8, "big") + size + data


def pose(yaw: float, pitch: float, roll: float, *, form: str = ">f", projection: bytes = b"\0") -> bytes:
    angles = [
        element(kind, struct.pack(form, value)) for kind, value in ((0x7673, yaw), (0x7674, pitch), (0x7675, roll))
    ]
    return element(0x7670, element(0x7671, projection), *angles)


def track(projection: bytes = b"", kind: bytes = VIDEO) -> bytes:
    return element(0xAE, element(0xD7, b"\1"), element(0x83, kind), element(0xE0, element(0xB0, b"\x40"), projection))


def film(*tracks: bytes, live: bool = False) -> io.BytesIO:
    """A Matroska file as FFmpeg writes it, or with lengths that are not known, as of a live stream."""
    cluster = element(0x1F43B675, bytes(300), unknown_size=live)
    segment = element(0x18538067, element(0xEC, bytes(50)), element(0x1654AE6B, *tracks), cluster, unknown_size=live)
    return io.BytesIO(element(0x1A45DFA3, bytes(20)) + segment)


@pytest.mark.parametrize("live", [False, True])
@pytest.mark.parametrize("form", [">f", ">d"])
@pytest.mark.parametrize(
    ("yaw", "roll", "turn"),
    [
        (0, 0, UNTURNED),
        (0, 90, COUNTERCLOCKWISE),
        (0, -90, CLOCKWISE),
        (0, 270, CLOCKWISE),
        (0, 180, HALF_TURN),
        (180, 0, MIRRORED),
        (-180, 0, MIRRORED),
        (180, 180, UPSIDE_DOWN),
        (180, -90, EXIF_TURNS[7]),
        (180, 90, EXIF_TURNS[5]),
    ],
)
def test_films_give_their_turn(yaw: float, roll: float, turn: Turn, form: str, live: bool) -> None:
    """FFmpeg writes and reads a turn of 90 degrees to the left, then mirrored, as a yaw of 180 and a roll of -90."""
    assert film_turn(film(track(pose(yaw, 0, roll, form=form)), live=live)) == turn


def test_only_the_first_video_track_counts() -> None:
    tracks = track(pose(180, 0, 0), SOUND), track(pose(0, 0, 180)), track(pose(180, 0, 0))
    assert film_turn(film(*tracks)) == HALF_TURN
    assert film_turn(film(track(), track(pose(180, 0, 0)))) == UNTURNED


def test_other_angle_is_not_right_angled() -> None:
    assert not film_turn(film(track(pose(0, 0, 45)))).is_right_angled


@pytest.mark.parametrize(
    "projection",
    [b"", pose(90, 0, 90), pose(0, 10, 90), pose(0, 0, float("nan")), pose(0, 0, 90, projection=b"\1")],
    ids=["none", "looks aside", "looks up", "no number", "a sphere"],
)
def test_views_of_a_sphere_are_not_turned(projection: bytes) -> None:
    assert film_turn(film(track(projection))) == UNTURNED


def test_a_file_cut_or_changed_anywhere_is_no_error() -> None:
    content = film(track(pose(0, 0, -90))).getvalue()
    for place in range(len(content)):
        assert film_turn(io.BytesIO(content[:place])) in (UNTURNED, CLOCKWISE)
        for value in (0, 1, 0xFF):
            film_turn(io.BytesIO(content[:place] + bytes([value]) + content[place + 1 :]))


def test_matroska_is_recognized() -> None:
    assert is_matroska(film().getvalue()[:12])
    assert not is_matroska(b"")
    assert film_turn(io.BytesIO(b"RIFF\0\0\0\0AVI ")) == UNTURNED
