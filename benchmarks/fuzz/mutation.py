"""Damage to bytes, JSON and folders, as disks, networks, older versions and attackers do it."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

_MOST_CHANGES = 4
_LONGEST_PIECE = 64
_EXTREMES = (b"\0", b"\xff", b"\x7f", b"\x80", b"\xff\xff\xff\x7f", b"\xff\xff\xff\xff", b"\0\0\0\x80", b"\xff" * 8)
_JSON_VALUES: tuple[Any, ...] = (
    *(
        None,
        True,
        0,
        -1,
        2**63,
        10**400,
        1e308,
        float("inf"),
        float("nan"),
        "",
        "0",
        "..",
        "a/../../b",
        "\0",
        "\x1b[31m",
    ),
    *("[/b]", "\ud800", "a" * 300, [], {}, [[]], [0], {"": 0}),
)


def mutate(content: bytes, random: Random, within: int | None = None) -> bytes:
    """Return the content with one to `_MOST_CHANGES` changes.

    Args:
        content: One byte or more.
        random: Chooses them.
        within: Change only the first so many bytes; `None` for all.
    """
    head, rest = bytearray(content[:within]), content[len(content[:within]) :]
    for _ in range(random.randint(1, _MOST_CHANGES)):
        at = random.randrange(len(head) or 1)
        random.choice(_CHANGES)(head, at, random)
    return bytes(head) + rest


def change_json(text: bytes, random: Random) -> bytes:
    """Return JSON with another value in one place, or without it."""
    facts = json.loads(text)
    place = facts
    while True:
        key = random.choice(list(place) if isinstance(place, dict) else range(len(place)))
        if not (isinstance(place[key], (dict, list)) and place[key] and random.random() < 0.9):
            break
        place = place[key]
    if random.random() < 0.1:
        del place[key]
    else:
        place[key] = random.choice(_JSON_VALUES)
    return json.dumps(facts).encode()


def damage_folder(folder: Path, random: Random) -> None:
    """Damage one of a folder's files, lose it, or put a folder in its place; each kind of file is as likely."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    suffix = random.choice(sorted({path.suffix for path in files}))
    path = random.choice([path for path in files if path.suffix == suffix])
    how = random.random()
    if how < 0.2:
        path.unlink()
        if how < 0.1:
            path.mkdir()
        return
    content = path.read_bytes()
    if suffix == ".json" and how < 0.7:
        path.write_bytes(change_json(content, random))
    elif suffix == ".gz" and how < 0.7:  # what is in it, with a check sum that fits
        path.write_bytes(gzip.compress(mutate(gzip.decompress(content), random)))
    else:
        path.write_bytes(mutate(content, random))


def _flip(content: bytearray, at: int, random: Random) -> None:
    if content:
        content[at] ^= 1 << random.randrange(8)


def _replace(content: bytearray, at: int, random: Random) -> None:
    piece = random.choice((*_EXTREMES, random.randbytes(random.randint(1, 4))))
    content[at : at + len(piece)] = piece


def _remove(content: bytearray, at: int, random: Random) -> None:
    del content[at : at + random.randint(1, _LONGEST_PIECE)]


def _repeat(content: bytearray, at: int, random: Random) -> None:
    piece = content[at : at + random.randint(1, _LONGEST_PIECE)]
    content[at:at] = piece * random.choice((1, 2, 50))


def _move(content: bytearray, at: int, random: Random) -> None:
    start = random.randrange(len(content) or 1)
    piece = content[start : start + random.randint(1, 16)]
    content[at : at + len(piece)] = piece


def _truncate(content: bytearray, at: int, random: Random) -> None:
    if random.random() < 0.3:  # more would hide what the others do
        del content[at:]


_CHANGES: tuple[Callable[[bytearray, int, Random], None], ...] = (_flip, _flip, _replace, _replace, _remove, _repeat)
_CHANGES += (_move, _truncate)
