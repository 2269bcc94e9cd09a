"""Damage to bytes, as disks, networks and attackers do it."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

_MOST_CHANGES = 4
_LONGEST_PIECE = 64
_EXTREMES = (b"\0", b"\xff", b"\x7f", b"\x80", b"\xff\xff\xff\x7f", b"\xff\xff\xff\xff", b"\0\0\0\x80", b"\xff" * 8)


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
