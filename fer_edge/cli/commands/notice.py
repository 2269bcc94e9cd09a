"""`fer-edge notice`."""

from __future__ import annotations

from pathlib import Path

import click

from fer_edge.cli.messages import print_line
from fer_edge.errors import InputError, MissingExtraError
from fer_edge.files import write_atomic
from fer_edge.notice.text import Notice, Pictures

_SUFFIXES = (".html", ".md", ".txt")


@click.command()
@click.option("--operator", metavar="NAME", required=True, help="Who is responsible: a person, firm or club.")
@click.option("--contact", metavar="TEXT", required=True, help="How to reach them: a desk, mail address or number.")
@click.option("--place", metavar="TEXT", default="this room", show_default=True, help="What the camera sees.")
@click.option("--purpose", metavar="TEXT", required=True, help='What it is for, after "to": "open the exhibit".')
@click.option(
    "--pictures",
    type=click.Choice([each.value for each in Pictures]),
    default=Pictures.NONE.value,
    show_default=True,
    help="Whether pictures are sent or stored: as with --privacy none, shown on a page, or stored.",
)
@click.option(
    "--kept",
    metavar="TIME",
    default="",
    help='How long what is written is kept, such as "30 days".  [default: nothing is stored]',
)
@click.option("--url", metavar="URL", help="Address for the QR code.  [default: the code holds the text in short]")
@click.option(
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    default=Path("notice.html"),
    show_default=True,
    help="File to write: .html to print, .md or .txt.",
)
def command(
    operator: str, contact: str, place: str, purpose: str, pictures: str, kept: str, url: str | None, output: Path
) -> None:
    """Write a notice to hang at the door, for the people whom the camera sees.

    Have somebody check it who knows the law of the place: this is no legal advice.

    \b
    fer-edge notice --operator "Museum of Play" --contact desk@museum.example --purpose "open the exhibit"
    """
    suffix = output.suffix.lower()
    if suffix not in _SUFFIXES:
        raise InputError(f"--output {output}: expected a name that ends in {', '.join(_SUFFIXES)}")
    if Pictures(pictures) is Pictures.STORED and not kept:
        raise InputError("--kept: expected how long the stored pictures are kept, such as --kept '30 days'")
    notice = Notice(operator, contact, place, purpose, Pictures(pictures), kept)
    plain = notice.as_markdown if suffix == ".md" else notice.as_text
    write_atomic(output, _as_page(notice, url) if suffix == ".html" else plain())
    print_line(f"written: {output}", to_stderr=True)


def _as_page(notice: Notice, url: str | None) -> str:
    try:
        from fer_edge.notice.sheet import as_html
    except ImportError as error:
        raise MissingExtraError("a QR code", "notice", str(error)) from error
    return as_html(notice, url)
