from __future__ import annotations

import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from fer_edge.dataset.data import Dataset
from fer_edge.errors import InputError, ModelError
from fer_edge.inference.engine import Engine
from fer_edge.inference.interpreter import open_interpreter
from fer_edge.inference.onnx_card import read_onnx_card
from fer_edge.precision import EXPORTABLE

if TYPE_CHECKING:
    from fer_edge.training.networks.keras_file import KerasClassifier

FILES = [*(f"tflite {precision.value}" for precision in EXPORTABLE), "onnx fp32", "onnx int8"]


@pytest.mark.slow
@pytest.mark.parametrize("file", FILES)
def test_scores_agree_with_the_parent(
    exported_paths: dict[str, Path], tiny_classifier: KerasClassifier, faces: Dataset, file: str
) -> None:
    interpreter = open_interpreter(exported_paths[file])
    assert (interpreter.input_shape, interpreter.output_size) == ((1, 48, 48, 1), 7)
    assert interpreter.runtime.split()[0] == ("LiteRT" if file.startswith("tflite") else "onnxruntime")
    scores = np.stack([interpreter.run(image) for image in faces.validation.images[::8]])
    assert scores.dtype == np.float32
    expected = tiny_classifier.classify_all(faces.validation.images[::8])
    tolerance = {"fp32": 1e-5, "fp16": 0.01}.get(file.split()[1], 0.12)
    assert scores == pytest.approx(expected, abs=tolerance)
    assert scores.std(axis=0).min() > 0


def test_scores_are_copies(exported_paths: dict[str, Path], faces: Dataset) -> None:
    interpreter = open_interpreter(exported_paths["tflite fp32"])
    first = interpreter.run(faces.validation.images[0])
    kept = first.copy()
    interpreter.run(faces.validation.images[-1])
    assert np.array_equal(first, kept)


def test_int8_encoding_flips_the_top_bit_of_a_pixel(exported_paths: dict[str, Path]) -> None:
    interpreter = open_interpreter(exported_paths["tflite int8"])
    every = np.resize(np.arange(256, dtype=np.uint8), (48, 48))
    # By the definition: stored = real / scale + zero point, with scale 1 and zero point -128.
    expected = (every.astype(int) - 128).astype(np.int8)
    assert np.array_equal(interpreter._encode(every), expected)  # type: ignore[attr-defined]
    assert set(interpreter.quantization) == {"input", "output"}


def test_threads_do_not_change_scores(exported_paths: dict[str, Path], faces: Dataset) -> None:
    image = faces.validation.images[5]
    one, two = (open_interpreter(exported_paths["tflite fp32"], threads).run(image) for threads in (1, 2))
    assert one == pytest.approx(two, abs=1e-6)


@pytest.mark.parametrize("precision", ["fp32", "int8"])
def test_concurrent_threads_get_identical_scores(
    exported_paths: dict[str, Path], faces: Dataset, precision: str
) -> None:
    interpreter = open_interpreter(exported_paths[f"tflite {precision}"])
    images = faces.validation.images[:24].astype(np.float32)
    expected = [interpreter.run(image) for image in images]
    with ThreadPoolExecutor(8) as pool:
        scores = list(pool.map(interpreter.run, [image for _ in range(40) for image in images]))
    np.testing.assert_array_equal(scores, expected * 40)


@pytest.mark.parametrize("name", ["a.tflite", "a.onnx", "a.keras"])
def test_a_missing_file_is_a_model_error(tmp_path: Path, name: str) -> None:
    with pytest.raises(ModelError, match="no such model file"):
        open_interpreter(tmp_path / name)


@pytest.mark.parametrize("name", ["a.tflite", "a.onnx"])
@pytest.mark.parametrize("content", [b"", b"text\n", bytes(64), b"\x1c\0\0\0TFL3"])
def test_other_file_is_a_model_error(tmp_path: Path, name: str, content: bytes) -> None:
    if name.endswith(".onnx"):
        pytest.importorskip("onnxruntime", reason="ONNX files need onnxruntime")
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ModelError, match=name) as raised:
        open_interpreter(tmp_path / name)
    assert "\n" not in str(raised.value)


def test_message_for_a_keras_file_names_the_export_command(tmp_path: Path) -> None:
    (tmp_path / "model.keras").touch()
    with pytest.raises(ModelError, match=r"a \.keras model is exported first: fer-edge export"):
        open_interpreter(tmp_path / "model.keras")


def test_a_truncated_onnx_file_is_a_model_error(exported_paths: dict[str, Path], tmp_path: Path) -> None:
    path = tmp_path / "cut.onnx"
    content = exported_paths["onnx fp32"].read_bytes()
    path.write_bytes(content[: len(content) // 2])
    with pytest.raises(ModelError, match=r"cut\.onnx: onnxruntime cannot load it"):
        open_interpreter(path)


def test_an_onnx_file_without_a_card_has_none(exported_paths: dict[str, Path], tmp_path: Path) -> None:
    import onnx

    model = onnx.load(exported_paths["onnx fp32"])
    del model.metadata_props[:]
    onnx.save(model, tmp_path / "bare.onnx")
    assert read_onnx_card(tmp_path / "bare.onnx") is None
    assert read_onnx_card(exported_paths["onnx fp32"]) is not None


@pytest.mark.parametrize(("file", "engine"), [("tflite int8", Engine.ONNXRUNTIME), ("onnx fp32", Engine.LITERT)])
def test_engine_for_other_files_is_rejected(exported_paths: dict[str, Path], file: str, engine: Engine) -> None:
    with pytest.raises(InputError, match=f"{engine.value} does not run such files; expected one of"):
        open_interpreter(exported_paths[file], engine=engine)


@pytest.mark.skipif(find_spec("tflite_runtime") is not None, reason="tflite-runtime is installed")
def test_message_names_the_engine_that_is_not_installed(exported_paths: dict[str, Path]) -> None:
    with pytest.raises(InputError, match="pip install tflite-runtime"):
        open_interpreter(exported_paths["tflite int8"], engine=Engine.TFLITE_RUNTIME)


def test_another_engine_gives_the_same_scores(exported_paths: dict[str, Path], faces: Dataset) -> None:
    file = exported_paths["tflite int8"]
    preferred, other = open_interpreter(file), open_interpreter(file, engine=Engine.TENSORFLOW)
    assert other.runtime != preferred.runtime
    for image in faces.validation.images[::16]:
        # One step of an int8 output is 1/256.
        assert other.run(image) == pytest.approx(preferred.run(image), abs=1 / 128)


def test_interruption_while_a_model_is_loaded_takes_effect_after_it(
    model_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps: list[str] = []

    @contextmanager
    def interrupted(path: Path) -> Iterator[str]:
        signal.raise_signal(signal.SIGINT)
        yield str(path)
        steps.append("loaded")

    monkeypatch.setattr("fer_edge.inference.tflite.native_path", interrupted)
    with pytest.raises(KeyboardInterrupt):
        open_interpreter(model_file)
    assert steps == ["loaded"]
