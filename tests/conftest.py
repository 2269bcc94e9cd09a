"""Fixtures of several test modules: faces, a tiny network and its files, models without a card, the command line."""

from __future__ import annotations

import importlib.util
import os
import shutil
import signal
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import cv2
import numpy as np
import numpy.typing as npt
import pytest

import fer_edge
from fer_edge.cards.model_card import ModelCard
from fer_edge.cards.storage import append_card
from fer_edge.cli import main
from fer_edge.dataset.data import FACE_SIZE, Dataset, Split
from fer_edge.dataset.fer2013_votes import known_pictures
from fer_edge.dataset.fingerprint import frequencies
from fer_edge.dataset.synthetic import synthetic_dataset
from fer_edge.labels import EXPRESSIONS
from fer_edge.models import SHIPPED_MODEL
from fer_edge.terminal.consoles import stderr, stdout

if TYPE_CHECKING:
    from playwright.sync_api import Browser

    from export.calibration import CalibrationSet
    from export.exporter import Exported
    from export.target import Target
    from fer_edge.training.networks.keras_file import KerasClassifier
    from fer_edge.training.run_folder import RunFolder

ROOT = Path(fer_edge.__file__).parent.parent
_NOT_FOR_CHILDREN = {"FER_EDGE_DATA", "COLUMNS", "PYTEST_XDIST_WORKER"}
"""Variables that would make a child process behave otherwise than for a user."""
_FILE_COLUMNS = 120

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # as in a job in the background; children would inherit it
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def made_models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with bare.tflite (48x48 gray to seven scores, no card) and other_task.tflite (32x32 RGB to ten)."""
    if importlib.util.find_spec("tensorflow") is None:
        pytest.skip("making a model needs TensorFlow")
    folder = tmp_path_factory.mktemp("models")
    # In a process of its own, so that no test of the device's modules runs beside TensorFlow, nor sees its warnings.
    command = [sys.executable, "-m", "tests.fakes.bare_models", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    return folder


@pytest.fixture(scope="session")
def model_file(request: pytest.FixtureRequest) -> Path:
    """A model with a card: the shipped one where it is there, else a tiny one with random weights."""
    if SHIPPED_MODEL.is_file():
        return SHIPPED_MODEL
    folder: Path = request.getfixturevalue("made_models")
    path = folder / "tiny_int8.tflite"
    path.write_bytes(append_card((folder / "bare.tflite").read_bytes(), ModelCard("tiny", "tiny", precision="int8")))
    return path


@dataclass(frozen=True)
class Ended:
    """Result of a command."""

    exit_code: int
    stdout: str
    stderr: str

    def require_success(self) -> Ended:
        assert self.exit_code == 0, self.stderr
        return self


Key = TypeVar("Key")
Value = TypeVar("Value")


class OnDemand(dict[Key, Value]):
    """Values that are made by a function when they are first asked for, so that one failure is that value's alone."""

    def __init__(self, make: Callable[[Key], Value]) -> None:
        super().__init__()
        self._make = make

    def __missing__(self, key: Key) -> Value:
        self[key] = self._make(key)
        return self[key]


class Unobserved:
    """A `TrainingObserver` that looks away."""

    def on_start(self, *_: Any) -> None: ...

    def on_step(self, *_: Any) -> None: ...

    def on_epoch(self, *_: Any) -> None: ...


@pytest.fixture(autouse=True, scope="session")
def width_of_files() -> None:
    """Give the command's tables the width of a file, whatever terminal the tests are started from."""
    stdout().width = stderr().width = _FILE_COLUMNS


@pytest.fixture(autouse=True, scope="session")
def own_state_folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keep what is remembered of notes out of the user's folder, with every note shown already."""
    folder = tmp_path_factory.mktemp("state")
    (folder / "fer-edge").mkdir()
    (folder / "fer-edge" / "inform.shown").touch()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_STATE_HOME", str(folder))
        yield


@pytest.fixture(autouse=True)
def no_data_in_environment(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    """Keep a developer's own data out of every test but those that ask for it."""
    if "real_data" not in request.fixturenames:
        monkeypatch.delenv("FER_EDGE_DATA", raising=False)


@pytest.fixture(scope="session")
def faces() -> Dataset:
    """Drawn faces: 40 an expression to train on and 16 to validate on."""
    return synthetic_dataset(seed=1, train_per_class=40, validation_per_class=16)


@pytest.fixture(scope="session")
def faces_folder(faces: Dataset, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same as PNG files in `images/train` and `images/validation`, without a loss."""
    folder = tmp_path_factory.mktemp("data") / "faces"
    for name, split in faces.splits.items():
        _write_images(split, folder / "images" / name.value)
    return folder


@pytest.fixture(scope="session")
def faces_zip(faces_folder: Path) -> Path:
    """The same as one zip."""
    path = faces_folder.with_suffix(".zip")
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in sorted(faces_folder.rglob("*.png")):
            archive.write(file, file.relative_to(faces_folder))
    return path


@pytest.fixture(scope="session")
def draw_fer2013() -> Callable[[npt.NDArray[np.int64]], npt.NDArray[np.uint8]]:
    """A function from indices of FER2013's known pictures, (N,), to patterns with their fingerprints, (N, 48, 48)."""

    def draw(indices: npt.NDArray[np.int64]) -> npt.NDArray[np.uint8]:
        known = known_pictures()
        prints = known.prints[np.searchsorted(known.picture_of, indices)]
        signs = np.unpackbits(prints, axis=1).astype(np.float32) * 2 - 1
        spectrum = np.zeros((len(indices), FACE_SIZE, FACE_SIZE), np.float32)
        rows, columns = frequencies()
        spectrum[:, rows, columns] = known.thresholds + 4 * signs  # 4 makes the pixels' variance about 1
        pixels = np.stack([cv2.idct(coefficients) for coefficients in spectrum])
        return np.asarray(np.clip(36 * pixels + 128, 0, 255).round(), np.uint8)

    return draw


@pytest.fixture(scope="session")
def mixed_fer2013(
    draw_fer2013: Callable[[npt.NDArray[np.int64]], npt.NDArray[np.uint8]], tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """A folder with 21 pictures of FER2013's Training in train, 21 of PublicTest in validation, 7 of each exchanged."""
    folder, known = tmp_path_factory.mktemp("mixed") / "copy", known_pictures()
    parts = {"train": known.in_training, "validation": known.in_public_test}
    for (name, in_part), other in zip(parts.items(), reversed(parts), strict=True):
        only = np.flatnonzero(in_part & (known.in_training ^ known.in_public_test))[:21]
        for i, image in enumerate(draw_fer2013(only)):
            path = folder / (other if i < 7 else name) / EXPRESSIONS[i % 7] / f"{name}{i}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            assert cv2.imwrite(str(path), image)
    return folder


@pytest.fixture(scope="session")
def tiny_architecture() -> Iterator[str]:
    """A network built like the documented one and 170 times smaller, under the name that is returned."""
    if importlib.util.find_spec("tensorflow") is None:
        pytest.skip("making a model needs TensorFlow")
    import keras

    from fer_edge.training.networks.architectures import ARCHITECTURES
    from fer_edge.training.networks.blocks import SEVEN, LayerSet, Task

    def tiny_cnn(layers: LayerSet | None = None, task: Task = SEVEN) -> keras.Model:
        layers = layers or LayerSet()
        x = inputs = task.inputs()
        for filters in (16, 32):
            x = keras.layers.Conv2D(filters, 5, strides=2, padding="same")(x)
            x = layers.batch_normalization()(x)
            x = keras.layers.ReLU()(x)
            x = keras.layers.MaxPooling2D(2)(x)
            x = layers.dropout(0.25)(x)
        x = keras.layers.Flatten()(x)
        x = keras.layers.Dense(64)(x)
        x = layers.batch_normalization()(x)
        x = keras.layers.ReLU()(x)
        x = layers.dropout(0.25)(x)
        return keras.Model(inputs, task.scores(x))

    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(ARCHITECTURES, "tiny", tiny_cnn)
        yield "tiny"


@pytest.fixture(scope="session")
def tiny_run(tiny_architecture: str, faces: Dataset, tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    """A finished training run of the tiny network."""
    from fer_edge.training.recipe import Recipe
    from fer_edge.training.report import write_run
    from fer_edge.training.run_folder import RunFolder
    from fer_edge.training.train import train

    run = RunFolder(tmp_path_factory.mktemp("runs") / "tiny")
    recipe = Recipe(
        arch=tiny_architecture,
        epochs=40,
        batch_size=32,
        learning_rate=3e-3,
        stop_patience=40,
        reduce_patience=8,
        seed=3,
    )
    run.begin(recipe, faces)
    write_run(run, train(faces, recipe, run.checkpoints, observer=Unobserved()), faces, recipe)
    return run


@pytest.fixture(scope="session")
def tiny_classifier(tiny_run: RunFolder) -> KerasClassifier:
    """The network that the run left behind."""
    from fer_edge.training.networks.keras_file import KerasClassifier

    return KerasClassifier.load(tiny_run.model)


@pytest.fixture(scope="session")
def voted_model(tiny_run: RunFolder, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """File of that network with a card that states a prior, as training on people's votes writes it."""
    from fer_edge.training.networks.keras_file import KerasClassifier, save_keras

    tiny = KerasClassifier.load(tiny_run.model)
    prior = dict(zip(EXPRESSIONS, (0.09, 0.02, 0.04, 0.26, 0.33, 0.14, 0.12), strict=True))
    training = {**tiny.card.training, "votes": {"weight": 1.0, "prior": prior}}
    path = tmp_path_factory.mktemp("voted") / "model.keras"
    save_keras(tiny.model, replace(tiny.card, name="voted", prior=prior, training=training), path)
    return path


@pytest.fixture(scope="session")
def exports_calibration(faces: Dataset) -> CalibrationSet:
    """The images that `exports` measures ranges on."""
    from export.calibration import choose_calibration_set

    return choose_calibration_set(faces.train, faces.name, images=280, seed=1)


@pytest.fixture(scope="session")
def exports(
    tiny_classifier: KerasClassifier,
    faces: Dataset,
    exports_calibration: CalibrationSet,
    tmp_path_factory: pytest.TempPathFactory,
) -> OnDemand[Target, Exported]:
    """The files that the tiny network can be exported to, each made when a test first asks for it."""
    from export.exporter import Exporter

    folder = tmp_path_factory.mktemp("exports")
    return OnDemand(Exporter(tiny_classifier, faces.validation, exports_calibration, folder).export)


@pytest.fixture(scope="session")
def exported_paths(exports: OnDemand[Target, Exported]) -> OnDemand[str, Path]:
    """Where those files are, by `<format> <precision>`; a test that asks for one that failed its proof fails."""
    from export.target import Format, Target
    from fer_edge.precision import Precision

    def path(name: str) -> Path:
        format_name, precision = name.split()
        exported = exports[Target(Format(format_name), Precision(precision))]
        assert exported.path is not None, exported.faults
        return exported.path

    return OnDemand(path)


@pytest.fixture
def command_line(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Ended]]:
    """`fer-edge` within this process, up to its exit code."""
    before = signal.getsignal(signal.SIGTERM)
    # The command ends its process at once, beneath Python, if a thread still waits for a camera.
    monkeypatch.setattr("fer_edge.cli.exit_process", lambda code, _others: sys.exit(code))

    def run(*arguments: object) -> Ended:
        monkeypatch.setattr(sys, "argv", ["fer-edge", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            main()
        captured = capsys.readouterr()
        return Ended(int(ended.value.code or 0), captured.out, captured.err)

    yield run
    signal.signal(signal.SIGTERM, before)


@pytest.fixture(scope="session")
def wait_until() -> Callable[..., None]:
    """A function that waits until something holds."""

    def wait(condition: Callable[[], object], timeout_s: float = 120) -> None:
        deadline = time.monotonic() + timeout_s
        while not condition():
            assert time.monotonic() < deadline, f"not within {timeout_s:g} s"
            time.sleep(0.01)

    return wait


@pytest.fixture(scope="session")
def child_environment() -> dict[str, str]:
    """The environment of a child process that finds these sources, installed or not."""
    inherited = {name: value for name, value in os.environ.items() if name not in _NOT_FOR_CHILDREN}
    return inherited | {"PYTHONPATH": os.pathsep.join(filter(None, (str(ROOT), inherited.get("PYTHONPATH"))))}


@pytest.fixture
def child_line(child_environment: dict[str, str], tmp_path: Path) -> Callable[..., Ended]:
    """`python -m fer_edge` as a process of its own, in an empty folder."""

    def run(*arguments: object) -> Ended:
        command = [sys.executable, "-m", "fer_edge", *map(str, arguments)]
        done = subprocess.run(command, cwd=tmp_path, env=child_environment, capture_output=True, text=True, timeout=180)
        return Ended(done.returncode, done.stdout, done.stderr)

    return run


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Headless Chromium."""
    if CHROMIUM is None:
        pytest.skip("needs Chromium: apt install chromium")
    api = pytest.importorskip("playwright.sync_api", reason="needs playwright: pip install playwright")
    with api.sync_playwright() as playwright:
        # The sandbox does not work for root, as in a container.
        opened = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"], timeout=120_000)
        yield opened
        opened.close()


def _write_images(split: Split, folder: Path) -> None:
    for i, (image, label) in enumerate(zip(split.images, split.labels, strict=True)):
        path = folder / EXPRESSIONS[label] / f"{i:04d}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        assert cv2.imwrite(str(path), image)
