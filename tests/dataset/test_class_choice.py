from __future__ import annotations

import pytest

from fer_edge.cards.model_card import ModelCard
from fer_edge.dataset.class_choice import ALL_CLASSES, ClassChoice, class_facts, class_name, parse_classes, parse_merge
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
def test_model_of_the_seven_is_judged_in_alphabetical_order(labels: tuple[str, ...]) -> None:
    assert ClassChoice.for_model(ModelCard("a", "a", labels)) == ClassChoice(labels=EXPRESSIONS)
    assert not ALL_CLASSES


def trained(choice: ClassChoice, left_out: tuple[str, ...]) -> ModelCard:
    return ModelCard("mine", "compact", ("negative", "happy"), training=class_facts(choice, left_out))


def test_model_is_judged_by_the_choice_that_it_was_trained_with() -> None:
    merge = (("negative", ("angry", "sad")),)
    card = trained(ClassChoice(merge, (), ("negative", "happy")), ("fear", "neutral"))
    judged = ClassChoice.for_model(card)
    assert judged == ClassChoice(merge, ("fear", "neutral"), (), ("negative", "happy"))
    names = ("angry", "negative", "happy", "fear", "wink")
    assert [judged.target(name) for name in names] == ["negative", "negative", "happy", None, None]
    assert ClassChoice.for_model(card, ("happy",)).target("sad") is None


@pytest.mark.parametrize(
    "facts",
    [{"merged": merged} for merged in ([1], "negative", None, {"negative": 5}, {"negative": [1]}, {"negative": "sad"})]
    + [{"left_out_classes": left_out} for left_out in ("sad", None, [1], {"sad": 1})],
)
def test_damaged_facts_on_classes_are_rejected(facts: dict[str, object]) -> None:
    card = ModelCard("mine", "compact", ("negative", "happy"), training=facts)
    with pytest.raises(ModelError, match=r"mine: its model card is damaged .*: expected (lists|a list) of classes"):
        ClassChoice.for_model(card)


def test_accents_of_macos_and_linux_are_one_class() -> None:
    assert class_name("Mu\u0308de") == class_name("m\u00fcde") == parse_classes("MU\u0308DE,wach")[0]


def test_class_name_has_no_control_characters() -> None:
    assert class_name(" Smi\nle ") == r"smi\nle"
