"""A model card as Hugging Face's hub takes it: Markdown after YAML with the measured results, its `model-index`."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Mapping
from typing import Any

from fer_edge.cards.meaning import score_meaning
from fer_edge.cards.model_card import ModelCard
from fer_edge.cards.responsible_use import INTENDED_USE, LIMITATIONS, OUT_OF_SCOPE_USE
from fer_edge.cards.summary import member, number, summarize

_LIBRARIES = {".tflite": "tflite", ".onnx": "onnx", ".keras": "keras"}
_TASK = {"type": "image-classification", "name": "Facial expression recognition"}
_FACES = "Faces must be found and cut out first, as fer-edge does; accuracy differs by class, as the table shows."

# An underscore within a word needs no escape, and file names are full of them.
_SPECIAL = re.compile(r"([\\`*\[\]<>&|#~]|(?<!\w)_|_(?!\w))")


def escape(text: str) -> str:
    """Return text that Markdown shows as it is, in one line."""
    return _SPECIAL.sub(r"\\\1", text).replace("\r", " ").replace("\n", "<br>")


def to_markdown(card: ModelCard, file_name: str, size_bytes: int) -> str:
    """Return a card as the text of a `README.md`.

    Args:
        card: The model's card.
        file_name: Name of the model's file.
        size_bytes: Size of that file.
    """
    facts = "\n".join(f"- **{name}**: {escape(text)}" for name, text in summarize(card, size_bytes).items())
    sections = [
        f"---\n{_yaml(_front_matter(card, file_name))}\n---",
        f"# {escape(card.name)}",
        "Classifies the expression of a face. Made with fer-edge, whose card is inside the file, too.",
        facts,
        "## Use",
        f"```sh\nfer-edge run --model {shlex.quote(file_name)} --camera 0\n```",
        score_meaning(card),
        "## Intended use",
        card.intended_use or INTENDED_USE,
        "## Out-of-scope use",
        card.out_of_scope_use or OUT_OF_SCOPE_USE,
        "## Limitations",
        "\n".join(f"- {each}" for each in (*(card.limitations or LIMITATIONS), _FACES)),
        *_results_sections(card.evaluation),
        "## Licence",
        card.licence or "Not stated.",
    ]
    return "\n\n".join(sections) + "\n"


def _front_matter(card: ModelCard, file_name: str) -> dict[str, Any]:
    suffix = "." + file_name.rpartition(".")[2].lower()
    is_plain = re.fullmatch(r"[A-Za-z0-9.-]+", card.licence)
    licence = {"license": card.licence.lower()} if is_plain else {"license": "other", "license_name": "see-below"}
    results = _results(card)
    return {
        **licence,
        "library_name": _LIBRARIES.get(suffix, "fer-edge"),
        "pipeline_tag": "image-classification",
        "tags": ["facial-expression-recognition", "fer-edge", card.architecture, card.precision],
        "model-index": [{"name": card.name, "results": results}] if results else [],
    }


def _results(card: ModelCard) -> list[dict[str, Any]]:
    """Return the results by the data set's labels, then by people's answers, where they were measured."""
    data = str(member(card.training, "data") or "unknown")
    split = str(member(card.evaluation, "split") or "validation")
    kinds = {"labels": card.evaluation, "people's answers": member(card.evaluation, "people")}
    results = []
    for truth, measured in kinds.items():
        metrics = [
            {"type": kind, "name": name, "value": round(value, 4)}
            for kind, name, member_name in (("accuracy", "Accuracy", "accuracy"), ("f1", "Macro-F1", "macro_f1"))
            if (value := number(measured, member_name)) is not None
        ]
        if metrics:
            dataset = {"type": _slug(data), "name": f"{data} ({truth})", "split": split}
            results.append({"task": _TASK, "dataset": dataset, "metrics": metrics})
    return results


def _results_sections(evaluation: Mapping[str, Any]) -> list[str]:
    """Return a table of precision, recall and F1 of each class, by people's answers where measured."""
    people = member(evaluation, "people", "per_class")
    classes = people or member(evaluation, "per_class")
    if not isinstance(classes, Mapping):
        return []
    columns = ("precision", "recall", "f1", "support")
    rows = [f"| label | {' | '.join(columns)} |", "| :-- | --: | --: | --: | --: |"]
    for label, measured in classes.items():
        values = [number(measured, column) for column in columns]
        texts = ["-" if value is None else f"{value:.3f}" for value in values[:3]]
        rows.append(f"| {escape(label)} | {' | '.join(texts)} | {values[3] or 0:,.0f} |")
    truth = "what most people answered" if people else "the data set's labels"
    return ["## Results", f"By {truth}:", "\n".join(rows)]


def _slug(name: str) -> str:
    """Return a data set's name as an identifier of the hub."""
    stem = re.sub(r"\.(zip|csv)$", "", name.lower())
    return re.sub(r"[^\w.-]+", "-", stem).strip("-") or "unknown"


def _yaml(value: object, indent: str = "") -> str:
    """Return mappings and lists in block style; a scalar as JSON writes it is YAML, too."""
    if isinstance(value, dict) and value:
        return "\n".join(f"{indent}{key}:{_nested(each, indent + '  ')}" for key, each in value.items())
    if isinstance(value, list) and value:
        return "\n".join(f"{indent}- {_yaml(each, indent + '  ').lstrip()}" for each in value)
    return indent + json.dumps(value, ensure_ascii=False)


def _nested(value: object, indent: str) -> str:
    is_block = isinstance(value, (dict, list)) and bool(value)
    return f"\n{_yaml(value, indent)}" if is_block else f" {_yaml(value)}"
