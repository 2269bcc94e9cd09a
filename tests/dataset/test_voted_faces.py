from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from fer_edge.cards.model_card import ModelCard
from fer_edge.dataset.class_choice import ClassChoice
from fer_edge.dataset.data import Dataset
from fer_edge.dataset.voted_faces import load_voted_dataset
from fer_edge.dataset.votes import CHOICES, Votes
from fer_edge.labels import EXPRESSIONS
from fer_edge.picture_form import RGB, PictureForm
from tests.fakes.labelled_faces import noise, write_image

NEGATIVE = ClassChoice(merge=(("negative", ("angry", "disgust", "fear", "sad")),))


def training_votes(dataset: Dataset) -> Votes:
    assert dataset.train.votes is not None
    return dataset.train.votes


def with_folders(source: Path, folder: Path, names: dict[str, str]) -> Path:
    """Copy the class folders `names`, each under another name."""
    for split in ("train", "validation"):
        for name, new in names.items():
            shutil.copytree(source / split / name, folder / split / new)
    return folder


@pytest.mark.parametrize(
    ("choice", "choices"),
    [
        (ClassChoice(classes=("neutral", "happy")), ("neutral", "happy", *CHOICES[7:], "another class")),
        (ClassChoice(drop=("disgust",)), (*(c for c in CHOICES if c != "disgust"), "another class")),
        (NEGATIVE, ("happy", "negative", "neutral", "surprise", *CHOICES[7:])),
        (ClassChoice(), CHOICES),
    ],
    ids=["picked", "dropped", "joined", "all"],
)
def test_votes_are_on_the_chosen_classes(mixed_fer2013: Path, choice: ClassChoice, choices: tuple[str, ...]) -> None:
    seven = load_voted_dataset(str(mixed_fer2013))
    chosen = load_voted_dataset(str(mixed_fer2013), choice=choice)
    votes, before = training_votes(chosen), training_votes(seven)
    assert votes.choices == choices
    assert votes.classes == chosen.train.classes
    kept = [seven.train.names.index(name) for name in chosen.train.names]
    assert votes.voters.tolist() == before.voters[kept].tolist()
    assert any("images are FER2013's, and have FER+'s votes" in note for note in chosen.notes)


def test_folders_of_some_expressions_have_votes(mixed_fer2013: Path, tmp_path: Path) -> None:
    some = with_folders(mixed_fer2013, tmp_path, {name: name for name in ("happy", "neutral", "sad")})
    dataset = load_voted_dataset(str(some), form=PictureForm(64, 64, RGB))
    assert training_votes(dataset).classes == ("happy", "neutral", "sad")
    assert training_votes(dataset).others[-1] == "another class"


def test_class_without_votes_leaves_labels_alone(mixed_fer2013: Path, tmp_path: Path) -> None:
    eight = with_folders(mixed_fer2013, tmp_path, {name: name for name in EXPRESSIONS})
    for number, split in enumerate(("train", "validation")):
        write_image(eight / split / "wink" / "a.png", noise(70 + number))
    dataset = load_voted_dataset(str(eight))
    assert dataset.train.votes is None
    (note,) = (note for note in dataset.notes if "FER+" in note)
    assert note == "FER+'s votes are left out, as people were not asked about wink: labels alone count"
    assert training_votes(load_voted_dataset(str(eight), choice=ClassChoice(drop=("wink",)))).choices == CHOICES


def test_contempt_can_be_a_class_with_votes(mixed_fer2013: Path, tmp_path: Path) -> None:
    names = {**{name: name for name in EXPRESSIONS if name != "disgust"}, "disgust": "contempt"}
    votes = training_votes(load_voted_dataset(str(with_folders(mixed_fer2013, tmp_path, names))))
    assert votes.classes == ("angry", "contempt", "fear", "happy", "neutral", "sad", "surprise")
    assert votes.others == ("unknown", "no face", "another class")


def test_other_words_for_fer2013s_classes_have_no_votes(mixed_fer2013: Path, tmp_path: Path) -> None:
    dataset = load_voted_dataset(str(with_folders(mixed_fer2013, tmp_path, {"happy": "smile", "sad": "other"})))
    assert dataset.train.votes is None
    assert any("not asked about other, smile" in note for note in dataset.notes)


def test_note_says_what_the_official_split_is(mixed_fer2013: Path) -> None:
    (note,) = (note for note in load_voted_dataset(str(mixed_fer2013)).notes if "official_split=True" in note)
    assert note == (
        "FER2013 was published in parts: Training, to train on, and PublicTest, to validate on. In this copy, 7 of the "
        "21 images in train are not from Training and 7 of the 21 images in validation are not from PublicTest, so "
        "results are not comparable with published ones; official_split=True restores these parts"
    )


def test_official_split_is_restored_for_chosen_classes(mixed_fer2013: Path) -> None:
    chosen = load_voted_dataset(str(mixed_fer2013), choice=ClassChoice(classes=("happy", "sad")), official_split=True)
    assert (len(chosen.train), len(chosen.validation)) == (6, 6)
    assert training_votes(chosen).classes == ("happy", "sad")
    assert "official split restored: 6 images of Training, 6 of PublicTest; 0 others left out" in chosen.notes


def test_model_is_judged_by_votes_on_all_its_classes(mixed_fer2013: Path, tmp_path: Path) -> None:
    some = with_folders(mixed_fer2013, tmp_path, {name: name for name in ("happy", "neutral", "sad")})
    judged = load_voted_dataset(str(some), choice=ClassChoice.for_model(ModelCard("a", "a")))
    assert judged.classes == EXPRESSIONS
    assert judged.validation.class_counts().tolist() == [0, 0, 0, 3, 3, 3, 0]
    assert training_votes(judged).choices == CHOICES
