from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from PIL import Image as PILImage

import fer_edge
from fer_edge.analysis.images import read_image
from fer_edge.models import PORTRAIT_FILE
from fer_edge.preprocess import Image, to_gray


@pytest.fixture(scope="module")
def recognizer() -> fer_edge.Recognizer:
    return fer_edge.Recognizer()


@pytest.fixture(scope="module")
def portrait() -> Image:
    return read_image(PORTRAIT_FILE)


def test_public_names_are_pinned() -> None:
    assert set(fer_edge.__all__) == {
        "Event",
        "EventKind",
        "Face",
        "Faces",
        "FerEdgeError",
        "InputError",
        "ModelError",
        "Recognizer",
        "SourceError",
        "__version__",
    }
    assert all(getattr(fer_edge, name) is not None for name in fer_edge.__all__)
    assert set(fer_edge.__all__) <= set(dir(fer_edge))
    with pytest.raises(AttributeError, match="no attribute 'recognizer'"):
        _ = fer_edge.recognizer


def test_import_and_use_print_nothing() -> None:
    code = f"import fer_edge; fer_edge.Recognizer()({str(PORTRAIT_FILE)!r})"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("", "")


def test_import_loads_no_numpy() -> None:
    code = "import sys, fer_edge; print(sorted({'numpy', 'cv2', 'rich', 'click'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "[]"


GIVEN: dict[str, Callable[[Image], Any]] = {
    "path": lambda _: PORTRAIT_FILE,
    "path as text": lambda _: str(PORTRAIT_FILE),
    "bytes": lambda _: PORTRAIT_FILE.read_bytes(),
    "BGR array": lambda image: image,
    "reversed view of RGB": lambda image: np.ascontiguousarray(image[..., ::-1])[..., ::-1],
    "PIL image": lambda _: PILImage.open(PORTRAIT_FILE),
    "PIL image with alpha": lambda _: PILImage.open(PORTRAIT_FILE).convert("RGBA"),
}


@pytest.mark.parametrize("kind", GIVEN)
def test_every_kind_of_picture_gives_the_same_face(recognizer: fer_edge.Recognizer, portrait: Image, kind: str) -> None:
    (expected,) = recognizer(portrait)
    (face,) = recognizer(GIVEN[kind](portrait))
    assert face.label == "happy"
    assert face.scores == pytest.approx(expected.scores, abs=0.02)
    assert face.box == pytest.approx(expected.box, abs=1)
    assert face.landmarks.shape == (5, 2)
    x1, y1, x2, y2 = face.box
    assert ((face.landmarks > (x1, y1)) & (face.landmarks < (x2, y2))).all()
    assert sum(face.scores.values()) == pytest.approx(1, abs=0.01)
    assert face.track_id is None


@pytest.mark.parametrize("shape", [(420, 420), (420, 420, 1)])
def test_gray_pictures_are_taken(recognizer: fer_edge.Recognizer, portrait: Image, shape: tuple[int, ...]) -> None:
    (face,) = recognizer(to_gray(portrait).reshape(shape))
    assert face.label == "happy"


def test_pil_pictures_are_turned_upright(recognizer: fer_edge.Recognizer, tmp_path: Path) -> None:
    exif = PILImage.Exif()
    exif[0x0112] = 6  # to be turned clockwise
    path = tmp_path / "turned.jpg"
    PILImage.open(PORTRAIT_FILE).rotate(90, expand=True).save(path, exif=exif, quality=95)
    assert [faces[0].label for faces in recognizer([path, PILImage.open(path)])] == ["happy", "happy"]


BAD: dict[str, tuple[Any, str]] = {
    "float pixels": (np.zeros((9, 9, 3)), "got float64; scale them to 0..255"),
    "wide integers": (np.zeros((9, 9, 3), np.int64), "got int64; convert"),
    "channels first": (np.zeros((3, 9, 9), np.uint8), "channels first"),
    "batch": (np.zeros((2, 9, 9, 3), np.uint8), "a list of its pictures"),
    "alpha": (np.zeros((9, 9, 4), np.uint8), "alpha channel"),
    "two channels": (np.zeros((9, 9, 2), np.uint8), r"got \(9, 9, 2\)"),
    "empty": (np.zeros((0, 9, 3), np.uint8), "at least one pixel"),
    "row": (np.zeros(9, np.uint8), r"got \(9,\)"),
    "number": (3, "got int"),
    "nothing": (None, "got NoneType"),
    "missing file": ("no such.jpg", "no such file"),
    "folder": (Path(), "got a folder"),
    "other bytes": (b"text", "no picture by its content"),
    "other file": (__file__, "no picture by its content"),
    "name that no file has": ("a\0b", "no file can have"),
}


@pytest.mark.parametrize("kind", BAD)
def test_wrong_pictures_are_refused_in_one_line(recognizer: fer_edge.Recognizer, kind: str) -> None:
    given, message = BAD[kind]
    with pytest.raises(fer_edge.InputError, match=message) as caught:
        recognizer(given)
    assert "\n" not in str(caught.value)


def test_list_gives_a_list(recognizer: fer_edge.Recognizer, portrait: Image) -> None:
    none, one = recognizer([np.full((200, 300, 3), 90, np.uint8), portrait])
    assert (len(none), list(none), none.to_dicts(), len(one)) == (0, [], [], 1)
    assert recognizer([]) == []


def test_plot_writes_an_annotated_copy(recognizer: fer_edge.Recognizer, portrait: Image, tmp_path: Path) -> None:
    faces = recognizer(portrait)
    drawn = faces.plot(tmp_path / "new" / "seen.png")
    assert drawn.shape == portrait.shape
    assert not np.array_equal(drawn, portrait)
    np.testing.assert_array_equal(cv2.imread(str(tmp_path / "new" / "seen.png")), drawn)
    for name in ("seen", "seen.txt"):
        with pytest.raises(fer_edge.InputError, match="ends in a picture format"):
            faces.plot(tmp_path / name)
    assert not (tmp_path / "seen.txt").exists()


def test_dicts_and_tables_hold_every_score(recognizer: fer_edge.Recognizer) -> None:
    pandas = pytest.importorskip("pandas")
    faces = recognizer(PORTRAIT_FILE)
    (row,) = faces.to_dicts()
    assert (row["source"], row["label"], list(row["scores"])) == (str(PORTRAIT_FILE), "happy", list(recognizer.labels))
    table = faces.to_pandas()
    assert isinstance(table, pandas.DataFrame)
    assert table.loc[0, "happy"] == row["scores"]["happy"]
    assert table.loc[0, "x2"] == row["box"][2]
    nothing = recognizer(np.zeros((99, 99), np.uint8)).to_pandas()
    assert (len(nothing), list(nothing.columns)) == (0, list(table.columns))


def test_classify_takes_crops_of_any_size(recognizer: fer_edge.Recognizer, portrait: Image) -> None:
    gray = to_gray(portrait)
    x1, y1, x2, y2 = (round(value) for value in recognizer(portrait)[0].box)
    crops = [portrait[y1:y2, x1:x2], gray[y1:y2, x1:x2], gray[y1:y2, x1:x2, None]]
    scores = recognizer.classify(crops)
    assert scores.shape == (3, len(recognizer.labels))
    assert {recognizer.labels[index] for index in scores.argmax(axis=1)} == {"happy"}
    np.testing.assert_array_equal(recognizer.classify(np.stack(crops[1:2])), scores[1:2])
    assert recognizer.classify([]).shape == (0, len(recognizer.labels))
    with pytest.raises(fer_edge.InputError, match=r"crop\[None\]"):
        recognizer.classify(gray[y1:y2, x1:x2])


def test_stream_follows_faces_and_closes_its_source(recognizer: fer_edge.Recognizer) -> None:
    stream = recognizer.stream("demo")
    frames = [next(stream) for _ in range(6)]
    stream.close()  # type: ignore[attr-defined]
    assert {face.track_id for faces in frames for face in faces} == {1}
    assert [event.kind for event in frames[0].events] == [fer_edge.EventKind.APPEARED]
    assert frames[5].position_s == pytest.approx(5 / 30)
    assert [faces.number for faces in frames] == list(range(6))


def test_stream_reads_a_folder_of_pictures(recognizer: fer_edge.Recognizer, tmp_path: Path) -> None:
    for name in ("b10.png", "b9.png"):
        (tmp_path / name).write_bytes(PORTRAIT_FILE.read_bytes())
    assert [(faces.source, faces[0].track_id) for faces in recognizer.stream(tmp_path)] == [
        ("b9.png", None),
        ("b10.png", None),
    ]


def test_stream_of_nothing_is_an_error(recognizer: fer_edge.Recognizer, tmp_path: Path) -> None:
    with pytest.raises(fer_edge.InputError, match="no such camera or file"):
        next(recognizer.stream(tmp_path / "none.mp4"))


def test_threads_share_a_recognizer(recognizer: fer_edge.Recognizer, portrait: Image) -> None:
    expected = recognizer(portrait)[0].scores
    with ThreadPoolExecutor(4) as pool:
        for faces in pool.map(recognizer, [portrait] * 16):
            assert faces[0].scores == expected


@pytest.mark.parametrize("model", ["compact", "compact-s", "auto"])
def test_shipped_networks_are_loaded_by_name(model: str, portrait: Image) -> None:
    assert fer_edge.Recognizer(model)(portrait)[0].label == "happy"


def test_prior_changes_scores(portrait: Image) -> None:
    rare = fer_edge.Recognizer(prior="happy=0.001,neutral=0.5")(portrait)[0].scores
    assert rare["happy"] < fer_edge.Recognizer()(portrait)[0].scores["happy"]
    with pytest.raises(fer_edge.InputError, match="happy"):
        fer_edge.Recognizer(prior="happyness=1")


def test_missing_model_is_a_model_error() -> None:
    with pytest.raises(fer_edge.ModelError, match="no such model file"):
        fer_edge.Recognizer("compactt")
