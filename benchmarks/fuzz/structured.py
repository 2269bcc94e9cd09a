"""Values and structured files that Hypothesis makes: options, TOML, CSV, JSON, cards, names in a zip."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any, TypeVar

from hypothesis import HealthCheck, Phase, Verbosity, given, seed, settings
from hypothesis import strategies as st

from benchmarks.fuzz import materials
from benchmarks.fuzz.attempt import FuzzInput
from fer_edge.cards.storage import TFLITE_CARD_MEMBER

T = TypeVar("T")

HOSTILE = (
    *("", " ", ".", "..", "-", "--", "nan", "inf", "-inf", "1e400", "-1", "0", "1.5", "9" * 5000, "0x10", "1_0", "٣"),
    *("[/b]", "[red]x", "\x1b[31m", "\x1b]0;x\x07", "%s", "{0}", "~", "~nosuchuser", "~nosuchuser.png", "$HOME"),
    *("\u202e", "\ud800", "a" * 300, "é" * 130, "a\nb", "a\rb", "CON", "x:y", "x,y", "x=y", "*", "?", "\\", "\ufeff"),
    *("\xff", "neutral=0.7,happy=nan", "photos^1e400", "photos^nan", "0..1", "1..0", "nan..1", "640x0", "1e9x1e9"),
    *("50MB", "-1MB", "rtsp://", "http://127.0.0.1:1/", "http://[", "mqtt://u:p@127.0.0.1:1/x", "mqtt://:99999"),
    *("file:///dev/zero", "//"),
)
"""Values that have broken programs: beyond every number, markup, escapes, names of users, halves of addresses."""

_RUN = ("run", "--quiet", "--frames", "1", "--seconds", "1", "--camera", "demo")
_RUN_OPTIONS = (
    *("--camera", "--resolution", "--fps", "--rotate", "--flip", "--model", "--labels", "--input-range", "--prior"),
    *("--num-threads", "--detector-width", "--confidence", "--max-faces", "--detect-every", "--budget", "--max-fps"),
    *("--smoothing", "--threshold", "--jsonl", "--csv", "--output", "--rotate-size", "--rotate-keep", "--mqtt"),
    *("--name", "--preview", "--preview-token", "--frames", "--seconds", "--config"),
)
_OTHER_COMMANDS = (
    *((), ("info",), ("evaluate",), ("evaluate", "--data"), ("evaluate", "--prior"), ("evaluate", "--votes")),
    *(
        ("samples", "--data"),
        ("samples", "--data", "synthetic", "--split"),
        ("samples", "--data", "synthetic", "--output"),
    ),
    *(("service", "print", "--camera"), ("doctor",), ("benchmark", "--quick", "--runtime", "litert", "--threads")),
)
_NEW_OPTIONS: tuple[tuple[tuple[str, ...], tuple[str, ...]], ...] = (
    (("notice", "--output", "notice.txt"), ("--operator", "--contact", "--purpose")),
    (("notice", "--operator", "a", "--contact", "b", "--purpose", "c"), ("--kept", "--url", "--output")),
    (("notice", "--operator", "a", "--contact", "b", "--purpose", "c"), ("--pictures",)),
    ((*_RUN, "--jsonl", "a.jsonl"), ("--keep",)),
    ((*_RUN, "--csv", "a.csv"), ("--rotate-size", "--rotate-keep", "--keep")),
    (("data", "collect", "--camera", "demo", "--count", "1", "--every", "0"), ("--class", "--person", "--output")),
    (("data", "collect", "--camera", "demo", "--class", "a", "--count", "1"), ("--every",)),
    (("data", "split", "faces", "--output", "out"), ("--validation", "--gap", "--by")),
    (("data", "split", "faces", "--output", "out", "--by", "person"), ("--people",)),
    (("predict", "faces", "--recursive"), ("--threshold", "--prior", "--save")),
    (("analyze", "log.jsonl", "--output", "out"), ("--every", "--threshold", "--smoothing")),
    (("analyze", "log.jsonl"), ("--output",)),
)
_ENDS = {"--frames", "--seconds"}
"""One of them must stay as it is in `_RUN`."""

_text = st.sampled_from(HOSTILE) | st.text(max_size=12)
# No folder but the input's own may be written to.
WORDS: st.SearchStrategy[str] = _text.map(
    lambda text: os.fsdecode(text.encode("utf-8", "surrogatepass")).replace("\0", "").replace("/", "")
)
_address = st.sampled_from([one for one in HOSTILE if "//" in one])
_value: st.SearchStrategy[str] = st.one_of(WORDS, WORDS, _address, st.integers().map(str), st.floats().map(str))
_json: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | _text | st.just(10**400),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_text, inner, max_size=4),
    max_leaves=6,
)


def options(first: int, count: int) -> list[FuzzInput]:
    """Options of `run` and arguments of other commands, with any value."""
    pairs = st.lists(st.tuples(st.sampled_from(_RUN_OPTIONS), _value), min_size=1, max_size=2)
    ending = pairs.filter(lambda chosen: not {name for name, _ in chosen} >= _ENDS)
    of_run = ending.map(lambda chosen: (*_RUN, *(word for pair in chosen for word in pair)))
    of_others = st.builds(lambda command, value: (*command, value), st.sampled_from(_OTHER_COMMANDS), _value)
    return [FuzzInput("option values", arguments) for arguments in examples(of_run | of_others, first, count)]


def configs(first: int, count: int) -> list[FuzzInput]:
    """TOML files for `--config`."""
    # JSON's values are TOML's, but for null.
    value = _json.map(lambda value: json.dumps(value).replace("null", '""')) | _text
    deep = st.sampled_from(
        ("[" * 5000, "[" * 200 + "]" * 200, "{a=" * 3000, "1979-05-27T07:32:00Z", "9" * 5000, "1e400")
    )
    name = st.sampled_from([one.strip("-") for one in _RUN_OPTIONS]) | _text
    line = st.builds("{} = {}".format, name, value | deep) | st.builds("[{}]".format, name)
    files = st.lists(line, min_size=1, max_size=4).map(lambda lines: "\n".join(lines).replace("/", ""))
    return [
        FuzzInput("TOML", (*_RUN, "--config", "run.toml"), {"run.toml": _encode(text)})
        for text in examples(files, first, count)
    ]


def tables(first: int, count: int) -> list[FuzzInput]:
    """CSV files: FER2013's, votes, cells changed or added."""
    cell = st.tuples(st.integers(0, 9), st.integers(0, 3), _value)
    changes = st.tuples(st.booleans(), st.lists(cell, min_size=1, max_size=4))
    return [_table(is_votes, cells) for is_votes, cells in examples(changes, first, count)]


def zip_names(first: int, count: int) -> list[FuzzInput]:
    """Data sets in zips whose members have any name."""
    part = st.sampled_from(("images", "train", "validation", "test", "happy", "sad", "Happy ", "..", "", "a.png"))
    end = st.sampled_from(("", "/", ".png", ".jpg", "\0.png"))
    name = st.builds(lambda parts, end: "/".join(parts) + end, st.lists(part | _text, min_size=1, max_size=5), end)
    content = st.sampled_from((b"", b"\0", *list(materials.faces().values())[:3]))
    members = st.dictionaries(
        name.map(lambda text: _encode(text).decode(errors="replace")), content, min_size=1, max_size=4
    )
    return [
        FuzzInput(
            "names in a zip", (*materials.READ_FACES, "faces.zip"), {"faces.zip": materials.zip_of({**known, **more})}
        )
        for known in (materials.faces(),)
        for more in examples(members, first, count)
    ]


def cards(first: int, count: int) -> list[FuzzInput]:
    """Model files whose card has other values in it."""
    facts = json.loads(materials.shipped_card().to_json())
    paths = [(name,) for name in facts] + [(outer, name) for outer in ("input", "crop") for name in facts[outer]]
    change = st.lists(st.tuples(st.sampled_from(paths), _json), min_size=1, max_size=2)
    texts = change.map(lambda changes: json.dumps(_changed(facts, changes)))
    raw = st.sampled_from(("[" * 100_000, "{}", "[]", "null", '{"schema_version": NaN}', "9" * 5000)) | _text
    command = st.sampled_from((("info", "model.tflite"), (*_RUN, "--model", "model.tflite")))
    return [
        FuzzInput("model cards", arguments, {"model.tflite": _with_card(_encode(text))})
        for text, arguments in examples(st.tuples(texts | texts | texts | raw, command), first, count)
    ]


def run_folders(first: int, count: int) -> list[FuzzInput]:
    """Folders of training runs whose settings have other values in them."""
    from fer_edge.training.recipe import Recipe

    known = {"data": "synthetic", "recipe": asdict(Recipe()), "schema_version": 1}
    paths = [(name,) for name in known] + [("recipe", name) for name in asdict(Recipe())]
    change = st.lists(st.tuples(st.sampled_from(paths), _json), min_size=1, max_size=2)
    texts = change.map(lambda changes: json.dumps(_changed(known, changes), default=str))
    return [
        FuzzInput("run folders", ("train", "--resume", "--output", "run"), {"run/settings.json": _encode(text)})
        for text in examples(texts | _text, first, count)
    ]


def class_folders(first: int, count: int) -> list[FuzzInput]:
    """Folders of pictures with a folder for each class, whose names and files are anything."""
    usable = WORDS.filter(lambda name: name not in ("", ".", "..") and len(os.fsencode(name)) < 250)
    content = st.sampled_from((b"", b"\xff\xd8\xff", *list(materials.faces().values())[:3]))
    file = st.builds(lambda stem, end: stem[:40] + end, usable, st.sampled_from((".png", ".jpg", ".heic", "")))
    folders = st.dictionaries(st.tuples(usable, file), content, max_size=4)
    command = st.sampled_from((("check",), ("check", "--json"), ("split", "--output", "out", "--by", "copies")))
    known = {f"all/{name.split('/', 2)[2]}": picture for name, picture in materials.faces().items()}
    return [
        FuzzInput(
            "class folders",
            ("data", *options, "all"),
            {**known, **{f"all/{'/'.join(name)}": picture for name, picture in more.items()}},
        )
        for options, more in examples(st.tuples(command, folders), first, count)
    ]


def groups(first: int, count: int) -> list[FuzzInput]:
    """Tables for `evaluate --groups` and `data split --people`, cells changed or added."""
    names = [name for name in materials.faces() if "/validation/" in name]
    cell = st.tuples(st.integers(0, len(names)), st.integers(0, 2), _value)
    changes = st.tuples(st.booleans(), st.lists(cell, min_size=1, max_size=4))
    return [_groups(names, is_people, cells) for is_people, cells in examples(changes, first, count)]


def new_options(first: int, count: int) -> list[FuzzInput]:
    """Options of `notice`, `run --keep`, `data collect`, `data split`, `predict` and `analyze`, with any value."""
    commands = st.sampled_from(_NEW_OPTIONS)
    values = st.lists(_value | st.sampled_from(("30 days", "1h", "20%", "none", "a.html")), min_size=3, max_size=3)
    return [
        FuzzInput("new options", (*fixed, *(word for pair in zip(names, given, strict=False) for word in pair)), files)
        for files in ({"log.jsonl": materials.log(), "faces/happy/a.png": next(iter(materials.faces().values()))},)
        for (fixed, names), given in examples(st.tuples(commands, values), first, count)
    ]


def examples(strategy: st.SearchStrategy[T], first: int, count: int) -> list[T]:
    """Draw values; the same seed `first` gives the same ones."""
    drawn: list[T] = []

    @seed(first)
    @settings(
        max_examples=count,
        database=None,
        deadline=None,
        phases=(Phase.generate,),
        suppress_health_check=list(HealthCheck),
        verbosity=Verbosity.quiet,
    )
    @given(strategy)
    def collect(value: T) -> None:
        drawn.append(value)

    collect()
    return drawn


def _table(is_votes: bool, cells: list[tuple[int, int, str]]) -> FuzzInput:
    if is_votes:
        header = ["image", "neutral", "happy", "surprise", "sad", "angry", "disgust", "fear"]
        rows = [header, *([name, *"1203004"] for name in materials.faces())]
        arguments: tuple[str, ...] = ("evaluate", "--data", "faces.zip", "--votes", "table.csv")
    else:
        rows = [list(row) for row in materials.fer2013_rows()]
        arguments = (*materials.READ_FACES, "table.csv")
    for row, column, value in cells:
        rows[row][column:] = [value, *rows[row][column + 1 :]]
    files = {"table.csv": materials.csv_of(rows)}
    return FuzzInput("CSV", arguments, {**files, "faces.zip": materials.faces_zip()} if is_votes else files)


def _groups(names: list[str], is_people: bool, cells: list[tuple[int, int, str]]) -> FuzzInput:
    column = "person" if is_people else "group"
    rows = [["image", column], *([name.split("/", 2)[2], "ab"[i % 2]] for i, name in enumerate(names))]
    for row, place, value in cells:
        rows[row][place:] = [value, *rows[row][place + 1 :]]
    files = {"table.csv": materials.csv_of(rows)}
    if not is_people:
        arguments: tuple[str, ...] = ("evaluate", "--data", "faces.zip", "--groups", "table.csv", "--json")
        return FuzzInput("groups", arguments, {**files, "faces.zip": materials.faces_zip()})
    known = {f"all/{name.split('/', 2)[2]}": materials.faces()[name] for name in names}
    arguments = ("data", "split", "all", "--output", "out", "--by", "person", "--people", "table.csv")
    return FuzzInput("groups", arguments, {**files, **known})


def _changed(facts: dict[str, Any], changes: Sequence[tuple[tuple[str, ...], Any]]) -> dict[str, Any]:
    changed: dict[str, Any] = json.loads(json.dumps(facts, default=str))
    for path, value in changes:
        place = changed
        for name in path[:-1]:
            place = place[name] if isinstance(place.get(name), dict) else {}
        place[path[-1]] = value
    return changed


def _with_card(text: bytes) -> bytes:
    return materials.tflite_model() + materials.zip_of({TFLITE_CARD_MEMBER: text})


def _encode(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")
