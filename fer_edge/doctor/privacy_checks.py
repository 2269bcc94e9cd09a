"""Check of whether pictures leave the service's process or a running `fer-edge run`, and to whom."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from fer_edge.cards.responsible_use import RESPONSIBLE_USE_PAGE
from fer_edge.doctor.finding import Finding, ok, warning
from fer_edge.errors import InputError
from fer_edge.runtime.outflow import outflows
from fer_edge.service.unit import CONFIG_FILE
from fer_edge.service.unit import NAME as SERVICE
from fer_edge.toml_file import read_toml

_NAME = "privacy"
_CONFIG = "config"
_OPTIONS = ("preview", "output", "mqtt", "jsonl", "csv", _CONFIG)
_FLAGS = ("privacy",)
_SERVICES_COPY = f"/run/credentials/{SERVICE}/"
"""Folder of the copy of its configuration that systemd gives the service."""

_BROKER = "FER_EDGE_MQTT"
"""Variable that `fer-edge run` takes the broker from, as its address may hold a password."""

_ADVICE = f"add --privacy (privacy = true) to send no picture, and inform who is seen: {RESPONSIBLE_USE_PAGE}"


def check_privacy(root: Path = Path("/"), processes: Path = Path("/proc")) -> Iterator[Finding]:
    """Check what leaves the service, by its configuration, and what leaves each running `fer-edge run`.

    Args:
        root: Root of the file system.
        processes: Folder of the system's processes, as Linux has it.
    """
    found = [*_service(root / CONFIG_FILE), *_running(processes)]
    yield from found or [ok(_NAME, "no service is set up and nothing runs; run sends pictures only where told to")]


def _service(config: Path) -> Iterator[Finding]:
    try:
        if config.exists():
            yield _judge("the service", read_toml(config))
    except PermissionError:
        yield warning(_NAME, f"the service: {config} is root's alone", "to see what leaves it: sudo fer-edge doctor")
    except (InputError, OSError) as error:
        yield warning(_NAME, f"the service: {error}", f"mend {config}")


def _running(processes: Path) -> Iterator[Finding]:
    for folder in sorted(processes.glob("[0-9]*"), key=lambda each: int(each.name) if each.name.isdecimal() else 0):
        try:
            words = _read_words(folder / "cmdline")
        except OSError:  # it has ended, or is another user's
            continue
        if _is_run(words) and not any(_SERVICES_COPY in word for word in words):  # its configuration is judged already
            yield _judge_process(folder, parse_run(words))


def _judge_process(folder: Path, given: dict[str, Any]) -> Finding:
    """Judge a process by its command line, its environment and the file that its `--config` names."""
    who, config = f"process {folder.name}", given.pop(_CONFIG, None)
    try:
        stated = {} if config is None else read_toml(folder / "cwd" / config)
        return _judge(who, {**stated, **_broker_of(folder), **given})
    except (InputError, OSError) as error:
        known = "".join(f"{way.text}; " for way in outflows(given))
        return warning(_NAME, f"{who}: {known}what else leaves it is not known: {error}", "run sudo fer-edge doctor")


def _broker_of(folder: Path) -> dict[str, str]:
    variables = dict(word.split("=", 1) for word in _read_words(folder / "environ") if "=" in word)
    return {"mqtt": variables[_BROKER]} if variables.get(_BROKER) else {}


def _read_words(file: Path) -> list[str]:
    return file.read_bytes().decode(errors="replace").split("\0")


def _is_run(words: list[str]) -> bool:
    """Return whether a command line is that of `fer-edge run`, or of `python -m fer_edge run`."""
    names = [Path(word).name for word in words]
    return any(name in ("fer-edge", "fer_edge") and words[i + 1 : i + 2] == ["run"] for i, name in enumerate(names))


def parse_run(words: list[str]) -> dict[str, Any]:
    """Return the options in a command line that decide what leaves the process, by their names."""
    settings: dict[str, Any] = {name: True for name in _FLAGS if f"--{name}" in words}
    for i, word in enumerate(words):
        option, sign, value = word.partition("=")
        name = option.removeprefix("--")
        if option.startswith("--") and name in _OPTIONS:
            settings[name] = value if sign else next(iter(words[i + 1 : i + 2]), "")
    return settings


def _judge(who: str, settings: Mapping[str, Any]) -> Finding:
    ways = outflows(settings)
    detail = f"{who}: {'; '.join(way.text for way in ways)}" if ways else f"{who}: nothing leaves the process"
    if ways and not any(way.has_pictures for way in ways):
        detail += "; no picture leaves the process"
    facts = {"pictures_leave": any(way.has_pictures for way in ways), "ways": [way.text for way in ways]}
    if any(way.has_pictures and way.reaches_others for way in ways):
        return warning(_NAME, detail, _ADVICE, **facts)
    return ok(_NAME, detail, **facts)
