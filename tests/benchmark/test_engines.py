from __future__ import annotations

import os
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from fer_edge.benchmark import engines
from fer_edge.benchmark.engines import check_engines
from fer_edge.inference.engine import Engine


@pytest.fixture(autouse=True)
def no_tensorflow(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its import takes long, and is tested with the interpreters."""
    monkeypatch.setattr(engines, "find_spec", lambda name: None if name == "tensorflow" else find_spec(name))


@pytest.fixture
def module_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A folder whose modules are found first, here and in child processes."""
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join((str(tmp_path), os.environ.get("PYTHONPATH", ""))))
    return tmp_path


def test_the_shipped_model(model_file: Path) -> None:
    found = check_engines([model_file])[model_file]
    preferred = Engine.LITERT if find_spec("ai_edge_litert") else Engine.TFLITE_RUNTIME
    assert next(iter(found)) is preferred
    assert found[preferred] == ""
    assert Engine.ONNXRUNTIME not in found
    assert (Engine.TFLITE_RUNTIME in found) == (find_spec("tflite_runtime") is not None)


@pytest.mark.skipif(find_spec("tflite_runtime") is not None, reason="tflite-runtime is installed")
def test_crashing_engine_is_reported(model_file: Path, module_named: Path) -> None:
    (module_named / "tflite_runtime").mkdir()
    (module_named / "tflite_runtime" / "interpreter.py").write_text(
        "import os, signal; os.kill(os.getpid(), signal.SIGSEGV)"
    )
    found = check_engines([model_file])[model_file]
    assert "SIGSEGV" in found[Engine.TFLITE_RUNTIME]
    assert "tflite_runtime.interpreter" not in sys.modules


def test_damaged_file_does_not_affect_the_next(model_file: Path, tmp_path: Path) -> None:
    damaged = tmp_path / "a.tflite"
    damaged.write_bytes(b"text")
    checks = check_engines([damaged, model_file])
    assert "expected a TFLite flatbuffer" in checks[damaged][Engine.LITERT]
    assert checks[model_file][Engine.LITERT] == ""


def test_file_of_another_kind_has_no_engines(tmp_path: Path) -> None:
    path = tmp_path / "model.keras"
    assert check_engines([path]) == {path: {}}
