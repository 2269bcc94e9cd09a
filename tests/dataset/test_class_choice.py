from __future__ import annotations

import pytest

from fer_edge.cards.model_card import ModelCard
from fer_edge.dataset.class_choice import ALL_CLASSES, ClassChoice, class_name, merged_in, parse_classes, parse_merge
from fer_edge.errors import DataError, ModelError
from fer_edge.labels import EXPRESSIONS, FER2013_ORDER


def test_names_and_merges_are_read_in_lower_case() -> None:
    assert parse_classes("Happy, neutral") == ("happy", "neutral")
    assert parse_merge("Negative=angry,Sad") == ("negative", ("angry", "sad"))


@pytest.mark.parametrize("text", ["", ",", "happy,,sad", "happy,"])
def test_missing_name_is_rejected(text: str) -> None:
    with pytest.raises(ValueError, match="expected names with commas between such as happy,neutral"):
        parse_classes(text)


@pytest.mark.parametrize("text", ["angry,sad", "=angry", "negative"])
def test_merge_without_new_name_is_rejected(text: str) -> None:
    with pytest.raises(ValueError, match="expected a new class and those that it joins"):
        parse_merge(text)


@pytest.mark.parametrize(
    ("choice", "message"),
    [
        ({"classes": ("happy", "happy")}, "happy is picked twice"),
        ({"drop": ("sad", "sad")}, "sad is dropped twice"),
        ({"merge": (("bad", ("sad",)), ("low", ("sad",)))}, "sad is joined twice"),
        ({"merge": (("bad", ("sad", "fear")),), "drop": ("fear",)}, "fear is both joined and dropped"),
        ({"classes": ("happy", "sad"), "drop": ("sad",)}, "sad is both picked and dropped"),
    ],
)
def test_contradiction_is_named(choice: dict[str, tuple[str, ...]], message: str) -> None:
    with pytest.raises(DataError, match=message):
        ClassChoice(**choice)  # type: ignore[arg-type]


def test_choice_maps_each_class_to_its_new_one_or_none() -> None:
    choice = ClassChoice((("negative", ("angry", "sad")),), ("contempt",), ("happy", "negative"))
    names = ("angry", "sad", "happy", "neutral", "contempt")
    assert [choice.target(name) for name in names] == ["negative", "negative", "happy", None, None]


@pytest.mark.parametrize("labels", [EXPRESSIONS, FER2013_ORDER])
def test_seven_expressions_need_no_choice(labels: tuple[str, ...]) -> None:
    assert ClassChoice.for_labels(labels) == ALL_CLASSES
    assert not ALL_CLASSES


def test_model_gives_back_the_choice_that_it_was_trained_with() -> None:
    choice = ClassChoice((("negative", ("angry", "sad")),), (), ("negative", "happy"))
    assert ClassChoice.for_labels(("negative", "happy"), choice.as_facts()) == choice


@pytest.mark.parametrize("merged", [[1], "negative", None, {"negative": 5}, {"negative": [1]}, {"negative": "sad"}])
def test_damaged_facts_on_joined_classes_are_rejected(merged: object) -> None:
    card = ModelCard("mine", "compact", ("negative", "happy"), training={"merged": merged})
    with pytest.raises(ModelError, match=r"mine: its model card is damaged .*\(merged: expected lists"):
        merged_in(card)


def test_accents_of_macos_and_linux_are_one_class() -> None:
    assert class_name("Mu\u0308de") == class_name("m\u00fcde") == parse_classes("MU\u0308DE,wach")[0]


def test_class_name_has_no_control_characters() -> None:
    assert class_name(" Smi\nle ") == r"smi\nle"
