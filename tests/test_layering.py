"""What may import what: the device's modules never load TensorFlow, and only the command line knows everything."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "fer_edge"
HEAVY = {"tensorflow", "keras", "torch", "jax", "matplotlib", "tf2onnx", "kagglehub", "keras_tuner"}
TENSORFLOW = {"tensorflow", "keras", "tf_keras", "tf2onnx"}


def module_name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imported(path: Path) -> set[str]:
    """Full names of what a file imports anywhere, importlib.import_module's plain strings included."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.update({node.module, *(f"{node.module}.{alias.name}" for alias in node.names)})
        elif isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "import_module" and node.args:
            argument = node.args[0]
            if isinstance(argument, ast.Constant):
                names.add(str(argument.value))
    return names


def files(*folders: Path) -> list[Path]:
    return sorted(path for folder in folders for path in folder.rglob("*.py"))


DEVICE_COMMANDS = ("__init__", "benchmark", "benchmark_peers", "config", "doctor", "info", "run", "service")
DEVICE_FILES = [
    *sorted(path for path in PACKAGE.glob("*.py") if path.name != "__main__.py"),
    *files(PACKAGE / "benchmark"),
    *files(PACKAGE / "device"),
    *files(PACKAGE / "runtime"),
    *(PACKAGE / "cli" / f"{name}.py" for name in DEVICE_COMMANDS),
]


@pytest.mark.parametrize("path", DEVICE_FILES, ids=module_name)
def test_a_device_module_names_no_heavy_package(path: Path) -> None:
    assert not {name.split(".")[0] for name in imported(path)} & HEAVY


def test_importing_the_device_modules_loads_no_heavy_package() -> None:
    lines = [f"import {module_name(path)}" for path in DEVICE_FILES]
    lines.append(f"import sys; print(sorted({HEAVY!r} & set(sys.modules)))")
    done = subprocess.run(
        [sys.executable, "-c", "\n".join(lines)], check=True, capture_output=True, text=True, cwd=ROOT
    )
    assert done.stdout.strip() == "[]"


def test_the_package_itself_imports_nothing() -> None:
    assert imported(PACKAGE / "__init__.py") <= {"__future__", "__future__.annotations"}


@pytest.mark.parametrize("path", files(PACKAGE / "runtime"), ids=module_name)
def test_runtime_imports_only_itself_and_the_top_level_modules(path: Path) -> None:
    own = {name for name in imported(path) if name.startswith(("fer_edge.", "export"))}
    allowed = ("fer_edge.runtime", *(f"fer_edge.{each.stem}" for each in PACKAGE.glob("*.py")))
    assert not {name for name in own if not name.startswith(allowed)}


@pytest.mark.parametrize("path", files(PACKAGE), ids=module_name)
def test_only_training_imports_tensorflow_and_only_cli_imports_export(path: Path) -> None:
    zone = path.relative_to(PACKAGE).parts[0]
    roots = {name.split(".")[0] for name in imported(path)}
    if zone != "training":
        assert not roots & TENSORFLOW
    if zone != "cli":
        assert "export" not in roots
