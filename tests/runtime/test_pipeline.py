from __future__ import annotations

from itertools import islice
from pathlib import Path

import cv2
import numpy as np
import pytest

from fer_edge.preprocess import Image, crop_face
from fer_edge.runtime.classifier import Classifier
from fer_edge.runtime.demo import PORTRAIT_FILE, DemoSource
from fer_edge.runtime.detector import FaceDetector
from fer_edge.runtime.frames import Frame
from fer_edge.runtime.pipeline import STAGES, Pipeline


@pytest.fixture(scope="module")
def classifier(model_file: Path) -> Classifier:
    return Classifier.load(model_file)


@pytest.fixture(scope="module")
def pipeline(classifier: Classifier) -> Pipeline:
    return Pipeline(FaceDetector(), classifier)


@pytest.fixture(scope="module")
def two_faces() -> Image:
    """A small face on the left, a large one on the right."""
    portrait = cv2.imread(str(PORTRAIT_FILE))
    assert portrait is not None
    frame = np.full((420, 840, 3), 128, np.uint8)
    frame[:252, :252] = cv2.resize(portrait, (252, 252), interpolation=cv2.INTER_AREA)
    frame[:, 420:] = portrait
    return frame


def test_a_frame_without_faces(pipeline: Pipeline) -> None:
    result = pipeline.process(Frame(np.zeros((240, 320, 3), np.uint8), 7, 12.5))
    assert (result.number, result.time, result.faces) == (7, 12.5, ())


def test_scores_are_the_classifiers_of_the_measured_crop(pipeline: Pipeline, classifier: Classifier) -> None:
    frame = next(iter(DemoSource()))
    (face,) = pipeline.process(frame).faces
    (found,) = FaceDetector().detect(frame.image)
    crop = crop_face(frame.image, found.box_xyxy, classifier.card.crop, classifier.card.input.size_wh)
    np.testing.assert_array_equal(face.scores, classifier.classify(crop))
    assert face.label == classifier.card.labels[int(face.scores.argmax())]
    assert face.score == face.scores.max()
    assert face.confidence == found.confidence
    assert face.scores.sum() == pytest.approx(1, abs=1e-5)


def test_the_largest_face_comes_first(pipeline: Pipeline, two_faces: Image) -> None:
    large, small = pipeline.process(Frame(two_faces, 0, 0)).faces
    assert large.box_xyxy[0] > 420 > small.box_xyxy[2]


def test_max_faces_keeps_the_largest(classifier: Classifier, two_faces: Image) -> None:
    (face,) = Pipeline(FaceDetector(), classifier, max_faces=1).process(Frame(two_faces, 0, 0)).faces
    assert face.box_xyxy[0] > 420


def test_nothing_leaks_from_face_to_face(pipeline: Pipeline, two_faces: Image) -> None:
    both = pipeline.process(Frame(two_faces, 0, 0)).faces
    again = pipeline.process(Frame(two_faces, 1, 0)).faces
    alone = two_faces.copy()
    alone[:, :420] = 128
    (large,) = pipeline.process(Frame(alone, 2, 0)).faces
    for one, other in zip(both, again, strict=True):
        np.testing.assert_array_equal(one.scores, other.scores)
    np.testing.assert_allclose(large.scores, both[0].scores, atol=0.02)


def test_boxes_end_at_the_frames_edge(pipeline: Pipeline) -> None:
    """A face cut off by the frame, whose box the detector draws beyond it."""
    portrait = cv2.imread(str(PORTRAIT_FILE))
    assert portrait is not None
    frame = np.ascontiguousarray(portrait[:150, 170:400], np.uint8)
    (face,) = pipeline.process(Frame(frame, 0, 0)).faces
    x1, y1, x2, y2 = face.box_xyxy
    assert 0 <= x1 < x2 <= frame.shape[1]
    assert 0 <= y1 < y2 <= frame.shape[0]


def test_every_stage_is_timed(pipeline: Pipeline) -> None:
    results = [result for _, result in pipeline.process_all(islice(DemoSource(), 3))]
    for result in results:
        assert tuple(result.timings_ms) == STAGES
        times = result.timings_ms
        assert min(times.values()) >= 0
        assert times["detect"] + times["crop"] + times["classify"] == pytest.approx(times["total"], abs=0.01)
    assert "read" not in pipeline.process(next(iter(DemoSource()))).timings_ms
