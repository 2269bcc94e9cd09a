"""Damaged model files, pictures, videos and zips."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from random import Random

from benchmarks.fuzz import materials
from benchmarks.fuzz.attempt import FuzzInput, attempt, scores_in
from benchmarks.fuzz.mutation import mutate
from fer_edge.cards.model_card import ModelCard
from fer_edge.cards.storage import append_card
from fer_edge.inference.onnx_card import append_card_to_onnx

_VIDEO_HEAD_BYTES = 400


def tflite(first: int, count: int) -> list[FuzzInput]:
    """TFLite files that were damaged after they were signed."""
    return _signed("TFLite", "model.tflite", materials.tflite_file(), first, count)


def onnx(first: int, count: int) -> list[FuzzInput]:
    """ONNX files that were damaged after they were signed."""
    return _signed("ONNX", "model.onnx", materials.onnx_file(), first, count)


def signed_again(first: int, count: int) -> list[FuzzInput]:
    """Damaged models with a card that fits the damage, as an attacker makes it."""
    random = Random(first)
    made = []
    for _ in range(count):
        if random.random() < 0.5:
            # The tables, which hold indices, are at a flatbuffer's ends.
            model = mutate(materials.tflite_model(), random, random.choice((2000, None)))
            name, content = "model.tflite", append_card(model, materials.shipped_card())
        else:
            model = mutate(materials.onnx_model(), random, random.choice((300, None)))
            name, content = "model.onnx", append_card_to_onnx(model, ModelCard("fuzz", "dense"))
        made.append(FuzzInput("models signed again", _run_model(name), {name: content}))
    return made


def keras(first: int, count: int) -> list[FuzzInput]:
    """Damaged .keras files: mostly for `info`, as loading one takes seconds."""
    random = Random(first)
    faces = materials.faces_zip()
    made = []
    for i in range(count):
        files = {"model.keras": mutate(materials.keras_file(), random)}
        if i % 4:
            made.append(FuzzInput(".keras", ("info", "model.keras"), files))
        else:
            arguments = ("evaluate", "model.keras", "--data", "faces.zip")
            made.append(FuzzInput(".keras", arguments, {**files, "faces.zip": faces}))
    return made


def pictures(first: int, count: int) -> list[FuzzInput]:
    """Damaged pictures as a source, or in a data set."""
    random = Random(first)
    made = []
    for _ in range(count):
        suffix = random.choice(list(materials.pictures()))
        picture = mutate(materials.pictures()[suffix], random, random.choice((40, None)))
        name = f"picture{suffix}"
        if random.random() < 0.5:
            made.append(FuzzInput("pictures", _run_camera(name), {name: picture}))
        else:
            members = {**materials.faces(), f"images/train/happy/{name}": picture}
            arguments = (*materials.READ_FACES, "faces.zip")
            made.append(FuzzInput("pictures", arguments, {"faces.zip": materials.zip_of(members)}))
    return made


def videos(first: int, count: int) -> list[FuzzInput]:
    """Videos whose first bytes are damaged, and some that are damaged anywhere."""
    random = Random(first)
    made = []
    for _ in range(count):
        suffix = random.choice(list(materials.videos()))
        content = mutate(materials.videos()[suffix], random, random.choice((_VIDEO_HEAD_BYTES, None)))
        made.append(FuzzInput("videos", _run_camera(f"video{suffix}"), {f"video{suffix}": content}))
    return made


def zips(first: int, count: int) -> list[FuzzInput]:
    """Damaged zips of faces; half of them in the directory at their end."""
    random = Random(first)
    made = []
    for _ in range(count):
        content = materials.faces_zip()
        cut = random.choice((0, len(content) - 2500))
        damaged = content[:cut] + mutate(content[cut:], random)
        made.append(FuzzInput("zips", (*materials.READ_FACES, "faces.zip"), {"faces.zip": damaged}))
    return made


def _signed(kind: str, name: str, content: bytes, first: int, count: int) -> list[FuzzInput]:
    random = Random(first)
    commands: Sequence[Callable[[str], tuple[str, ...]]] = (_run_model, _run_model, lambda name: ("info", name))
    return [
        FuzzInput(kind, random.choice(commands)(name), {name: mutate(content, random)}, _scores_of(name, content))
        for _ in range(count)
    ]


@lru_cache
def _scores_of(name: str, undamaged: bytes) -> tuple[str, ...]:
    scores = scores_in(attempt(FuzzInput("", _run_model(name), {name: undamaged})))
    assert scores, f"the undamaged {name} gives no scores"
    return scores


def _run_model(name: str) -> tuple[str, ...]:
    return ("run", "--quiet", "--raw", "--frames", "1", "--camera", "demo", "--jsonl", "-", "--model", name)


def _run_camera(name: str) -> tuple[str, ...]:
    return ("run", "--quiet", "--frames", "3", "--camera", name)
