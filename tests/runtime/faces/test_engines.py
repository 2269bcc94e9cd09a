from __future__ import annotations

import shutil
import sys
from pathlib import Path

import numpy as np
import pytest

from fer_edge.boxes import overlaps
from fer_edge.errors import InputError, ModelError
from fer_edge.inference.tflite import load_tflite
from fer_edge.preprocess import Image, resize
from fer_edge.runtime.faces import engines
from fer_edge.runtime.faces.detector import FaceDetector
from fer_edge.runtime.faces.engines import DETECTOR_FILES, DetectorEngine, choose_engine, open_yunet
from fer_edge.runtime.faces.yunet import TFLiteYuNet
from fer_edge.runtime.sources.demo import DemoSource

TFLITE_ENGINES = [DetectorEngine.INT8, DetectorEngine.FP32]


@pytest.fixture(scope="module")
def frame() -> Image:
    return DemoSource().draw(0)


def shown(frame: Image, size_wh: tuple[int, int]) -> Image:
    """Return the middle of a 640x480 frame, as large as fits, scaled to a size."""
    scale = min(640 / size_wh[0], 480 / size_wh[1])
    width, height = round(size_wh[0] * scale), round(size_wh[1] * scale)
    left, top = (640 - width) // 2, (480 - height) // 2
    return resize(np.ascontiguousarray(frame[top : top + height, left : left + width]), size_wh)


@pytest.mark.parametrize("engine", TFLITE_ENGINES)
@pytest.mark.parametrize("size_wh", [(320, 240), (320, 180), (160, 120), (240, 320), (123, 77), (640, 480)])
def test_all_engines_find_the_same_face(frame: Image, engine: DetectorEngine, size_wh: tuple[int, int]) -> None:
    picture = shown(frame, size_wh)
    (expected,) = open_yunet(DetectorEngine.OPENCV, 0.6).find(picture)
    (row,) = open_yunet(engine, 0.5).find(picture)
    width = expected[2]
    loose = 0.02 if engine is DetectorEngine.FP32 else 0.2
    assert np.abs(row[:14] - expected[:14]).max() < loose * width + 0.05
    assert row[14] == pytest.approx(expected[14], abs=0.01 if engine is DetectorEngine.FP32 else 0.1)


@pytest.mark.parametrize("engine", TFLITE_ENGINES)
def test_sizes_may_change_from_picture_to_picture(frame: Image, engine: DetectorEngine) -> None:
    used = open_yunet(engine, 0.7)
    first = used.find(resize(frame, (320, 240)))
    used.find(resize(frame, (1280, 960)))
    used.find(resize(frame, (90, 300)))
    np.testing.assert_array_equal(used.find(resize(frame, (320, 240))), first)


@pytest.mark.parametrize("engine", TFLITE_ENGINES)
def test_gray_pictures_are_taken(frame: Image, engine: DetectorEngine) -> None:
    gray = resize(frame, (320, 240))[:, :, 1]
    rows = open_yunet(engine, 0.5).find(np.ascontiguousarray(gray))
    same = open_yunet(engine, 0.5).find(np.repeat(gray[:, :, np.newaxis], 3, axis=2))
    np.testing.assert_array_equal(rows, same)
    assert len(rows) == 1


def test_detectors_of_all_engines_agree_on_the_demo(frame: Image) -> None:
    boxes = [FaceDetector(engine=engine).detect(frame)[0].box_xyxy for engine in DetectorEngine]
    assert overlaps(np.stack(boxes), np.stack(boxes)).min() > 0.85


@pytest.mark.parametrize(
    ("instructions", "expected"),
    [
        ("aarch64", DetectorEngine.FP32),
        ("aarch64 dotprod", DetectorEngine.INT8),
        ("aarch64 i8mm", DetectorEngine.INT8),
        ("armv7 NEON", DetectorEngine.FP32),
        ("x86-64 AVX2", DetectorEngine.FP32),
        ("x86-64 AVX-512", DetectorEngine.FP32),
        ("x86-64 AVX-512 VNNI", DetectorEngine.INT8),
        ("x86-64 AVX-VNNI", DetectorEngine.INT8),
        ("unknown", DetectorEngine.FP32),
    ],
)
def test_int8_is_for_processors_with_dot_products(instructions: str, expected: DetectorEngine) -> None:
    assert choose_engine(instructions) is expected


def test_opencv_computes_it_where_no_interpreter_works(monkeypatch: pytest.MonkeyPatch, frame: Image) -> None:
    for module in ("ai_edge_litert.interpreter", "tflite_runtime.interpreter", "tensorflow.lite.python.interpreter"):
        monkeypatch.setitem(sys.modules, module, None)
    detector = FaceDetector()
    assert detector.engine is DetectorEngine.OPENCV
    assert detector.runtime.startswith("OpenCV ")
    assert len(detector.detect(frame)) == 1
    with pytest.raises(InputError, match="needs an interpreter"):
        FaceDetector(engine=DetectorEngine.INT8)


def damaged(path: Path, kind: str) -> None:
    content = bytearray(path.read_bytes())
    if kind == "a changed weight":
        content[len(content) // 3] ^= 0xFF
    path.write_bytes(content[: len(content) // 2] if kind == "cut off" else content)
    if kind == "empty":
        path.write_bytes(b"")
    if kind == "missing":
        path.unlink()


@pytest.mark.parametrize("kind", ["a changed weight", "cut off", "empty", "missing"])
def test_a_damaged_file_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    path = tmp_path / "yunet_int8.tflite"
    shutil.copy(DETECTOR_FILES[DetectorEngine.INT8], path)
    damaged(path, kind)
    monkeypatch.setitem(engines.DETECTOR_FILES, DetectorEngine.INT8, path)
    with pytest.raises(ModelError, match=r"yunet_int8\.tflite: ") as caught:
        FaceDetector(engine=DetectorEngine.INT8)
    assert "\n" not in str(caught.value)


def test_a_classifiers_file_is_no_detector() -> None:
    with pytest.raises(ModelError, match="its card is damaged or another tool's"):
        TFLiteYuNet(DETECTOR_FILES[DetectorEngine.INT8].parents[1] / "compact_int8.tflite", 0.7)


@pytest.mark.parametrize("engine", TFLITE_ENGINES)
def test_the_input_is_raw_pixels(engine: DetectorEngine) -> None:
    _, interpreter = load_tflite(DETECTOR_FILES[engine])
    (details,) = interpreter.get_input_details()
    expected = (np.int8, (1.0, -128)) if engine is DetectorEngine.INT8 else (np.float32, (0.0, 0))
    assert (details["dtype"], details["quantization"]) == expected
