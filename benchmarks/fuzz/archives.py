"""Inputs of `predict` and `analyze`: damaged pictures, videos, logs, and the folder of an earlier analysis."""

from __future__ import annotations

from random import Random

from benchmarks.fuzz import materials
from benchmarks.fuzz.attempt import FuzzInput
from benchmarks.fuzz.mutation import change_json, mutate

_HEAD_BYTES = 40
_VIDEO_HEAD_BYTES = 400
_WRITES: tuple[tuple[str, ...], ...] = ((), ("--save", "copies"), ("--crops", "faces"), ("--csv",))
_AGAIN: tuple[tuple[str, ...], ...] = (("video.avi",), ("video.avi", "log.jsonl"), ("video.avi", "--overwrite"))


def predicted(first: int, count: int) -> list[FuzzInput]:
    """Damaged pictures of each format for `predict`, beside a whole one."""
    random = Random(first)
    made = []
    for _ in range(count):
        suffix = random.choice(list(materials.pictures()))
        picture = mutate(materials.pictures()[suffix], random, random.choice((_HEAD_BYTES, 400, None)))
        files = {f"damaged{suffix}": picture, "whole.png": materials.pictures()[".png"]}
        arguments = ("predict", f"damaged{suffix}", "whole.png", *random.choice(_WRITES))
        made.append(FuzzInput("pictures to predict", arguments, files))
    return made


def analyzed(first: int, count: int) -> list[FuzzInput]:
    """Damaged videos and pictures for `analyze`."""
    random = Random(first)
    made = []
    for _ in range(count):
        known = random.choice((materials.videos(), materials.videos(), materials.pictures()))
        suffix = random.choice(list(known))
        content = mutate(known[suffix], random, random.choice((_VIDEO_HEAD_BYTES, None)))
        options = random.choice(((), (), ("--every", "0.2s"), ("--video",)))
        made.append(
            FuzzInput(
                "files to analyze",
                ("analyze", f"damaged{suffix}", "--output", "out", *options),
                {f"damaged{suffix}": content},
            )
        )
    return made


def logs(first: int, count: int) -> list[FuzzInput]:
    """Logs whose bytes are damaged, or one of whose lines has another value in it, for `analyze`."""
    random = Random(first)
    made = []
    for i in range(count):
        lines = materials.log().splitlines(keepends=True)
        if i % 3:
            number = random.choice((0, random.randrange(len(lines))))
            lines[number] = change_json(lines[number], random) + b"\n"
            content = b"".join(lines)
        else:
            content = mutate(b"".join(lines), random)
        made.append(FuzzInput("logs", ("analyze", "log.jsonl", "--output", "out"), {"log.jsonl": content}))
    return made


def analysis_folders(first: int, count: int) -> list[FuzzInput]:
    """Folders of an analysis, with one file damaged, to which a call adds a log, or which it replaces."""
    random = Random(first)
    files = {"video.avi": materials.videos()[".avi"], "log.jsonl": materials.log()}
    return [
        FuzzInput(
            "analysis folders",
            ("analyze", *random.choice(_AGAIN), "--output", "out"),
            files,
            earlier=("analyze", "video.avi", "--output", "out"),
            damaged="out",
            seed=random.randrange(1 << 32),
        )
        for _ in range(count)
    ]
