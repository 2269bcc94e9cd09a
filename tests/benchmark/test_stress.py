from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pytest

from fer_edge.benchmark.stress import measure_stress
from fer_edge.cards.input_spec import InputSpec
from fer_edge.cards.model_card import ModelCard
from fer_edge.dataset.data import Split
from fer_edge.dataset.stress import AXES

CLASSES = ("dark", "light")


class ByBrightness:
    """Classifier of two classes, in another order than the data's: light from a mean of 128 on."""

    runtime = "numpy"

    def __init__(self, colour: str) -> None:
        self.card = ModelCard("brightness", "threshold", labels=CLASSES[::-1], input=InputSpec(32, 24, colour))

    def classify(self, face: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
        is_light = face.mean() >= 128
        return np.array([is_light, not is_light], np.float32)

    def classify_all(
        self, faces: npt.NDArray[np.uint8], on_progress: Callable[[int], None] | None = None
    ) -> npt.NDArray[np.float32]:
        if on_progress is not None:
            on_progress(len(faces))
        return np.stack([self.classify(face) for face in faces])


@pytest.mark.parametrize(("colour", "shape"), [("gray", (24, 32)), ("rgb", (24, 32, 3))])
def test_own_classes_of_any_form_are_measured(colour: str, shape: tuple[int, ...]) -> None:
    random = np.random.default_rng(0)
    labels = np.arange(20) % 2
    images = np.stack([random.integers(*((30, 90), (150, 240))[label], shape) for label in labels]).astype(np.uint8)
    faces = Split(images, labels, tuple(map(str, range(20))), classes=CLASSES)
    done: list[float] = []
    result = measure_stress(ByBrightness(colour), faces, done.append)
    assert (result.truth, result.unchanged.accuracy.share, result.unchanged.mean_recall) == ("label", 1.0, 1.0)
    by_name = {axis.name: axis for axis in result.axes}
    assert [axis.name for axis in result.axes] == [axis.name for axis in AXES]
    assert by_name["darker"].steps[-1].accuracy.share == 0.5, "everything is dark"
    assert by_name["smaller"].steps[0].accuracy.share == 1.0
    assert done == sorted(done)
    assert done[-1] == pytest.approx(1)
