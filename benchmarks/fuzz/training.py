"""Inputs of `train`: choices of classes, and the damaged state of an earlier run."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from random import Random

import numpy as np
from hypothesis import strategies as st

from benchmarks.fuzz import materials
from benchmarks.fuzz.attempt import FuzzInput
from benchmarks.fuzz.mutation import change_json, mutate
from benchmarks.fuzz.structured import WORDS, examples
from fer_edge.labels import EXPRESSIONS

_STATE, _BEST = "run/checkpoints/state.npz", "run/checkpoints/best.weights.h5"


def class_options(first: int, count: int) -> list[FuzzInput]:
    """Options that choose classes. A teacher that is none ends the command before it trains."""
    name = st.sampled_from(EXPRESSIONS) | WORDS
    names = st.lists(name, min_size=1, max_size=8).map(",".join)
    size = st.sampled_from(("48x48", "64x64x3", "0x0", "1x1", "4x4x4", "99999x99999", "48", "x", "48x48x3x1"))
    option = st.one_of(
        st.tuples(st.just("--classes"), names),
        st.tuples(st.just("--drop"), names),
        st.tuples(st.just("--merge"), st.builds("{}={}".format, name, names)),
        st.tuples(st.just("--input"), size | WORDS),
    )
    given = ("train", "--data", "faces.zip", "--output", "run", "--distill", "faces.zip")
    return [
        FuzzInput(
            "class options", (*given, *(word for pair in pairs for word in pair)), {"faces.zip": materials.faces_zip()}
        )
        for pairs in examples(st.lists(option, min_size=1, max_size=3), first, count)
    ]


def training_states(first: int, count: int) -> list[FuzzInput]:
    """Runs whose state, settings or best weights are damaged, also with the digest of the damaged weights."""
    random = Random(first)
    made = []
    for i in range(count):
        files = {**materials.finished_run(), "faces.zip": materials.faces_zip()}
        if i % 4 == 0:
            files[_STATE] = mutate(files[_STATE], random, random.choice((2000, None)))
        elif i % 4 == 1:
            files[_STATE] = _with_other_facts(files[_STATE], random)
        elif i % 4 == 2:
            files["run/settings.json"] = change_json(files["run/settings.json"], random)
        else:
            files[_BEST] = mutate(files[_BEST], random, random.choice((3000, None)))
            if random.random() < 0.5:
                files[_STATE] = _without_digest(files[_STATE])
        made.append(
            FuzzInput("training states", ("train", "--resume", "--data", "faces.zip", "--output", "run"), files)
        )
    return made


def _with_other_facts(state: bytes, random: Random) -> bytes:
    return _with_facts(state, lambda facts: change_json(facts.encode(), random).decode())


def _without_digest(state: bytes) -> bytes:
    return _with_facts(state, lambda facts: json.dumps({**json.loads(facts), "best_sha256": None}))


def _with_facts(state: bytes, change: Callable[[str], str]) -> bytes:
    with np.load(io.BytesIO(state)) as saved:
        arrays = dict(saved)
    buffer = io.BytesIO()
    np.savez(buffer, **{**arrays, "facts": np.array(change(str(arrays["facts"])))})
    return buffer.getvalue()
