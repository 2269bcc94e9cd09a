"""Imports that are allowed: the device's modules never load TensorFlow, and only the command line knows everything."""

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


def package_of(name: str) -> str | None:
    """The package that a module belongs to; None for a module at the top of fer_edge."""
    parts = name.split(".")
    if parts[0] == "export":
        return "export"
    is_package = len(parts) > 1 and (PACKAGE / parts[1]).is_dir()
    return parts[1] if is_package or name == "fer_edge.__main__" else None


def files(*folders: Path) -> list[Path]:
    return sorted(path for folder in folders for path in folder.rglob("*.py"))


SHARED = {"cards", "evaluation", "pictures", "terminal"}
"""Packages that every package may import, as it may the modules at the top of fer_edge."""

MAY_IMPORT: dict[str, set[str]] = {
    "terminal": set(),
    "pictures": {"terminal"},
    "evaluation": {"terminal"},
    "cards": {"evaluation"},
    "models": set(),
    "dataset": set(),
    "inference": {"models"},
    "runtime": {"inference", "models"},
    "analysis": {"inference", "models", "runtime"},
    "doctor": {"inference", "models", "runtime", "service"},
    "service": set(),
    "notice": set(),
    "collection": {"dataset", "inference", "models", "runtime"},
    "training": {"dataset", "inference", "models"},
    "benchmark": {"dataset", "inference", "models", "runtime", "training"},
    "export": {"benchmark", "dataset", "inference", "models", "runtime", "training"},
}
"""Packages that each package may import, beside itself, the modules at the top of fer_edge and, unless it is shared,
the shared packages; `cli` may import all."""

WITHOUT_TENSORFLOW = (
    "analysis",
    "models",
    "dataset",
    "inference",
    "runtime",
    "doctor",
    "service",
    "benchmark",
    *SHARED,
)
DEVICE_COMMANDS = ("analyze", "benchmark", "doctor", "info", "predict", "run", "service")
DEVICE_FILES = [
    *sorted(path for path in PACKAGE.glob("*.py") if path.name not in ("__init__.py", "__main__.py")),
    *files(*(PACKAGE / name for name in WITHOUT_TENSORFLOW)),
    *(PACKAGE / "cli" / f"{name}.py" for name in ("__init__", "config")),
    *(PACKAGE / "cli" / "commands" / f"{name}.py" for name in DEVICE_COMMANDS),
]


@pytest.mark.parametrize("path", DEVICE_FILES, ids=module_name)
def test_a_device_module_names_no_heavy_package(path: Path) -> None:
    downloads = {"kagglehub"} if PACKAGE / "dataset" in path.parents else set()  # imported when a download is asked for
    assert not {name.split(".")[0] for name in imported(path)} & (HEAVY - downloads)


def test_importing_the_device_modules_loads_no_heavy_package() -> None:
    lines = [f"import {module_name(path)}" for path in DEVICE_FILES]
    lines.append(f"import sys; print(sorted({HEAVY!r} & set(sys.modules)))")
    done = subprocess.run(
        [sys.executable, "-c", "\n".join(lines)], check=True, capture_output=True, text=True, cwd=ROOT
    )
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("path", files(PACKAGE, ROOT / "export"), ids=module_name)
def test_a_package_imports_only_what_the_table_allows(path: Path) -> None:
    package = package_of(module_name(path))
    if package in ("cli", "__main__") or path == PACKAGE / "__init__.py":  # the public face names everybody's
        return
    allowed = {package, *MAY_IMPORT.get(package, set())} if package else set()
    if package and package not in SHARED:
        allowed |= SHARED
    others = {package_of(name) for name in imported(path) if name.startswith(("fer_edge.", "export"))}
    assert others - {None} <= allowed


@pytest.mark.parametrize("package", sorted(path.parent.name for path in PACKAGE.glob("*/__init__.py")))
def test_the_table_names_every_package(package: str) -> None:
    assert package in MAY_IMPORT or package == "cli"


@pytest.mark.parametrize("path", files(PACKAGE), ids=module_name)
def test_only_training_imports_tensorflow(path: Path) -> None:
    if path.relative_to(PACKAGE).parts[0] != "training":
        assert not {name.split(".")[0] for name in imported(path)} & TENSORFLOW


@pytest.mark.parametrize("path", files(ROOT / "benchmarks"), ids=module_name)
def test_benchmarks_import_no_command_line(path: Path) -> None:
    assert not {name for name in imported(path) if name.startswith("fer_edge.cli")}
