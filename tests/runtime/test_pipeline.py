from __future__ import annotations

from dataclasses import replace
from itertools import islice
from pathlib import Path

import cv2
import numpy as np
import pytest

from fer_edge.boxes import overlaps
from fer_edge.inference.classifier import Classifier
from fer_edge.models import PORTRAIT_FILE
from fer_edge.preprocess import Image, crop_face
from fer_edge.runtime.faces.detector import Face, FaceDetector
from fer_edge.runtime.faces.schedule import DetectionSchedule
from fer_edge.runtime.faces.smoothing import RAW, Smoothing
from fer_edge.runtime.pipeline import Pipeline
from fer_edge.runtime.results import STAGES, UNCERTAIN, EventKind, FrameResult
from fer_edge.runtime.sources.demo import DemoSource
from fer_edge.runtime.sources.source import Frame


@pytest.fixture(scope="module")
def classifier(model_file: Path) -> Classifier:
    return Classifier.load(model_file)


@pytest.fixture(scope="module")
def pipeline(classifier: Classifier) -> Pipeline:
    return Pipeline(FaceDetector(), classifier, stills=True)


@pytest.fixture(scope="module")
def two_faces() -> Image:
    """A frame with a small face on the left and a large one on the right."""
    portrait = cv2.imread(str(PORTRAIT_FILE))
    assert portrait is not None
    frame = np.full((420, 840, 3), 128, np.uint8)
    frame[:252, :252] = cv2.resize(portrait, (252, 252), interpolation=cv2.INTER_AREA)
    frame[:, 420:] = portrait
    return frame


def test_a_frame_without_faces_gives_an_empty_result(pipeline: Pipeline) -> None:
    result = pipeline.process(Frame(np.zeros((240, 320, 3), np.uint8), 7, 12.5))
    assert (result.number, result.time, result.faces) == (7, 12.5, ())


def test_scores_are_those_of_the_detected_faces_crop(pipeline: Pipeline, classifier: Classifier) -> None:
    frame = next(iter(DemoSource()))
    (face,) = pipeline.process(frame).faces
    (found,) = FaceDetector().detect(frame.image)
    crop = crop_face(frame.image, found.box_xyxy, classifier.card.crop, classifier.card.input.size_wh)
    np.testing.assert_array_equal(face.scores, classifier.classify(crop))
    assert face.label == classifier.card.labels[int(face.scores.argmax())]
    assert face.score == face.scores.max()
    assert face.confidence == found.confidence
    assert face.scores.sum() == pytest.approx(1, abs=1e-5)


def test_the_threshold_of_stills_is_exact(pipeline: Pipeline, classifier: Classifier, two_faces: Image) -> None:
    """Neither a margin nor another picture counts: a label appears at the threshold itself."""
    best = pipeline.process(Frame(two_faces, 0, 0)).faces[0]
    named = classifier.card.labels[int(best.scores.argmax())]
    for threshold, expected in ((best.score, named), (best.score + 1e-4, UNCERTAIN), (0, named)):
        smoothing = Smoothing(seconds=5, threshold=threshold, margin=0.1)
        stills = Pipeline(FaceDetector(), classifier, smoothing=smoothing, stills=True)
        for number in range(3):
            face = stills.process(Frame(two_faces, number, number)).faces[0]
            assert face.label == expected
            np.testing.assert_array_equal(face.scores, best.scores)


def test_changed_threshold_counts_from_the_next_frame(classifier: Classifier, two_faces: Image) -> None:
    pipeline = Pipeline(FaceDetector(), classifier)
    shown = pipeline.process(Frame(two_faces, 0, 0)).faces[0]
    assert shown.label != UNCERTAIN
    pipeline.smoothing = replace(pipeline.smoothing, threshold=shown.score + 1e-3, margin=0)
    assert pipeline.process(Frame(two_faces, 1, 0)).faces[0].label == UNCERTAIN


def test_raw_stills_always_have_a_label(classifier: Classifier, two_faces: Image) -> None:
    faces = Pipeline(FaceDetector(), classifier, smoothing=RAW, stills=True).process(Frame(two_faces, 0, 0)).faces
    assert [face.label for face in faces] == [classifier.card.labels[int(face.scores.argmax())] for face in faces]


def test_the_largest_face_comes_first(pipeline: Pipeline, two_faces: Image) -> None:
    large, small = pipeline.process(Frame(two_faces, 0, 0)).faces
    assert large.box_xyxy[0] > 420 > small.box_xyxy[2]


def test_max_faces_keeps_the_largest(classifier: Classifier, two_faces: Image) -> None:
    (face,) = Pipeline(FaceDetector(), classifier, max_faces=1, stills=True).process(Frame(two_faces, 0, 0)).faces
    assert face.box_xyxy[0] > 420


def test_faces_do_not_affect_each_others_scores(pipeline: Pipeline, two_faces: Image) -> None:
    both = pipeline.process(Frame(two_faces, 0, 0)).faces
    again = pipeline.process(Frame(two_faces, 1, 0)).faces
    alone = two_faces.copy()
    alone[:, :420] = 128
    (large,) = pipeline.process(Frame(alone, 2, 0)).faces
    for one, other in zip(both, again, strict=True):
        np.testing.assert_array_equal(one.scores, other.scores)
    np.testing.assert_allclose(large.scores, both[0].scores, atol=0.02)


def test_boxes_are_clipped_to_the_frame(pipeline: Pipeline) -> None:
    """The detector's box of a face at the edge reaches beyond the frame."""
    portrait = cv2.imread(str(PORTRAIT_FILE))
    assert portrait is not None
    frame = np.ascontiguousarray(portrait[:150, 170:400], np.uint8)
    (face,) = pipeline.process(Frame(frame, 0, 0)).faces
    x1, y1, x2, y2 = face.box_xyxy
    assert 0 <= x1 < x2 <= frame.shape[1]
    assert 0 <= y1 < y2 <= frame.shape[0]


def test_every_stage_is_timed(classifier: Classifier) -> None:
    pipeline = Pipeline(FaceDetector(), classifier, schedule=DetectionSchedule(2))
    times = [result.timings_ms for _, result in pipeline.process_all(islice(DemoSource(), 3))]
    assert [set(STAGES) - set(each) for each in times] == [set(), {"detect"}, set()]
    for each in times:
        assert min(each.values()) >= 0
        assert sum(each.values()) - each["read"] - each["total"] == pytest.approx(each["total"], abs=0.01)
    assert "read" not in pipeline.process(next(iter(DemoSource()))).timings_ms


class CountingDetector(FaceDetector):
    """Counts its calls, and detects nothing while `blind`; so do its detectors for patches."""

    def __init__(self, width: int | None = None) -> None:
        super().__init__(width)
        self.calls = 0
        self.blind = False
        self.patches: CountingDetector | None = None

    def detect(self, frame: Image) -> list[Face]:
        self.calls += 1
        return [] if self.blind else super().detect(frame)

    def for_patches(self, side: int) -> FaceDetector:
        self.patches = CountingDetector(side)
        self.patches.blind = self.blind
        return self.patches

    @property
    def around(self) -> int:
        """Number of searches of a face's surroundings."""
        return self.patches.calls if self.patches else 0

    def search(self) -> str:
        """Return what was done since the last call: a W for a whole search, an a for each face's surroundings."""
        marks = "a" * self.around + "W" * self.calls
        self.calls = 0
        if self.patches:
            self.patches.calls = 0
        return marks or "."


def stream(pipeline: Pipeline, images: list[Image], fps: float = 30, start: int = 0) -> list[FrameResult]:
    return [pipeline.process(Frame(image, i, 0.0, i / fps)) for i, image in enumerate(images, start)]


def test_faces_are_followed_between_detections(classifier: Classifier) -> None:
    """The demo's portrait grows, turns and moves all the while."""
    detector = CountingDetector()
    followed = Pipeline(detector, classifier, schedule=DetectionSchedule(5))
    source, found = DemoSource(), FaceDetector()
    frames = [source.draw(n) for n in range(90)]
    results = stream(followed, frames)
    assert detector.calls <= 20
    assert {len(result.faces) for result in results} == {1}
    assert {face.track_id for result in results for face in result.faces} == {1}
    for image, result in zip(frames, results, strict=True):
        (truth,) = found.detect(image)
        assert overlaps(truth.box_xyxy[np.newaxis], result.faces[0].box_xyxy[np.newaxis]) > 0.7


def test_faces_are_not_followed_from_an_old_frame(classifier: Classifier, two_faces: Image) -> None:
    """A budget may switch following off and on again; the first frame after that is searched."""
    detector, schedule = CountingDetector(), DetectionSchedule(5)
    pipeline = Pipeline(detector, classifier, schedule=schedule)
    for every, calls in ((5, 1), (1, 3), (5, 4)):
        schedule.every = every
        stream(pipeline, [two_faces] * (calls - detector.calls), start=detector.calls)
        assert detector.calls == calls


def test_a_second_face_gets_its_own_number(classifier: Classifier, two_faces: Image) -> None:
    pipeline = Pipeline(FaceDetector(), classifier)
    one = two_faces.copy()
    one[:, :420] = 128
    results = stream(pipeline, [one] * 6 + [two_faces] * 12)
    assert [[face.track_id for face in result.faces] for result in (results[5], results[-1])] == [[1], [1, 2]]
    assert [(event.kind, event.track_id) for result in results for event in result.events] == [
        (EventKind.APPEARED, 1),
        (EventKind.APPEARED, 2),
    ]


def test_a_face_that_leaves_is_reported_once(classifier: Classifier, two_faces: Image) -> None:
    pipeline = Pipeline(FaceDetector(), classifier)
    empty = np.full_like(two_faces, 128)
    results = stream(pipeline, [two_faces] * 6 + [empty] * 90)
    assert not results[6 + 20].faces
    left = [event for result in results for event in result.events if event.kind is EventKind.LEFT]
    assert sorted(event.track_id for event in left) == [1, 2]
    back = stream(pipeline, [two_faces] * 6, start=200)
    assert {face.track_id for face in back[-1].faces} == {3, 4}


def test_a_face_missed_for_a_moment_keeps_its_number(classifier: Classifier, two_faces: Image) -> None:
    detector = CountingDetector()
    pipeline = Pipeline(detector, classifier)
    before = stream(pipeline, [two_faces] * 6)
    detector.blind = True
    during = stream(pipeline, [two_faces] * 10, start=6)
    assert [face.track_id for face in during[-1].faces] == [face.track_id for face in before[-1].faces]
    assert not any(result.events for result in during)
    hidden = stream(pipeline, [two_faces] * 30, start=16)
    assert not hidden[-1].faces
    detector.blind = False
    again = stream(pipeline, [two_faces] * 6, start=46)
    assert [face.track_id for face in again[-1].faces] == [face.track_id for face in before[-1].faces]


@pytest.mark.parametrize(("fps", "every"), [(1, 1), (1, 5), (2, 5), (4, 1), (4, 15), (5, 5), (12, 5)])
def test_a_face_keeps_its_number_at_low_frame_rates(classifier: Classifier, fps: float, every: int) -> None:
    """The demo's portrait moves by two of its widths a second."""
    source = DemoSource()
    frames = [source.draw(round(30 * n / fps)) for n in range(9 * int(fps))]
    results = stream(Pipeline(FaceDetector(), classifier, schedule=DetectionSchedule(every)), frames, fps)
    assert [[face.track_id for face in result.faces] for result in results] == [[1]] * len(frames)
    assert [event.kind for result in results for event in result.events if event.previous is None] == [
        EventKind.APPEARED
    ]


def test_a_face_is_shown_however_rare_detections_are(classifier: Classifier, two_faces: Image) -> None:
    detector = CountingDetector()
    results = stream(Pipeline(detector, classifier, schedule=DetectionSchedule(200)), [two_faces] * 150)
    assert detector.calls == 1
    assert {len(result.faces) for result in results} == {2}


def test_a_long_gap_begins_new_tracks(classifier: Classifier, two_faces: Image) -> None:
    pipeline = Pipeline(FaceDetector(), classifier)
    stream(pipeline, [two_faces] * 6)
    (result,) = stream(pipeline, [two_faces], start=30 * 60)
    assert [face.track_id for face in result.faces] == [3, 4]
    assert [event.kind for event in result.events] == [EventKind.LEFT] * 2 + [EventKind.APPEARED] * 2


@pytest.mark.parametrize(("fps", "changes"), [(1, 2), (30, 0)])
def test_scores_are_smoothed_by_the_sources_clock(
    model_file: Path, two_faces: Image, monkeypatch: pytest.MonkeyPatch, fps: float, changes: int
) -> None:
    """A change of a second is reported; one of a thirtieth is not."""
    by_brightness = Classifier.load(model_file)
    one_of_each = np.eye(len(by_brightness.card.labels), dtype=np.float32)
    monkeypatch.setattr(by_brightness, "classify", lambda crop: one_of_each[int(crop.mean() > 60)])
    darker = np.asarray(two_faces // 4, np.uint8)
    results = stream(Pipeline(FaceDetector(), by_brightness), [two_faces] * 40 + [darker], fps)
    events = [event.kind for result in results for event in result.events]
    assert events == [EventKind.APPEARED] * 2 + [EventKind.CHANGED] * changes


def test_a_face_of_low_confidence_is_shown_from_the_second_detection(classifier: Classifier, two_faces: Image) -> None:
    class Unsure(CountingDetector):
        def detect(self, frame: Image) -> list[Face]:
            return [replace(face, confidence=0.71) for face in super().detect(frame)]

    detector = Unsure()
    pipeline = Pipeline(detector, classifier)
    empty = np.full_like(two_faces, 128)
    first, gone = stream(pipeline, [two_faces, empty])
    assert detector.calls == 2
    assert not first.faces
    assert not gone.faces
    results = stream(pipeline, [two_faces] * 8, start=2)
    assert [event.kind for result in results for event in result.events] == [EventKind.APPEARED] * 2


def test_a_face_that_moved_out_of_the_frame_is_not_classified(classifier: Classifier) -> None:
    source = DemoSource()
    frames = [np.roll(source.draw(0), -12 * n, axis=1) for n in range(45)]
    for n, frame in enumerate(frames):
        frame[:, max(640 - 12 * n, 0) :] = 128
    results = stream(Pipeline(FaceDetector(), classifier, schedule=DetectionSchedule(10)), frames)
    assert results[0].faces
    assert not results[-1].faces


def test_frames_may_change_their_size(classifier: Classifier, two_faces: Image) -> None:
    small = cv2.resize(two_faces, None, fx=0.6, fy=0.6, interpolation=cv2.INTER_AREA)
    results = stream(Pipeline(FaceDetector(), classifier), [two_faces] * 4 + [np.asarray(small, np.uint8)] * 4)
    assert [len(result.faces) for result in results] == [2] * 8


def searches(pipeline: Pipeline, detector: CountingDetector, images: list[Image], start: int = 0) -> list[str]:
    """Return what was searched in each frame."""
    marks = []
    for number, image in enumerate(images, start):
        stream(pipeline, [image], start=number)
        marks.append(detector.search())
    return marks


@pytest.fixture
def counted(classifier: Classifier) -> tuple[Pipeline, CountingDetector]:
    detector = CountingDetector()
    return Pipeline(detector, classifier), detector


def test_every_second_detection_is_around_the_followed_faces(
    counted: tuple[Pipeline, CountingDetector], two_faces: Image
) -> None:
    marks = searches(*counted, [two_faces] * 21)
    assert "".join(marks) == "W....aa....W....aa....W"


def test_frames_without_a_face_are_searched_whole(counted: tuple[Pipeline, CountingDetector], two_faces: Image) -> None:
    assert "".join(searches(*counted, [np.full_like(two_faces, 128)] * 11)) == "W....W....W"


@pytest.mark.parametrize("entered", [1, 4, 5, 6, 9, 10])
def test_a_face_that_enters_while_another_is_followed_is_found_in_time(
    classifier: Classifier, two_faces: Image, entered: int
) -> None:
    pipeline = Pipeline(FaceDetector(), classifier)
    one = two_faces.copy()
    one[:, :420] = 128
    results = stream(pipeline, [one] * entered + [two_faces] * 13)
    assert [len(result.faces) for result in results[:entered]] == [1] * entered
    assert [face.track_id for face in results[entered + 12].faces] == [1, 2]


def test_a_followed_face_that_leaves_has_the_whole_frame_searched(
    counted: tuple[Pipeline, CountingDetector], two_faces: Image
) -> None:
    pipeline, detector = counted
    one = two_faces.copy()
    one[:, :420] = 128
    searches(pipeline, detector, [two_faces] * 5)
    (mark,) = searches(pipeline, detector, [one], start=5)
    assert mark.endswith("W")
    results = stream(pipeline, [one] * 30, start=6)
    assert [face.track_id for face in results[-1].faces] == [1]


def test_faces_are_not_searched_for_in_surroundings_of_a_frame_of_another_size(
    counted: tuple[Pipeline, CountingDetector], two_faces: Image
) -> None:
    small = np.asarray(cv2.resize(two_faces, None, fx=0.6, fy=0.6, interpolation=cv2.INTER_AREA), np.uint8)
    marks = searches(*counted, [two_faces] * 5 + [small] * 6)
    assert "".join(marks) == "W....W....aa"


def test_stills_and_detection_in_each_frame_are_searched_whole(classifier: Classifier, two_faces: Image) -> None:
    for options in ({"stills": True}, {"schedule": DetectionSchedule(1)}):
        detector = CountingDetector()
        pipeline = Pipeline(detector, classifier, **options)
        assert "".join(searches(pipeline, detector, [two_faces] * 4)) == "WWWW"
