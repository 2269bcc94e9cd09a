"""`fer-edge info`."""

from __future__ import annotations

import json
import zipfile
from collections import Counter
from pathlib import Path
from typing import Any

import click

from fer_edge.cli.consoles import stdout
from fer_edge.cli.model_path import ModelPath
from fer_edge.cli.prior_options import named_prior
from fer_edge.errors import ModelError
from fer_edge.files import sha256_file
from fer_edge.model_card import ModelCard
from fer_edge.names import printable
from fer_edge.runtime.classifier import SHIPPED_MODEL, read_card
from fer_edge.runtime.inspection import inspect_tflite
from fer_edge.scores import score_meaning


@click.command()
@click.argument("model", type=ModelPath(), default=SHIPPED_MODEL)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def command(model: Path, as_json: bool) -> None:
    """Show what MODEL (.tflite, .onnx or .keras; the shipped one by default) says about itself.

    The size, digest, operators, precision and edges are read from the file; the rest is its card's.
    """
    card = read_card(model)
    facts = _file_facts(model, card)
    if as_json:
        click.echo(json.dumps({**facts, "card": json.loads(card.to_json())}))
        return
    _print_facts(facts)
    stdout.print("\ncard", style="bold")
    _print_facts(json.loads(card.to_json()), indent=2)


def _file_facts(model: Path, card: ModelCard) -> dict[str, Any]:
    facts = {"file": printable(str(model)), "bytes": model.stat().st_size, "sha256": sha256_file(model)}
    read = {".tflite": _tflite_facts, ".onnx": _onnx_facts, ".keras": _keras_facts}[model.suffix.lower()]
    facts |= {**read(model, card), "scores": score_meaning(card)}
    if (prior := named_prior(card)) is not None:
        facts["prior"] = prior
    if facts.get("precision", card.precision) != card.precision:
        raise ModelError(f"{model}: its card says {card.precision}, its tensors are {facts['precision']}")
    return facts


def _tflite_facts(model: Path, card: ModelCard) -> dict[str, Any]:
    graph = inspect_tflite(model)
    return {
        "precision": graph.precision.value,
        "input": f"{graph.input_dtype} (1, {card.input.height}, {card.input.width}, 1)",
        "output": f"{graph.output_dtype} (1, {len(card.labels)})",
        "operators": graph.operator_counts(),
        "signatures": list(graph.signatures),
    }


def _onnx_facts(model: Path, card: ModelCard) -> dict[str, Any]:
    edges = {
        "input": f"float32 (any number, {card.input.height}, {card.input.width}, 1)",
        "output": f"float32 (any number, {len(card.labels)})",
    }
    try:
        from export.onnx_graph import onnx_operator_counts, onnx_precision
    except ImportError:
        return {**edges, "operators": "to see them: pip install 'fer-edge[export]'"}
    content = model.read_bytes()
    return {"precision": onnx_precision(content).value, **edges, "operators": onnx_operator_counts(content)}


def _keras_facts(model: Path, card: ModelCard) -> dict[str, Any]:
    with zipfile.ZipFile(model) as archive:
        layers = json.loads(archive.read("config.json"))["config"]["layers"]
    return {
        "input": f"float32 (any number, {card.input.height}, {card.input.width}, 1)",
        "output": f"float32 (any number, {len(card.labels)})",
        "operators": dict(Counter(layer["class_name"] for layer in layers)),
    }


def _print_facts(facts: dict[str, Any], indent: int = 0) -> None:
    """Print names and values, one a line, a level deeper for each object within; leave out what is empty."""
    shown = {name: value for name, value in facts.items() if value not in (None, {}, [])}
    width = max((len(name) for name, value in shown.items() if not _is_nested(value)), default=0)
    for name, value in shown.items():
        if _is_nested(value):
            stdout.print(f"{' ' * indent}{name}", markup=False)
            _print_facts(value, indent + 2)
        else:
            stdout.print(f"{' ' * indent}{name:<{width}}  {_inline(value)}", markup=False, soft_wrap=True)


def _is_nested(value: Any) -> bool:
    return isinstance(value, dict) and any(isinstance(one, (dict, list)) for one in value.values())


def _inline(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name} {_inline(one)}" for name, one in value.items())
    if isinstance(value, list):
        return ", ".join(f"[{_inline(one)}]" if isinstance(one, list) else _inline(one) for one in value)
    return f"{value:.6g}" if isinstance(value, float) else str(value)
