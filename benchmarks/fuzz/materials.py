"""Undamaged files, from which the damaged ones are made. Each is made once a process."""

from __future__ import annotations

import csv
import io
import subprocess
import sys
import tempfile
import zipfile
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path

import cv2
import numpy as np

from fer_edge.cards.model_card import ModelCard
from fer_edge.cards.storage import append_card, read_zipped_card
from fer_edge.dataset.synthetic import draw_face
from fer_edge.inference.onnx_card import append_card_to_onnx
from fer_edge.labels import EXPRESSIONS
from fer_edge.models import SHIPPED_MODEL
from fer_edge.preprocess import Image
from fer_edge.runtime.sources.demo import DemoSource

VIDEO_SIZE_WH = (160, 120)
READ_FACES = ("samples", "--expression", "happy", "--data")
"""Command that reads all faces and draws a few, as a whole sheet takes five times as long as all else."""
_VIDEO_CODECS = {".avi": "MJPG", ".mp4": "mp4v", ".mkv": "mp4v"}
_PICTURE_SUFFIXES = (".jpg", ".png", ".bmp", ".tiff", ".webp", ".ppm")
_PROGRAM = (sys.executable, "-m", "fer_edge")
_GIF = bytes.fromhex("47494638396101000100800000ffffff00000021f90400000000002c00000000010001000002024401003b")

# In a process of its own: TensorFlow that has worked starts threads, which a fork does not survive.
_MAKE_KERAS = """
import sys
from pathlib import Path
import keras
from fer_edge.cards.model_card import ModelCard
from fer_edge.training.networks.architectures import ARCHITECTURES
from fer_edge.training.networks.keras_file import save_keras
keras.utils.set_random_seed(0)
save_keras(ARCHITECTURES["compact-s"](), ModelCard("fuzz", "compact-s"), Path(sys.argv[1]))
"""


@lru_cache
def shipped_card() -> ModelCard:
    """Return the shipped model's card."""
    card = read_zipped_card(SHIPPED_MODEL)
    assert card is not None
    return card


@lru_cache
def tflite_model() -> bytes:
    """Return the shipped model without its card."""
    return SHIPPED_MODEL.read_bytes()[: shipped_card().model_bytes]


@lru_cache
def tflite_file() -> bytes:
    """Return the shipped model with a card that is signed as `export` signs it."""
    return append_card(tflite_model(), shipped_card())


@lru_cache
def onnx_model() -> bytes:
    """Return a network of one dense layer with random weights, without a card."""
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    weights = np.random.default_rng(0).normal(0, 1e-3, (48 * 48, 7)).astype(np.float32)
    nodes = [
        helper.make_node("Flatten", ["image"], ["flat"]),
        helper.make_node("MatMul", ["flat", "weights"], ["logits"]),
        helper.make_node("Softmax", ["logits"], ["scores"]),
    ]
    image = helper.make_tensor_value_info("image", TensorProto.FLOAT, ["n", 48, 48, 1])
    scores = helper.make_tensor_value_info("scores", TensorProto.FLOAT, ["n", 7])
    graph = helper.make_graph(nodes, "fuzz", [image], [scores], [numpy_helper.from_array(weights, "weights")])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    onnx.checker.check_model(model)
    return bytes(model.SerializeToString())


@lru_cache
def onnx_file() -> bytes:
    """Return it with a signed card."""
    return append_card_to_onnx(onnx_model(), ModelCard("fuzz", "dense"))


@lru_cache
def keras_file() -> bytes:
    """Return an untrained network as a .keras file with its card."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "model.keras")
        subprocess.run([sys.executable, "-c", _MAKE_KERAS, str(path)], check=True, capture_output=True)
        return path.read_bytes()


@lru_cache
def pictures() -> dict[str, bytes]:
    """Return a picture of a face in each format that can be written here, and a GIF, by suffix."""
    frame = np.asarray(cv2.resize(DemoSource().draw(0), VIDEO_SIZE_WH), np.uint8)
    suffixes = (*_PICTURE_SUFFIXES, ".avif") if cv2.haveImageWriter("picture.avif") else _PICTURE_SUFFIXES
    made = {suffix: cv2.imencode(suffix, frame)[1].tobytes() for suffix in suffixes}
    return {**made, ".gif": _GIF, **_heic(frame)}


def _heic(frame: Image) -> dict[str, bytes]:
    if find_spec("pillow_heif") is None:  # an extra
        return {}
    import pillow_heif

    buffer = io.BytesIO()
    size_wh = (frame.shape[1], frame.shape[0])
    pillow_heif.from_bytes("BGR", size_wh, np.ascontiguousarray(frame).tobytes()).save(buffer)
    return {".heic": buffer.getvalue()}


@lru_cache
def log() -> bytes:
    """Return the JSONL log of ten frames, with a face in each."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "log.jsonl")
        made = (*_PROGRAM, "run", "demo", "--frames", "10", "--quiet", "--jsonl", str(path))
        subprocess.run(made, check=True, capture_output=True)
        return path.read_bytes()


@lru_cache
def finished_run() -> dict[str, bytes]:
    """Return the files of a run of one epoch on `faces.zip` in the folder `run`, by path."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "faces.zip").write_bytes(faces_zip())
        options = ("--arch", "compact-s", "--epochs", "1", "--batch-size", "14", "--output", "run")
        made = (*_PROGRAM, "train", "--data", "faces.zip", *options)
        subprocess.run(made, check=True, capture_output=True, cwd=folder)
        paths = [path for path in Path(folder).rglob("*") if path.is_file()]
        return {str(path.relative_to(folder)): path.read_bytes() for path in paths}


@lru_cache
def videos() -> dict[str, bytes]:
    """Return a video of ten frames in each container, by suffix."""
    demo, made = DemoSource(), {}
    with tempfile.TemporaryDirectory() as folder:
        for suffix, codec in _VIDEO_CODECS.items():
            path = Path(folder, f"video{suffix}")
            writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*codec), 10, VIDEO_SIZE_WH)
            for number in range(10):
                writer.write(cv2.resize(demo.draw(number), VIDEO_SIZE_WH))
            writer.release()
            made[suffix] = path.read_bytes()
    return made


@lru_cache
def faces() -> dict[str, bytes]:
    """Return two drawn faces of each expression for training and validation, PNG by their path."""
    random = np.random.default_rng(0)
    return {
        f"images/{split}/{name}/{i}.png": cv2.imencode(".png", draw_face(name, random))[1].tobytes()
        for split in ("train", "validation")
        for name in EXPRESSIONS
        for i in range(2)
    }


@lru_cache
def faces_zip() -> bytes:
    """Return them as a zip."""
    return zip_of(faces())


@lru_cache
def fer2013_rows() -> tuple[tuple[str, ...], ...]:
    """Return the lines of a small fer2013.csv, with its header."""
    random = np.random.default_rng(0)
    lines = [("emotion", "pixels", "Usage")]
    for usage in ("Training", "PublicTest"):
        for label, name in enumerate(EXPRESSIONS):
            pixels = " ".join(map(str, draw_face(name, random).ravel()))
            lines.append((str(label), pixels, usage))
    return tuple(lines)


def zip_of(members: dict[str, bytes]) -> bytes:
    """Return a zip of members by name."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(zipfile.ZipInfo(name or "\0"), content)
    return buffer.getvalue()


def csv_of(rows: list[list[str]]) -> bytes:
    """Return rows as CSV."""
    text = io.StringIO(newline="")
    csv.writer(text).writerows(rows)
    return text.getvalue().encode("utf-8", "surrogatepass")
