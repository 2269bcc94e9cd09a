"""Files that crash, hang or fill the process that loads them end a child process only."""

from __future__ import annotations

import struct
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from fer_edge.cards.model_card import ModelCard
from fer_edge.cards.stated_facts import StatedFacts
from fer_edge.cards.storage import append_card
from fer_edge.errors import InputError, ModelError
from fer_edge.inference import trial
from fer_edge.inference.card_reader import read_card
from fer_edge.inference.classifier import Classifier
from fer_edge.inference.engine import Engine
from fer_edge.inference.inspection import inspect_tflite
from fer_edge.inference.interpreter import open_interpreter
from fer_edge.inference.trial import require_harmless
from fer_edge.labels import EXPRESSIONS
from fer_edge.models import SHIPPED_MODEL

# A TFLite flatbuffer whose root table has a version, 3, and nothing else: no subgraphs, which LiteRT reads anyway.
NO_SUBGRAPHS = struct.pack("<I4sHHHxxiI", 16, b"TFL3", 6, 8, 4, 8, 3)
FACTS = StatedFacts(EXPRESSIONS, (0, 255))


@pytest.fixture
def bare(tmp_path: Path) -> Path:
    """The shipped network without its card, in a folder that is not trusted."""
    path = tmp_path / "bare.tflite"
    path.write_bytes(SHIPPED_MODEL.read_bytes()[: read_card(SHIPPED_MODEL).model_bytes])
    return path


def big_onnx(path: Path, side: int) -> Path:
    """Write an ONNX file of some hundred bytes that expands one number to `side` x `side`."""
    onnx = pytest.importorskip("onnx", reason="a device lacks the package that makes ONNX files")
    helper = onnx.helper
    nodes = [
        helper.make_node("ReduceMax", ["image"], ["one"], keepdims=0),
        helper.make_node("Expand", ["one", "shape"], ["many"]),
        helper.make_node("Add", ["many", "many"], ["twice"]),
        helper.make_node("ReduceMax", ["twice"], ["most"], keepdims=0),
        helper.make_node("Expand", ["most", "scores_shape"], ["scores"]),
    ]
    edges = [
        helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, shape)
        for name, shape in (("image", [1, 48, 48, 1]), ("scores", [1, 7]))
    ]
    shapes = [
        helper.make_tensor(name, onnx.TensorProto.INT64, [2], shape)
        for name, shape in (("shape", [side, side]), ("scores_shape", [1, 7]))
    ]
    graph = helper.make_graph(nodes, "big", edges[:1], edges[1:], shapes)
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), path)
    return path


@pytest.mark.parametrize("load", [inspect_tflite, open_interpreter, lambda path: Classifier.load(path, facts=FACTS)])
def test_file_that_crashes_its_interpreter_is_refused(tmp_path: Path, load: Callable[[Path], object]) -> None:
    path = tmp_path / "crash.tflite"
    path.write_bytes(NO_SUBGRAPHS)
    with pytest.raises(ModelError, match=r"crash\.tflite: .*copy or export it again") as raised:
        load(path)
    assert "\n" not in str(raised.value)


def test_file_that_crashes_is_refused_although_its_card_fits(tmp_path: Path) -> None:
    path = tmp_path / "signed.tflite"
    path.write_bytes(append_card(NO_SUBGRAPHS, ModelCard("signed", "compact")))
    with pytest.raises(ModelError, match=r"signed\.tflite: .*copy or export it again"):
        Classifier.load(path)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no signals")
def test_message_names_the_childs_signal(bare: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trial, "_CHILD", "import os, signal; os.kill(os.getpid(), signal.SIGABRT)")
    with pytest.raises(ModelError, match=r"its interpreter crashes on it \(SIGABRT\)"):
        require_harmless(bare)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows does not limit a process's time")
def test_child_that_never_ends_is_stopped(bare: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    endless = "trial._PROCESSOR_S = 0; trial._try_here = lambda *_: any(False for _ in iter(int, 1)); "
    imports = "import sys; sys.path[:] = {path!r}; from fer_edge.inference import trial; "
    monkeypatch.setattr(trial, "_CHILD", imports + endless + "trial.main(*sys.argv[1:])")
    with pytest.raises(ModelError, match=r"needs more than \d+ s of processor time"):
        require_harmless(bare)


@pytest.mark.skipif(sys.platform != "linux", reason="no other system limits a process's memory")
def test_small_file_that_needs_gigabytes_is_refused(tmp_path: Path) -> None:
    pytest.importorskip("onnxruntime", reason="ONNX files need onnxruntime")
    open_interpreter(big_onnx(tmp_path / "small.onnx", 100))
    with pytest.raises(ModelError, match=r"large\.onnx: .*cannot|large\.onnx: .*memory"):
        open_interpreter(big_onnx(tmp_path / "large.onnx", 30_000))


def test_harmless_file_is_tried_once(bare: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    image = np.zeros((48, 48), np.uint8)
    scores = open_interpreter(bare).run(image)
    monkeypatch.setattr(subprocess, "run", None)
    assert np.array_equal(open_interpreter(bare).run(image), scores)
    assert inspect_tflite(bare).operators


def test_shipped_model_is_not_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subprocess, "run", None)
    assert Classifier.load().card.name


def test_changed_file_of_the_same_name_is_tried_again(bare: Path) -> None:
    require_harmless(bare)
    bare.write_bytes(NO_SUBGRAPHS)
    with pytest.raises(ModelError, match="copy or export it again"):
        require_harmless(bare)


def test_missing_interpreter_is_an_input_error(bare: Path) -> None:
    if Engine.TFLITE_RUNTIME.module.split(".")[0] in sys.modules:
        pytest.skip("tflite-runtime is installed")
    with pytest.raises(InputError, match="pip install tflite-runtime") as raised:
        require_harmless(bare, Engine.TFLITE_RUNTIME)
    assert not isinstance(raised.value, ModelError)


IMPORT = """
import sys
from pathlib import Path
from fer_edge.inference import trial
from fer_edge.inference.engine import Engine

trial.engines_for = lambda _: (Engine.TFLITE_RUNTIME, Engine.LITERT)
trial._import_interpreter(Path("x.tflite"), None)
print(Engine.LITERT.module in sys.modules)
"""


def test_engine_that_only_imports_is_skipped(tmp_path: Path, child_environment: dict[str, str]) -> None:
    pytest.importorskip("ai_edge_litert")
    (tmp_path / "tflite_runtime").mkdir()
    (tmp_path / "tflite_runtime" / "interpreter.py").touch()
    code = f"import sys; sys.path.append({str(tmp_path)!r})\n{IMPORT}"
    done = subprocess.run([sys.executable, "-c", code], env=child_environment, capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("True\n", "")
