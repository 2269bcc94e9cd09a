from __future__ import annotations

import sys
from pathlib import Path

import pytest

from fer_edge.board import instruction_set
from fer_edge.errors import InputError
from fer_edge.inference.model_choice import choice_in_words, choose_model, find_model
from fer_edge.models import shipped_models
from fer_edge.runtime.faces.engines import DetectorEngine, choose_engine

INTERPRETERS = ("ai_edge_litert.interpreter", "tflite_runtime.interpreter", "tensorflow.lite.python.interpreter")


@pytest.mark.parametrize(
    ("instructions", "expected"),
    [
        ("aarch64", "compact-s"),
        ("aarch64 dotprod", "compact"),
        ("aarch64 i8mm", "compact"),
        ("armv7 NEON", "compact-s"),
        ("x86-64 SSE4.2", "compact-s"),
        ("x86-64 AVX2", "compact-s"),
        ("x86-64 AVX-512", "compact-s"),
        ("x86-64 AVX-512 VNNI", "compact"),
        ("x86-64 AVX-VNNI", "compact"),
        ("unknown", "compact-s"),
    ],
)
def test_larger_network_is_for_processors_with_dot_products(instructions: str, expected: str) -> None:
    assert choose_model(instructions) == expected
    assert (choose_engine(instructions) is DetectorEngine.INT8) == (expected == "compact")


def test_auto_is_the_chosen_shipped_file() -> None:
    assert find_model("auto") == shipped_models()[choose_model()]
    assert choice_in_words().startswith(f"{choose_model()}, ")
    assert instruction_set() in choice_in_words()


def test_files_precede_auto_and_shipped_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert find_model("compact-s") == shipped_models()["compact-s"]
    assert find_model("mine.tflite") == Path("mine.tflite")
    for name in ("auto", "compact-s"):
        Path(name).touch()
        assert find_model(name) == Path(name)


def test_auto_needs_an_interpreter(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in INTERPRETERS:
        monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(InputError, match="needs an interpreter"):
        find_model("auto")
