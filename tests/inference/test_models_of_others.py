"""Model files without a card, of other input ranges and kinds of scores, in every engine."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from fer_edge.cards.input_spec import InputSpec
from fer_edge.cards.model_card import ModelCard
from fer_edge.cards.stated_facts import StatedFacts
from fer_edge.cards.storage import append_card
from fer_edge.dataset.data import Dataset
from fer_edge.errors import ModelError
from fer_edge.inference.classifier import Classifier, ScoresFaces
from fer_edge.inference.engine import Engine
from fer_edge.labels import EXPRESSIONS, FER2013_ORDER
from fer_edge.scores import ScoreKind

if TYPE_CHECKING:
    import keras

UNIT, SIGNED, RAW = (0.0, 1.0), (-1.0, 1.0), (0.0, 255.0)
MADE = [(UNIT, False), (UNIT, True), (SIGNED, True), (RAW, False)]
"""Input range, and true if the scores are logits."""
FILES = [
    ("model.keras", None),
    ("fp32.tflite", None),
    ("int8.tflite", None),
    ("fp32.onnx", Engine.ONNXRUNTIME),
]
Made = dict[tuple[tuple[float, float], bool], Path]


def make_network(logits: bool) -> keras.Model:
    """A Sequential classifier, as most are."""
    import keras

    keras.utils.set_random_seed(0)
    layers = keras.layers
    return keras.Sequential(
        [
            keras.Input((48, 48, 1)),
            layers.Conv2D(8, 5, 4, activation="relu"),
            layers.Flatten(),
            layers.Dense(7, activation=None if logits else "softmax"),
        ]
    )


def write_int8(model: keras.Model, images: np.ndarray, path: Path) -> None:
    import tensorflow as tf

    converter = tf.lite.TFLiteConverter.from_keras_model(model)
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.representative_dataset = lambda: ([image[np.newaxis]] for image in images)
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    converter.inference_input_type = converter.inference_output_type = tf.int8
    path.write_bytes(converter.convert())


def write_channels_first(model: keras.Model, path: Path) -> None:
    """Write a network for images (N, 1, 48, 48), as PyTorch does."""
    import keras

    from export.onnx import convert_to_onnx
    from fer_edge.precision import Precision

    inputs = keras.Input((1, 48, 48))
    model = keras.Model(inputs, model(keras.layers.Permute((2, 3, 1))(inputs)))
    path.write_bytes(convert_to_onnx(model, Precision.FP32))


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory, faces: Dataset) -> Made:
    """A folder of model files for each range and for scores with and without a softmax."""
    pytest.importorskip("tensorflow", reason="making a model needs TensorFlow")
    from export.onnx import convert_to_onnx
    from export.tflite import convert_to_tflite
    from fer_edge.precision import Precision

    folders = {}
    for span, logits in MADE:
        folder = folders[span, logits] = tmp_path_factory.mktemp("others")
        model = make_network(logits)
        images = in_range(faces.train.images[::8], span)
        # Scores of the same size whatever the range, far from certain.
        model.layers[-1].kernel.assign(model.layers[-1].kernel / images.std())
        model.save(folder / "model.keras")
        (folder / "fp32.tflite").write_bytes(convert_to_tflite(model, Precision.FP32))
        (folder / "fp32.onnx").write_bytes(convert_to_onnx(model, Precision.FP32))
        write_int8(model, images, folder / "int8.tflite")
    write_channels_first(model, folder / "channels_first.onnx")
    return folders


def in_range(faces: np.ndarray, span: tuple[float, float]) -> np.ndarray:
    return np.asarray(span[0] + faces[..., np.newaxis] / 255 * (span[1] - span[0]), np.float32)


def load(path: Path, facts: StatedFacts, engine: Engine | None = None) -> ScoresFaces:
    if path.suffix == ".keras":
        from fer_edge.training.networks.keras_file import KerasClassifier

        return KerasClassifier.load(path, replace(facts, trusted=True))
    return Classifier.load(path, facts=facts, engine=engine)


def expected_scores(folder: Path, span: tuple[float, float], logits: bool, faces: np.ndarray) -> np.ndarray:
    import keras

    model = keras.models.load_model(folder / "model.keras", compile=False)
    scores = model.predict_on_batch(in_range(faces, span))
    return np.asarray(keras.ops.softmax(scores) if logits else scores)


@pytest.mark.slow
@pytest.mark.parametrize(("file", "engine"), FILES)
@pytest.mark.parametrize(("span", "logits"), MADE)
def test_every_interpreter_gets_the_stated_range_and_gives_probabilities(
    made: Made, faces: Dataset, span: tuple[float, float], logits: bool, file: str, engine: Engine | None
) -> None:
    images = faces.validation.images[::8]
    classifier = load(made[span, logits] / file, StatedFacts(FER2013_ORDER, span, logits), engine)
    scores = classifier.classify_all(images)
    assert classifier.card.labels == FER2013_ORDER
    expected = expected_scores(made[span, logits], span, logits, images)
    assert np.ptp(expected, axis=0).max() > 0.1, "or every range would give the same scores"
    assert scores == pytest.approx(expected, abs=0.1 if "int8" in file else 1e-4)
    assert scores.sum(axis=1) == pytest.approx(np.ones(len(images)), abs=1e-5)


def test_gray_images_with_channels_first_are_the_same(made: Made, faces: Dataset) -> None:
    facts = StatedFacts(EXPRESSIONS, RAW)
    one, other = (load(made[RAW, False] / name, facts) for name in ("fp32.onnx", "channels_first.onnx"))
    images = faces.validation.images[:5]
    assert one.classify_all(images) == pytest.approx(other.classify_all(images), abs=1e-5)


@pytest.mark.parametrize("file", ["fp32.tflite", "int8.tflite"])
@pytest.mark.parametrize("span", [UNIT, SIGNED])
def test_range_and_logits_of_a_card_are_applied(
    made: Made, faces: Dataset, tmp_path: Path, span: tuple[float, float], file: str
) -> None:
    bare = made[span, True] / file
    card = ModelCard("a", "a", input=InputSpec(minimum=span[0], maximum=span[1]), scores=ScoreKind.LOGITS)
    path = tmp_path / file
    path.write_bytes(append_card(bare.read_bytes(), card))
    stated = Classifier.load(bare, facts=StatedFacts(EXPRESSIONS, span, logits=True))
    images = faces.validation.images[:5]
    assert np.array_equal(Classifier.load(path).classify_all(images), stated.classify_all(images))


@pytest.mark.parametrize("file", ["model.keras", "fp32.tflite", "int8.tflite", "fp32.onnx"])
@pytest.mark.parametrize(
    ("logits", "message"), [(False, "its scores are probabilities, not logits"), (True, "if they are logits, state so")]
)
def test_wrong_kind_of_scores_is_found_at_load(made: Made, file: str, logits: bool, message: str) -> None:
    with pytest.raises(ModelError, match=message) as raised:
        load(made[UNIT, logits] / file, StatedFacts(EXPRESSIONS, UNIT, not logits))
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("made_for", "stated"), [(UNIT, RAW), (RAW, UNIT), (RAW, SIGNED), (UNIT, SIGNED), (SIGNED, RAW)]
)
def test_8_bit_input_that_cannot_hold_the_stated_range_is_rejected(
    made: Made, made_for: tuple[float, float], stated: tuple[float, float]
) -> None:
    logits = made_for == SIGNED
    with pytest.raises(ModelError, match=r"its input tensor holds .*, not .*input range"):
        Classifier.load(made[made_for, logits] / "int8.tflite", facts=StatedFacts(EXPRESSIONS, stated, logits))


@pytest.mark.parametrize("file", ["model.keras", "fp32.tflite", "fp32.onnx"])
@pytest.mark.parametrize(
    ("facts", "asked", "not_asked"),
    [
        (StatedFacts(), ("such as labels", "input_range"), ()),
        (StatedFacts(EXPRESSIONS), ("input_range",), ("such as labels",)),
        (StatedFacts(None, (0, 1)), ("such as labels", "fer2013.csv"), ("input_range",)),
    ],
)
def test_message_asks_for_the_facts_not_stated(
    made: Made, file: str, facts: StatedFacts, asked: tuple[str, ...], not_asked: tuple[str, ...]
) -> None:
    with pytest.raises(ModelError, match=rf"{file}: it has no model card") as raised:
        load(made[UNIT, False] / file, facts)
    text = str(raised.value)
    assert all(word in text for word in asked)
    assert not any(word in text for word in not_asked)
    assert "\n" not in text


ShapedOnnx = Callable[..., Path]


@pytest.fixture
def shaped_onnx(tmp_path: Path) -> ShapedOnnx:
    """A function that writes an ONNX file which flattens its input and keeps some of it as scores."""
    onnx = pytest.importorskip("onnx", reason="needs onnx, which no device install has")
    from onnx import TensorProto, helper, numpy_helper

    def make(image: tuple[Any, ...], scores: tuple[Any, ...], inputs: int = 1, outputs: int = 1) -> Path:
        names = [f"x{i}" for i in range(inputs)], [f"y{i}" for i in range(outputs)]
        shape = numpy_helper.from_array(np.array([1 if isinstance(n, str) else n for n in scores], np.int64), "shape")
        ends = numpy_helper.from_array(np.array([7], np.int64), "end")
        zero = numpy_helper.from_array(np.array([0], np.int64), "start")
        one = numpy_helper.from_array(np.array([1], np.int64), "axis")
        nodes = [helper.make_node("Flatten", [names[0][0]], ["flat"])]
        nodes += [helper.make_node("Slice", ["flat", "start", "end", "axis"], ["cut"])]
        nodes += [helper.make_node("Reshape", ["cut", "shape"], [name]) for name in names[1]]
        graph = helper.make_graph(
            nodes,
            "g",
            [helper.make_tensor_value_info(name, TensorProto.FLOAT, image) for name in names[0]],
            [helper.make_tensor_value_info(name, TensorProto.FLOAT, scores) for name in names[1]],
            [shape, ends, zero, one],
        )
        path = tmp_path / "shaped.onnx"
        onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8), path)
        return path

    return make


@pytest.mark.parametrize(
    ("shapes", "message"),
    [
        (((1, 48, 48, 4), (1, 7)), "it is for another task"),
        (((1, 3, 48, 48), (1, 7)), "it is for another task"),
        (((1, 2304), (1, 7)), "it is for another task"),
        (((8, 48, 48, 1), (8, 7)), "expected one image in"),
        (((1, 48, 48, 1), (1, 1, 7)), "expected one image in"),
        (((1, "height", "width", 1), (1, 7)), "of fixed sizes"),
        (((1, 48, 48, 1), (1, 7), 2), "one input and one output|one float32 input"),
        (((1, 48, 48, 1), (1, 7), 1, 2), "one input and one output|one float32 input"),
    ],
)
def test_other_shapes_are_rejected_in_one_line(shaped_onnx: ShapedOnnx, shapes: tuple[Any, ...], message: str) -> None:
    with pytest.raises(ModelError, match=message) as raised:
        Classifier.load(shaped_onnx(*shapes), facts=StatedFacts(EXPRESSIONS, (0, 1)))
    assert "\n" not in str(raised.value)
