from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from fer_edge.dataset.data import Dataset
from fer_edge.dataset.leave_out import format_list, leave_out, read_list
from fer_edge.errors import DataError, InputError
from fer_edge.labels import EXPRESSIONS


def test_exactly_named_images_are_left_out(faces: Dataset) -> None:
    rows = [3, 50, 279]
    kept = leave_out(faces, [faces.train.names[row] for row in reversed(rows)])
    others = np.setdiff1d(np.arange(len(faces.train)), rows)
    assert kept.train.names == faces.train.take(others).names
    assert np.array_equal(kept.train.images, faces.train.images[others])
    assert np.array_equal(kept.train.labels, faces.train.labels[others])
    assert kept.validation is faces.validation
    assert kept.sha256() != faces.sha256()
    assert leave_out(faces, []).sha256() == faces.sha256()


def test_list_is_read_as_written(tmp_path: Path) -> None:
    entries = [("images/train/happy/a b.png", "1: happy 2 %"), ("face #1.png", "2: sad"), ("line 12", "3: fear # odd")]
    path = tmp_path / "leave-out.txt"
    path.write_text(format_list(["Look first.", ""], entries), encoding="utf-8")
    assert path.read_text().startswith("# Look first.\n#\nimages/train/happy/a b.png  # 1: happy 2 %\n")
    assert read_list(path) == ("images/train/happy/a b.png", "face #1.png", "line 12")


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("", ()),
        ("# nothing\n\n   # to leave out\n", ()),
        ("a.png\nb.png", ("a.png", "b.png")),
        ("\ufeffa.png\r\n  b.png\t# tab\r\n", ("a.png", "b.png")),
        ("a.png  # one\n#b.png\n", ("a.png",)),
    ],
)
def test_comments_and_blanks_are_skipped(tmp_path: Path, text: str, names: tuple[str, ...]) -> None:
    path = tmp_path / "list.txt"
    path.write_bytes(text.encode())
    assert read_list(path) == names


@pytest.mark.parametrize(("content", "message"), [(None, "no such file"), (b"\xff\xfe\x00\x80", "expected text")])
def test_file_that_is_no_list_is_an_error(tmp_path: Path, content: bytes | None, message: str) -> None:
    path = tmp_path / "list.txt"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(InputError, match=message):
        read_list(path)


def test_first_unknown_names_are_reported_in_order(faces: Dataset) -> None:
    names = ["z.png", faces.train.names[0], "y.png", "x.png", "w.png", "v.png"]
    with pytest.raises(DataError, match=r"no training image z\.png, y\.png, x\.png, and 2 more"):
        leave_out(faces, names)


def test_validation_image_is_rejected(faces: Dataset) -> None:
    with pytest.raises(
        DataError,
        match=f"only training images can be left out: remove {faces.validation.names[5]} of the validation split",
    ):
        leave_out(faces, [faces.train.names[0], faces.validation.names[5]])


def test_expression_must_keep_an_image(faces: Dataset) -> None:
    sad = [
        name for name, label in zip(faces.train.names, faces.train.labels, strict=True) if EXPRESSIONS[label] == "sad"
    ]
    with pytest.raises(DataError, match="every training image of sad; shorten it"):
        leave_out(faces, sad)
    assert leave_out(faces, sad[1:]).train.class_counts()[EXPRESSIONS.index("sad")] == 1
