from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from fer_edge.dataset.data import ImageFault, SplitName
from fer_edge.dataset.fer2013_csv import read_fer2013_csv
from fer_edge.dataset.loading import load_dataset
from fer_edge.errors import DataError
from fer_edge.labels import EXPRESSIONS
from tests.fakes.labelled_faces import noise, sizes

HEADER = ("emotion", "pixels", "Usage")


def pixels(seed: int) -> list[int]:
    values: list[int] = np.random.default_rng(seed).integers(0, 256, 48 * 48).tolist()
    return values


def rows() -> list[tuple[int, list[int], str]]:
    usages = ("Training", "PublicTest")
    return [(emotion, pixels(10 * i + emotion), usage) for i, usage in enumerate(usages) for emotion in range(7)]


def spaced(values: list[int]) -> str:
    return " ".join(map(str, values))


def write(path: Path, lines: list[list[str]], **options: str) -> Path:
    with path.open("w", newline="") as file:
        csv.writer(file, **options).writerows(lines)  # type: ignore[arg-type]
    return path


def write_pixels(path: Path, texts: list[str]) -> Path:
    lines = [[str(emotion), text, usage] for (emotion, _, usage), text in zip(rows(), texts, strict=True)]
    return write(path, [list(HEADER), *lines])


@pytest.mark.parametrize(
    "form",
    [
        str,
        lambda values: str(tuple(values)),
        lambda values: ",".join(map(str, values)),
        lambda values: str(np.array(values)).replace("...", spaced(values[3:-3])),
        lambda values: f"'{spaced(values)}'",
        lambda values: f" {spaced(values)}\n",
    ],
    ids=["list", "tuple", "commas", "numpy", "quotes", "line break"],
)
def test_pixels_are_read_in_formats_of_other_tools(tmp_path: Path, form: object) -> None:
    assert callable(form)
    dataset = read_fer2013_csv(write_pixels(tmp_path / "faces.csv", [form(values) for _, values, _ in rows()]))
    assert np.array_equal(dataset.train.images.reshape(7, -1), [values for _, values, usage in rows()][:7])
    assert dataset.notes == ()


@pytest.mark.parametrize("delimiter", [";", "\t"])
def test_semicolons_and_tabs_separate_columns(tmp_path: Path, delimiter: str) -> None:
    lines = [[str(emotion), spaced(values), usage.lower()] for emotion, values, usage in rows()]
    path = write(tmp_path / "faces.csv", [list(HEADER), *lines], delimiter=delimiter)
    assert len(read_fer2013_csv(path).train) == 7


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "line 2 has 0 pixels; expected 2304 whole numbers 0..255"),
        (spaced(pixels(0)[1:]), "line 2 has 2,303 pixels; expected 2304"),
        (spaced([300, *pixels(0)[1:]]), r"line 2 has pixels from \d+ to 300"),
        (spaced([-1, *pixels(0)[1:]]), "line 2 has pixels from -1 to"),
        ("0.274 " * 2304, "line 2 has other pixels; expected 2304 whole numbers 0..255, got '0.274'"),
        ("9" * 30 + " 0" * 2303, "line 2 has other pixels|line 2 has pixels from"),
        (str(np.array(pixels(0))), r"line 2 has '\.\.\.' among its pixels: the tool that wrote the file left out most"),
    ],
)
def test_all_pixels_invalid_is_an_error_with_first_reason(tmp_path: Path, text: str, reason: str) -> None:
    with pytest.raises(DataError, match=f"none of its 14 images can be used: {reason}.*; and 11 more"):
        read_fer2013_csv(write_pixels(tmp_path / "faces.csv", [text] * 14))


def test_invalid_public_test_is_never_replaced_by_private_test(tmp_path: Path) -> None:
    lines = [[str(emotion), spaced(values), usage] for emotion, values, usage in rows()]
    lines = [
        [emotion, "0", usage] if usage == "PublicTest" else [emotion, text, usage] for emotion, text, usage in lines
    ]
    lines += [[emotion, text, "PrivateTest"] for emotion, text, usage in lines if usage == "Training"]
    with pytest.raises(
        DataError, match="none of the 7 images of the validation split can be used: line 9 has 1 pixels"
    ):
        read_fer2013_csv(write(tmp_path / "faces.csv", [list(HEADER), *lines]))


@pytest.mark.parametrize(
    ("header", "message"),
    [
        (["emotion", "pixels"], r"usage is missing among emotion, pixels; it assigns each image to a split, so add it"),
        (["emotion", "Usage"], r"pixels is missing among emotion, usage$"),
        ([f"pixel{i}" for i in range(2304)], r"emotion, pixels, usage is missing among pixel0, .* and 2,298 more"),
        ([], "is missing among nothing"),
    ],
)
def test_missing_column_is_named(tmp_path: Path, header: list[str], message: str) -> None:
    with pytest.raises(DataError, match=message):
        read_fer2013_csv(write(tmp_path / "faces.csv", [header] if header else []))


def test_unquoted_pixels_are_reported_as_columns(tmp_path: Path) -> None:
    text = "\n".join([",".join(HEADER), *(f"{e},{','.join(map(str, p))},{u}" for e, p, u in rows())])
    (tmp_path / "faces.csv").write_text(text)
    with pytest.raises(DataError, match="line 2: expected 3 columns as in its first line, got 2306"):
        read_fer2013_csv(tmp_path / "faces.csv")


@pytest.mark.parametrize("content", [bytes(5000), "emotion,pixels,Usage".encode("utf-16"), b"PK\x03\x04\x00\x00"])
def test_other_file_is_a_data_error(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "faces.csv").write_bytes(content)
    with pytest.raises(DataError, match="faces"):
        read_fer2013_csv(tmp_path / "faces.csv")


def row(emotion: int | str, seed: int, usage: str) -> list[str]:
    return [str(emotion), " ".join(map(str, noise(seed).ravel())), usage]


def write_csv(path: Path, rows: list[list[str]], header: list[str] | None = None) -> Path:
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([list(HEADER) if header is None else header, *rows])
    return path


def csv_rows() -> list[list[str]]:
    usages = ("Training", "PublicTest", "PrivateTest")
    return [row(emotion, 100 * i + emotion, usage) for i, usage in enumerate(usages) for emotion in range(7)]


def test_fer2013_labels_are_mapped_to_expressions(tmp_path: Path) -> None:
    dataset = load_dataset(str(write_csv(tmp_path / "fer2013.csv", csv_rows())))
    assert sizes(dataset) == {"train": 7, "validation": 7, "test": 7}
    # FER2013: 0 angry, 1 disgust, 2 fear, 3 happy, 4 sad, 5 surprise, 6 neutral.
    names = [EXPRESSIONS[label] for label in dataset.train.labels]
    assert names == ["angry", "disgust", "fear", "happy", "sad", "surprise", "neutral"]
    assert np.array_equal(dataset.train.images[4], noise(4))
    assert np.array_equal(dataset.split("test").images[6], noise(206))


@pytest.mark.parametrize("header", [["emotion", " pixels", " Usage"], ["\ufeffemotion", "pixels", "usage"]])
def test_header_ignores_spaces_and_case(tmp_path: Path, header: list[str]) -> None:
    rows = [[emotion, pixels, f" {usage}"] for emotion, pixels, usage in csv_rows()]
    dataset = load_dataset(str(write_csv(tmp_path / "icml.csv", rows, header)))
    assert sizes(dataset) == {"train": 7, "validation": 7, "test": 7}


def test_csv_without_validation_uses_test(tmp_path: Path) -> None:
    rows = [one for one in csv_rows() if one[2] != "PublicTest"]
    dataset = load_dataset(str(write_csv(tmp_path / "fer2013.csv", rows)))
    assert sizes(dataset) == {"train": 7, "validation": 7}
    assert dataset.notes


@pytest.mark.parametrize("pixels", ["", "1 2 3", "x " * 2304, "256 " * 2304, "-1 " * 2304, "9" * 30 + " 0" * 2303])
def test_row_without_image_is_counted(tmp_path: Path, pixels: str) -> None:
    rows = [*csv_rows(), ["3", pixels.strip(), "Training"]]
    dataset = load_dataset(str(write_csv(tmp_path / "fer2013.csv", rows)))
    assert dataset.findings[SplitName.TRAIN] == Counter({ImageFault.NOT_AN_IMAGE: 1})
    assert dataset.examples[ImageFault.NOT_AN_IMAGE] == ["line 23"]
    assert "left out 1 image of the train split: line 23 has" in dataset.notes[0]


@pytest.mark.parametrize(
    ("header", "extra", "message"),
    [
        ([], [], r"expected the columns emotion, pixels, Usage"),
        (["pixels", "emotion"], [], r"expected the columns emotion, pixels, Usage"),
        (list(HEADER), ["7", "0", "Training"], r"line 23: expected an emotion from 0 to 6, got '7'"),
        (list(HEADER), ["happy", "0", "Training"], r"line 23: expected an emotion"),
        (
            list(HEADER),
            ["3", "0", "Holdout"],
            r"line 23: expected Training, PublicTest or PrivateTest as Usage, got 'Holdout'",
        ),
        (list(HEADER), ["3", "0"], r"line 23: expected 3 columns"),
    ],
)
def test_invalid_csv_is_an_error_with_line(tmp_path: Path, header: list[str], extra: list[str], message: str) -> None:
    rows = [*csv_rows(), extra] if extra else []
    with pytest.raises(DataError, match=message):
        load_dataset(str(write_csv(tmp_path / "fer2013.csv", rows, header)))


def test_overlong_field_is_a_data_error(tmp_path: Path) -> None:
    rows = [*csv_rows(), ["3", "0 " * 100_000, "Training"]]
    with pytest.raises(DataError, match="fer2013"):
        load_dataset(str(write_csv(tmp_path / "fer2013.csv", rows)))
