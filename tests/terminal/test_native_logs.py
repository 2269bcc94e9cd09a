"""Native libraries' own lines stay away from those who use the command or the package; other text passes."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from fer_edge.errors import InputError
from fer_edge.terminal.native_logs import chatter_held_back, importing_extra

_LITERT = b"INFO: Created TensorFlow Lite XNNPACK delegate for CPU.\n"


@pytest.mark.parametrize(
    "line",
    [
        _LITERT,
        b"fully_quantize: 0, inference_type: 6, input_inference_type: INT8, output_inference_type: INT8\n",
        b"WARNING: All log messages before absl::InitializeLog() is called are written to STDERR\n",
        b"W0000 00:00:1795630158.052558   16566 tf_tfl_flatbuffer_helpers.cc:364] Ignored output_format.\n",
        b"[ WARN:0@0.052] global net_impl_backend.cpp:345 setPreferableTarget Targets are not supported\n",
        b"[ WARN:0] global cap_v4l.cpp (902) open VIDEOIO(V4L2:/dev/video7): can't open camera by index\n",
        b"OpenCV: FFMPEG: tag 0x30385056/'VP80' is not supported with codec id 139 and format 'webm / WebM'\n",
        b"Corrupt JPEG data: 1753 extraneous bytes before marker 0xd9\n",
        b"libpng error: IDAT: CRC error\n",
        b"\x1b[0;93m2025-11-25 10:00:00.1 [W:onnxruntime:Default, device_discovery.cc:164 Discover] no GPU\x1b[m\n",
    ],
)
def test_chatter_is_held_back_and_other_text_passes(line: bytes, capfd: pytest.CaptureFixture[str]) -> None:
    with chatter_held_back():
        os.write(2, b"before\n" + line + b"error: after\nno line's end")
    assert capfd.readouterr().err == "before\nerror: after\nno line's end"


def test_text_after_the_block_or_an_error_passes(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ZeroDivisionError), chatter_held_back():
        assert os.write(2, _LITERT + b"said before it failed\n") / 0
    os.write(2, b"after\n")
    assert capfd.readouterr().err == "said before it failed\nafter\n"


def test_blocks_of_several_threads_overlap_and_lose_nothing(capfd: pytest.CaptureFixture[str]) -> None:
    def write(number: int) -> None:
        for line in range(50):
            with chatter_held_back():
                os.write(2, _LITERT)
                os.write(2, f"{number} {line}\n".encode())

    threads = [threading.Thread(target=write, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    lines = capfd.readouterr().err.splitlines()
    assert sorted(lines) == sorted(f"{number} {line}" for number in range(4) for line in range(50))


def test_python_without_memfd_create_holds_back_as_well(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delattr(os, "memfd_create", raising=False)
    for _ in range(2):
        with chatter_held_back():
            os.write(2, _LITERT)
            os.write(2, b"mine\n")
    assert capfd.readouterr().err == "mine\nmine\n"


_USE = """
import sys
from pathlib import Path
import numpy as np
from fer_edge.runtime.sources.opening import open_source
from fer_edge.inference.classifier import Classifier
from fer_edge.runtime.faces.detector import FaceDetector
Classifier.load(Path(sys.argv[1])).classify(np.zeros((48, 48), np.uint8))
FaceDetector().detect(np.zeros((90, 120, 3), np.uint8))
for path in sys.argv[2:]:
    with open_source(path) as source:
        print(len(list(source)))
print("mine", file=sys.stderr)
"""


@pytest.fixture
def damaged(tmp_path: Path) -> list[Path]:
    """A folder of damaged pictures and two damaged videos, on which OpenCV's decoders write to standard error."""
    folder = tmp_path / "pictures"
    folder.mkdir()
    picture = np.random.default_rng(0).integers(0, 256, (96, 96, 3), np.uint8)
    for suffix in (".jpg", ".png", ".tif", ".bmp"):
        content = bytearray(cv2.imencode(suffix, picture)[1].tobytes())
        middle = len(content) // 2
        (folder / f"overwritten{suffix}").write_bytes(content[:middle] + b"\0" * 40 + content[middle + 40 :])
        (folder / f"cut{suffix}").write_bytes(content[:middle])
    videos = [tmp_path / "a.mp4", tmp_path / "a.avi"]
    for path, codec in zip(videos, ("mp4v", "MJPG"), strict=True):
        writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*codec), 10, (96, 96))
        for _ in range(12):
            writer.write(picture)
        writer.release()
        content = bytearray(path.read_bytes())
        for position in range(len(content) // 3, len(content) // 2, 97):
            content[position] ^= 0xFF
        path.write_bytes(content)
    return [folder, *videos]


def test_the_package_writes_no_line_of_its_libraries(
    model_file: Path, damaged: list[Path], child_environment: dict[str, str]
) -> None:
    command = [sys.executable, "-c", _USE, str(model_file), *map(str, damaged)]
    done = subprocess.run(command, env=child_environment, capture_output=True, text=True, check=True)
    assert done.stderr == "mine\n"


def test_run_writes_only_its_own_notes(damaged: list[Path], child_line: Callable[..., Any]) -> None:
    for path in damaged:
        ended = child_line("run", "--camera", path, "--quiet", "--csv", "-").require_success()
        assert all(line.startswith("note: ") for line in ended.stderr.splitlines()), ended.stderr


_EXPORT = """
import sys
import keras
import tensorflow as tf
from export.calibration import choose_calibration_set
from export.tflite import convert_to_tflite
from fer_edge.errors import FerEdgeError
from fer_edge.precision import Precision
from fer_edge.dataset.synthetic import synthetic_dataset

class Unknown(keras.layers.Layer):
    def call(self, inputs):
        return tf.math.erfinv(inputs / 512)

faces = synthetic_dataset(seed=1, train_per_class=2, validation_per_class=2)
calibration = choose_calibration_set(faces.train, faces.name, images=7, seed=1)
inputs = keras.Input((48, 48, 1))
good = keras.Model(inputs, keras.layers.Dense(7)(keras.layers.Flatten()(keras.layers.Conv2D(2, 5, 4)(inputs))))
bad = keras.Model(inputs, keras.layers.Dense(7)(keras.layers.Flatten()(Unknown()(inputs))))
print("-- begin", file=sys.stderr, flush=True)
for precision in (Precision.DYNAMIC, Precision.INT8):
    convert_to_tflite(good, precision, calibration=calibration)
try:
    convert_to_tflite(bad, Precision.FP32)
except FerEdgeError as error:
    assert "\\n" not in str(error), error
else:
    raise SystemExit("it was converted")
"""


@pytest.mark.slow
def test_the_converter_writes_no_line(child_environment: dict[str, str]) -> None:
    pytest.importorskip("tensorflow")
    # As anyone starts it, with TensorFlow's logs as they are by default.
    environment = {name: value for name, value in child_environment.items() if name != "TF_CPP_MIN_LOG_LEVEL"}
    command = [sys.executable, "-c", _EXPORT]
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stderr.split("-- begin\n")[1] == ""


@pytest.mark.parametrize("error", [ValueError("Unable to import backend : x"), OverflowError("out of range")])
def test_value_that_a_package_refuses_at_its_import_is_an_input_error(error: Exception) -> None:
    with (
        pytest.raises(InputError, match=r"fer-edge train: .*such as KERAS_BACKEND"),
        importing_extra("fer-edge train", "a"),
    ):
        raise error
