"""`fer-edge doctor`."""

from __future__ import annotations

import dataclasses
import json
import shutil
import sys
import textwrap
from collections import Counter

import click

from fer_edge import __version__
from fer_edge.doctor.checks import run_checks
from fer_edge.doctor.finding import Finding, Outcome

_FAULTS = (Outcome.WARNING, Outcome.FAILURE)
_COLOURS = {Outcome.OK: "green", Outcome.WARNING: "yellow", Outcome.FAILURE: "red"}
_NAME_COLUMNS = 12
_INDENT = 8 + 1 + _NAME_COLUMNS + 1
_LEAST_COLUMNS = 20
"""Least width of a finding's text beside its name; in a narrower terminal the text goes below."""


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print a JSON object instead of lines.")
@click.pass_context
def command(ctx: click.Context, as_json: bool) -> None:
    """Check the board, the installation and the cameras, and say what to do about each fault.

    The exit code is 1 if something does not work, and 0 if there are warnings only.

    \b
    With --json:
      version   version of fer-edge
      ok        whether there is no failure
      checks    array, in a fixed order
        name      what was checked: system, bits, python, numpy, model, ...
        outcome   "ok", "warning" or "failure"
        detail    what was found
        advice    what to do; "" for nothing
        facts     detail as an object, such as {"temperature_c": 51.5}
    """
    findings = []
    for finding in run_checks():
        findings.append(finding)
        if not as_json:
            _print_finding(finding)
    counts = Counter(finding.outcome for finding in findings)
    if as_json:
        checks = [dataclasses.asdict(finding) for finding in findings]
        click.echo(json.dumps({"version": __version__, "ok": not counts[Outcome.FAILURE], "checks": checks}))
    else:
        faults = (f"{counts[each]} {each.value}{'s' * (counts[each] != 1)}" for each in _FAULTS)
        click.echo(f"\n{counts[Outcome.OK]} ok, {', '.join(faults)}")
    ctx.exit(1 if counts[Outcome.FAILURE] else 0)


def _print_finding(finding: Finding) -> None:
    outcome = click.style(f"{finding.outcome.value:<8}", fg=_COLOURS[finding.outcome])
    click.echo(f"{outcome} {finding.name:<{_NAME_COLUMNS}} {_wrap(finding.detail)}")
    if finding.advice:
        click.echo(f"{'':{_INDENT}}{_wrap(f'-> {finding.advice}')}")


def _wrap(text: str) -> str:
    """Wrap to the terminal's width with a hanging indent; a file gets one line."""
    if not sys.stdout.isatty():
        return text
    columns = shutil.get_terminal_size().columns
    is_narrow = columns < _INDENT + _LEAST_COLUMNS
    indent = 1 if is_narrow else _INDENT
    lines = textwrap.wrap(text, max(columns - indent, 1), break_long_words=False, break_on_hyphens=False)
    return f"\n{'':{indent}}".join(["", *lines] if is_narrow else lines)
