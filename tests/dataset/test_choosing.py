from __future__ import annotations

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from fer_edge.cards.model_card import ModelCard
from fer_edge.dataset.checking import check_splits
from fer_edge.dataset.choosing import choose_classes
from fer_edge.dataset.class_choice import ALL_CLASSES, ClassChoice
from fer_edge.dataset.data import Dataset, ImageFault, Split, SplitName
from fer_edge.errors import DataError
from fer_edge.labels import EXPRESSIONS, FER2013_ORDER
from tests.fakes.labelled_faces import noise

NEGATIVE = ClassChoice(merge=(("negative", ("angry", "disgust", "fear", "sad")),))


@pytest.fixture
def seven() -> Dataset:
    """Return one training image and two validation images of each expression."""
    splits = {}
    for name, labels in ((SplitName.TRAIN, [*range(7)]), (SplitName.VALIDATION, [*range(7)] * 2)):
        images = np.stack([noise(label) for label in range(len(labels))])
        splits[name] = Split(images, np.array(labels, np.int64), tuple(f"{name.value}/{i}" for i in range(len(labels))))
    return Dataset("here", splits)


def test_no_choice_changes_nothing(seven: Dataset) -> None:
    assert choose_classes(seven, ALL_CLASSES) is seven


def test_merged_classes_keep_every_image(seven: Dataset) -> None:
    chosen = choose_classes(seven, NEGATIVE)
    assert chosen.classes == ("happy", "negative", "neutral", "surprise")
    assert chosen.train.class_counts().tolist() == [1, 4, 1, 1]
    assert chosen.sources["negative"] == ("angry", "disgust", "fear", "sad")
    assert [EXPRESSIONS[label] for label in seven.train.labels[chosen.train.labels == 1]] == [
        "angry", "disgust", "fear", "sad",
    ]  # fmt: skip


def test_picked_classes_keep_their_order_and_their_images(seven: Dataset) -> None:
    chosen = choose_classes(seven, ClassChoice(classes=("neutral", "happy")))
    assert chosen.classes == ("neutral", "happy")
    assert chosen.validation.class_counts().tolist() == [2, 2]
    assert np.array_equal(chosen.train.images, seven.train.images[[3, 4]])
    assert chosen.train.labels.tolist() == [1, 0]


def test_dropped_class_is_gone(seven: Dataset) -> None:
    assert choose_classes(seven, ClassChoice(drop=("disgust",))).classes == tuple(
        name for name in EXPRESSIONS if name != "disgust"
    )


def test_merged_class_can_be_picked(seven: Dataset) -> None:
    assert choose_classes(seven, replace(NEGATIVE, classes=("happy", "negative"))).train.class_counts().tolist() == [
        1,
        4,
    ]


@pytest.mark.parametrize(
    "choice",
    [
        ClassChoice(drop=("contmept",)),
        ClassChoice(classes=("happy", "contmept")),
        ClassChoice(merge=(("bad", ("contmept",)),)),
    ],
)
def test_class_that_is_not_there_is_named_with_those_that_are(seven: Dataset, choice: ClassChoice) -> None:
    with pytest.raises(DataError, match="here has no class contmept; its classes are angry, disgust, fear"):
        choose_classes(seven, choice)


def test_one_class_is_not_enough(seven: Dataset) -> None:
    with pytest.raises(DataError, match="expected two or more classes, got happy"):
        choose_classes(seven, ClassChoice(classes=("happy",)))


def test_digest_differs_by_names_of_own_classes(seven: Dataset) -> None:
    one = choose_classes(seven, ClassChoice(classes=("happy", "sad")))
    renamed = {name: replace(split, classes=("smile", "sad")) for name, split in one.splits.items()}
    assert replace(one, splits=renamed).sha256() != one.sha256()


def test_conversions_of_dropped_images_are_not_counted(seven: Dataset) -> None:
    changes: dict[str, tuple[ImageFault, ...]] = {"train/0": (ImageFault.COLOUR,), "train/3": (ImageFault.COLOUR,)}
    found = replace(seven, changes=changes, findings={SplitName.TRAIN: Counter({ImageFault.COLOUR: 2})})
    assert choose_classes(found, ClassChoice(drop=("angry",))).findings[SplitName.TRAIN] == {ImageFault.COLOUR: 1}


def judge(labels: tuple[str, ...], **facts: object) -> ClassChoice:
    return ClassChoice.for_model(ModelCard("a", "a", labels, training=facts))


def test_all_images_of_a_models_classes_are_judged_as_they_are(seven: Dataset) -> None:
    judged = choose_classes(seven, judge(FER2013_ORDER))
    assert judged.splits is seven.splits
    assert judged.left_out_classes == ()


def test_model_may_score_more_classes_than_there_are(seven: Dataset) -> None:
    some = choose_classes(seven, ClassChoice(classes=("happy", "neutral")))
    judged = check_splits(choose_classes(some, judge(("calm", "neutral", "happy"))))
    assert judged.classes == ("calm", "neutral", "happy")
    assert judged.train.class_counts().tolist() == [0, 1, 1]
    assert np.array_equal(judged.train.images, some.train.images)
    merged = choose_classes(some, judge(("happy", "low"), merged={"low": ["sad", "neutral"]}))
    assert merged.train.labels.tolist() == [0, 1]


def test_classes_that_a_model_does_not_score_are_left_out_and_named(seven: Dataset) -> None:
    judged = choose_classes(seven, judge(("happy", "sad")))
    assert judged.left_out_classes == ("angry", "disgust", "fear", "neutral", "surprise")
    assert len(judged.train) == 2


def test_judged_classes_must_be_there(seven: Dataset) -> None:
    model = ModelCard("a", "a", (*EXPRESSIONS, "wink"))
    assert choose_classes(seven, ClassChoice.for_model(model, ("happy",))).train.class_counts().sum() == 1
    with pytest.raises(DataError, match="here has no class wink; its classes are angry"):
        choose_classes(seven, ClassChoice.for_model(model, ("happy", "wink")))
    with pytest.raises(DataError, match="here: expected images of smile, wink, got angry, disgust"):
        choose_classes(seven, judge(("smile", "wink")))


def test_split_that_loses_all_images_is_gone(seven: Dataset) -> None:
    angry = seven.train.take(np.array([0]))
    three = replace(seven, splits={**seven.splits, SplitName.TEST: angry})
    assert SplitName.TEST not in choose_classes(three, ClassChoice(classes=("happy", "sad"))).splits
