"""`fer-edge info`."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import click
from rich.padding import Padding
from rich.table import Table

from fer_edge.cards.markdown import to_markdown
from fer_edge.cards.meaning import named_prior, score_meaning
from fer_edge.cards.model_card import ModelCard
from fer_edge.cards.summary import summarize
from fer_edge.cli.model_options import UNVERIFIED
from fer_edge.cli.parameters import ModelPath
from fer_edge.errors import InputError, ModelError, extra_advice, first_line
from fer_edge.files import sha256_file
from fer_edge.inference.card_reader import read_card
from fer_edge.inference.classifier import Classifier, require_fitting
from fer_edge.inference.inspection import inspect_tflite
from fer_edge.inference.interpreter import open_interpreter
from fer_edge.inference.onnx import one_image
from fer_edge.keras_archive import read_config
from fer_edge.models import SHIPPED_MODEL
from fer_edge.names import printable
from fer_edge.terminal.consoles import stdout

_LEAST_ROOM = 24
"""Columns beside a name in which a long value is still legible."""


@click.command()
@click.argument("model", type=ModelPath(), default=SHIPPED_MODEL)
@click.option("--all", "everything", is_flag=True, help="Print digests, operators and the whole card as well.")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON object, with everything, instead of lines.")
@click.option("--markdown", is_flag=True, help="Print a model card in Hugging Face's form, a README.md.")
def command(model: Path, everything: bool, as_json: bool, markdown: bool) -> None:
    """Show what MODEL (.tflite, .onnx or .keras; the shipped one by default) says about itself.

    Size, digest, operators, precision, inputs and outputs are read from the file itself; the rest is its model card.

    \b
    fer-edge info                           the shipped model, in ten lines
    fer-edge info faces_int8.tflite --all
    fer-edge info faces_int8.tflite --markdown > README.md
    """
    if everything + as_json + markdown > 1:
        raise InputError("expected one of --all, --json and --markdown")
    card = read_card(model)
    facts = _file_facts(model, card)
    if as_json:
        click.echo(json.dumps({**facts, "card": json.loads(card.to_json())}))
    elif markdown:
        click.echo(to_markdown(card, printable(model.name), facts["bytes"]), nl=False)
    elif everything:
        _print_facts(facts)
        stdout().print("\ncard", style="bold")
        _print_facts(json.loads(card.to_json()), indent=2)
    else:
        unverified = {} if card.is_verified or model.suffix == ".keras" else {"verified": facts["verified"]}
        _print_facts({"file": facts["file"], **summarize(card, facts["bytes"]), **unverified})


def _file_facts(model: Path, card: ModelCard) -> dict[str, Any]:
    facts = {"file": printable(str(model)), "bytes": model.stat().st_size, "sha256": sha256_file(model)}
    if model.suffix.lower() != ".keras":  # whose zip has checksums of its own
        facts["verified"] = "by the digest in its card" if card.is_verified else f"no: {UNVERIFIED}"
    read = {".tflite": _tflite_facts, ".onnx": _onnx_facts, ".keras": _keras_facts}[model.suffix.lower()]
    facts |= {**read(model, card), "scores": score_meaning(card)}
    if (prior := named_prior(card)) is not None:
        facts["prior"] = prior
    if facts.get("precision", card.precision) != card.precision:
        raise ModelError(f"{model}: its card says {card.precision}, its tensors are {facts['precision']}")
    return facts


def _tflite_facts(model: Path, card: ModelCard) -> dict[str, Any]:
    graph = inspect_tflite(model)
    Classifier(open_interpreter(model), card, model)  # refuses a card of another model
    return {
        "precision": graph.precision.value,
        "input": f"{graph.input_dtype} (1, {_shape(card)})",
        "output": f"{graph.output_dtype} (1, {len(card.labels)})",
        "operators": graph.operator_counts(),
        "signatures": list(graph.signatures),
    }


def _onnx_facts(model: Path, card: ModelCard) -> dict[str, Any]:
    edges = {
        "input": f"float32 (any number, {_shape(card)})",
        "output": f"float32 (any number, {len(card.labels)})",
    }
    try:
        from export.onnx_graph import onnx_operator_counts, onnx_precision, onnx_shapes
    except ImportError:
        return {**edges, "operators": f"to see them: {extra_advice('export')}"}
    content = model.read_bytes()
    try:
        facts = {"precision": onnx_precision(content).value, **edges, "operators": onnx_operator_counts(content)}
        image, scores = onnx_shapes(content)
    except Exception as error:  # protobuf's, whose classes share no base
        raise ModelError(f"{model}: its graph cannot be read ({first_line(error)}); copy or export it again") from error
    require_fitting(model, card, *one_image(model, image, scores))
    return facts


def _keras_facts(model: Path, card: ModelCard) -> dict[str, Any]:
    try:
        layers = read_config(model)["config"]["layers"]
        operators = dict(Counter(str(layer["class_name"]) for layer in layers))
        taken = [layer["config"]["batch_shape"] for layer in layers if layer["class_name"] == "InputLayer"]
    except (KeyError, TypeError) as error:
        raise ModelError(f"{model}: its config.json describes no network of layers; save it again") from error
    if taken not in ([], [[None, *card.input.form.input_shape]]):
        raise ModelError(f"{model}: its card says {card.input.form}, its network takes {taken}; save it again")
    return {
        "input": f"float32 (any number, {_shape(card)})",
        "output": f"float32 (any number, {len(card.labels)})",
        "operators": operators,
    }


def _shape(card: ModelCard) -> str:
    return ", ".join(map(str, card.input.form.input_shape))


def _print_facts(facts: dict[str, Any], indent: int = 0) -> None:
    """Print names and values, one a line, nested objects indented; skip empty values."""
    shown = {name: value for name, value in facts.items() if value not in (None, {}, [], "")}
    width = max((len(name) for name, value in shown.items() if not _is_nested(value)), default=0)
    for name, value in shown.items():
        if _is_nested(value):
            stdout().print(f"{' ' * indent}{name}", markup=False)
            _print_facts(value, indent + 2)
        else:
            _print_fact(f"{' ' * indent}{name:<{width}}  ", _inline(value), indent)


def _print_fact(name: str, value: str, indent: int) -> None:
    """Print a line, which goes on beside its name, or under it, where a terminal is too narrow for it."""
    room = stdout().width - len(name)
    if not stdout().is_terminal or len(value) <= room:
        stdout().print(f"{name}{value}", markup=False, soft_wrap=True)
    elif room >= _LEAST_ROOM:
        line = Table.grid()
        line.add_column(no_wrap=True)
        line.add_column(overflow="fold")
        line.add_row(name, value)
        stdout().print(line)
    else:
        stdout().print(name.rstrip(), markup=False)
        stdout().print(Padding(value, (0, 0, 0, indent + 2)))


def _is_nested(value: Any) -> bool:
    return isinstance(value, dict) and any(isinstance(one, (dict, list)) for one in value.values())


def _inline(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name} {_inline(one)}" for name, one in value.items())
    if isinstance(value, list):
        if all(str(one).endswith(".") for one in value):  # sentences
            return " ".join(map(str, value))
        return ", ".join(f"[{_inline(one)}]" if isinstance(one, list) else _inline(one) for one in value)
    return f"{value:.6g}" if isinstance(value, float) else str(value)
