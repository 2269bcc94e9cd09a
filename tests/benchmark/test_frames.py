from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from fer_edge.benchmark.frames import SHOWN, describe_shown, frame_call, model_call, show_demo, show_labelled
from fer_edge.benchmark.setting import Data
from fer_edge.cards.input_spec import InputSpec
from fer_edge.dataset.data import Dataset
from fer_edge.inference.classifier import Classifier
from fer_edge.preprocess import FER2013_CROP, crop_face


def test_crop_of_a_labelled_faces_box_is_the_face(faces: Dataset) -> None:
    shown = show_labelled(faces.validation)
    assert len(shown) == SHOWN
    for one in shown:
        assert one.frame.shape == (480, 640, 3)
        crop = crop_face(one.frame, one.box_xyxy, FER2013_CROP, (48, 48))
        # Enlarged to 120 pixels and shrunk again.
        assert np.abs(crop.astype(int) - one.face).mean() < 6


def test_labelled_faces_are_spread_over_the_split(faces: Dataset) -> None:
    shown = show_labelled(faces.validation)
    assert np.array_equal(shown[0].face, faces.validation.images[0])
    assert np.array_equal(shown[-1].face, faces.validation.images[-1])


def test_small_split_is_shown_completely(faces: Dataset) -> None:
    assert len(show_labelled(faces.validation.take(np.arange(3)))) == 3


def test_demo_has_a_face_in_each_frame() -> None:
    shown = show_demo()
    assert len(shown) == SHOWN
    assert {one.face.shape for one in shown} == {(48, 48)}
    assert len({one.frame.tobytes() for one in shown}) > SHOWN / 2


def test_both_calls_give_the_same_expression(model_file: Path) -> None:
    shown = show_demo()[:1]
    classifier = Classifier.load(model_file)
    scores = np.asarray(model_call(classifier, shown)(0))
    # The portrait smiles; a label is shown from a score of 0.45 on.
    label = frame_call(classifier, shown)(0)
    assert label in ("uncertain", classifier.card.labels[int(scores.argmax())])


def test_faces_alternate_and_have_the_models_size(faces: Dataset, model_file: Path) -> None:
    seen: list[tuple[int, ...]] = []

    class Recording:
        card = replace(Classifier.load(model_file).card, input=InputSpec(width=64, height=56))
        runtime = "none"

        def classify(self, face: np.ndarray) -> np.ndarray:
            seen.append((*face.shape, int(face.astype(int).sum())))
            return np.full(7, 1 / 7, np.float32)

        def classify_all(self, faces: np.ndarray, on_progress: object = None) -> np.ndarray:
            raise NotImplementedError

    shown = show_labelled(faces.validation)[:3]
    for make in (model_call, frame_call):
        call = make(Recording(), shown)
        for i in range(6):
            call(i)
        assert {each[:2] for each in seen} == {(56, 64)}
        assert seen[:3] == seen[3:]
        assert len(set(seen)) == 3
        seen.clear()


@pytest.mark.parametrize(
    ("data", "words"),
    [(None, "1 frames of the demo stream"), (Data("faces.zip", "validation", 9, "", False), "1 faces of faces.zip")],
)
def test_shown_faces_are_described(faces: Dataset, data: Data | None, words: str) -> None:
    assert words in describe_shown(show_labelled(faces.validation)[:1], data)
