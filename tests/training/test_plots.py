from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import pytest
from matplotlib import pyplot as plt
from matplotlib.text import Text

from fer_edge.dataset.data import Dataset, Split
from fer_edge.errors import InputError
from fer_edge.evaluation.metrics import evaluate_scores
from fer_edge.training import plots
from fer_edge.training.plots import (
    cell_text,
    draw_curves,
    plot_confusion,
    plot_curves,
    plot_samples,
)


def read(path: Path) -> npt.NDArray[np.uint8]:
    image = cv2.imread(str(path))
    assert image is not None
    return np.asarray(image, np.uint8)


def history(epochs: int) -> list[dict[str, float]]:
    return [
        {"loss": 2 - i / 10, "val_loss": 2 - i / 20, "accuracy": i / 10, "val_accuracy": i / 20} for i in range(epochs)
    ]


@pytest.mark.parametrize("epochs", [1, 2, 30])
def test_curves_have_dark_background(tmp_path: Path, epochs: int) -> None:
    plot_curves(history(epochs), tmp_path / "curves.png", title="a title")
    image = read(tmp_path / "curves.png")
    assert image.shape == (720, 1680, 3)
    assert image[0, 0].tolist() == [0, 0, 0]
    for colour in ("#4fc3f7", "#ffb74d"):
        bgr = [int(colour[i : i + 2], 16) for i in (5, 3, 1)]
        assert (image == bgr).all(axis=2).sum() > 50
    assert [path.name for path in tmp_path.iterdir()] == ["curves.png"]


@pytest.mark.parametrize("augmented", [False, True])
@pytest.mark.parametrize(("epochs", "best"), [(1, 0), (3, 2), (48, 0), (48, 24), (48, 47)])
def test_curves_have_every_label_inside_the_figure(epochs: int, best: int, augmented: bool) -> None:
    rows = [{**row, "val_accuracy": 0.987 if i == best else 0.5} for i, row in enumerate(history(epochs))]
    with plt.style.context("dark_background"):
        figure = plt.figure(figsize=(14, 6), layout="constrained")
        draw_curves(figure, rows, title="a title", augmented=augmented)
        figure.canvas.draw()
    drawn = figure.get_tightbbox()  # inches
    assert 0 <= drawn.x0 < drawn.x1 <= 14
    assert 0 <= drawn.y0 < drawn.y1 <= 6
    words = [artist.get_text() for artist in figure.findobj() if isinstance(artist, Text)]
    assert f"best 98.7%, epoch {best + 1}" in words
    assert any("augmented" in text for text in words) == augmented
    assert any(tick.get_text().endswith("%") for tick in figure.axes[1].get_yticklabels())
    plt.close(figure)


@pytest.mark.parametrize(
    ("share", "count", "expected"),
    [(0, 0, ""), (0.001, 1, "<1%\n1"), (0.0049, 4, "<1%\n4"), (0.0051, 5, "1%\n5"), (0.937, 1474, "94%\n1,474")],
)
def test_cell_of_a_matrix_never_says_0_percent_of_no_images(share: float, count: int, expected: str) -> None:
    assert cell_text(share, count) == expected


def test_confusion_matrix_allows_missing_classes(tmp_path: Path) -> None:
    evaluation = evaluate_scores(np.eye(7)[[0, 1, 1]], np.array([0, 1, 0]))
    plot_confusion(evaluation, tmp_path / "sub" / "confusion.png", title="three images")
    assert read(tmp_path / "sub" / "confusion.png").std() > 10


def test_confusion_says_that_it_is_by_label(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    # With people's votes the label is one of two truths.
    drawn: list[plots.MatrixWords] = []
    monkeypatch.setattr(plots, "plot_matrix", lambda counts, path, words, classes: drawn.append(words))
    evaluation = evaluate_scores(np.eye(7, dtype=np.float32), np.arange(7))
    plot_confusion(evaluation, tmp_path / "confusion.png", title="seven")
    assert (drawn[0].rows, drawn[0].share) == ("label (images)", "share of the label's images")
    assert "accuracy by label 100.0%" in drawn[0].title


def test_any_class_name_can_be_drawn(tmp_path: Path) -> None:
    names = (r"so $\frac$ so", "müde 😴 笑顔")
    evaluation = evaluate_scores(np.eye(2), np.array([0, 1]), names)
    plot_confusion(evaluation, tmp_path / "confusion.png", title="runs/$x$_^")
    assert read(tmp_path / "confusion.png").std() > 10


def test_samples_of_one_expression_are_three_by_three(tmp_path: Path, faces: Dataset) -> None:
    plot_samples(faces.train, tmp_path / "disgust.png", expression="disgust")
    height, width = read(tmp_path / "disgust.png").shape[:2]
    assert (width, height) == (round(5.4 * 120), 6 * 120)


def test_samples_show_original_pixels(tmp_path: Path) -> None:
    gray = np.arange(9, dtype=np.uint8) * 20 + 30
    split = Split(np.repeat(gray, 48 * 48).reshape(9, 48, 48), np.full(9, 3), tuple(map(str, range(9))))
    plot_samples(split, tmp_path / "happy.png", expression="happy")
    image = read(tmp_path / "happy.png")
    for value in gray:
        assert (np.abs(image.astype(int) - int(value)) <= 1).all(axis=2).sum() > 5_000


def test_samples_differ_by_seed_only(tmp_path: Path, faces: Dataset) -> None:
    for name, seed in (("a", 0), ("b", 0), ("c", 1)):
        plot_samples(faces.train, tmp_path / f"{name}.png", seed=seed, side=2)
    a, b, c = (read(tmp_path / f"{name}.png") for name in "abc")
    assert np.array_equal(a, b)
    assert not np.array_equal(a, c)


def test_samples_allow_fewer_faces_than_places(tmp_path: Path, faces: Dataset) -> None:
    two = faces.train.take(np.flatnonzero(faces.train.labels == 1)[:2])
    plot_samples(two, tmp_path / "two.png", expression="disgust")
    assert read(tmp_path / "two.png").std() > 1


def test_unknown_expression_is_rejected(tmp_path: Path, faces: Dataset) -> None:
    with pytest.raises(InputError, match=r"expected one of angry, .*, got 'bored'"):
        plot_samples(faces.train, tmp_path / "bored.png", expression="bored")
    assert not list(tmp_path.iterdir())
