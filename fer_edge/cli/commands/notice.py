"""`fer-edge notice`."""

from __future__ import annotations

from pathlib import Path

import click

from fer_edge.cli.parameters import TEXT
from fer_edge.errors import InputError, MissingExtraError
from fer_edge.files import write_atomic
from fer_edge.notice.text import Notice, Pictures
from fer_edge.terminal.consoles import print_line, stderr

_SUFFIXES = (".html", ".md", ".txt")


@click.command()
@click.option("--operator", type=TEXT, metavar="NAME", required=True, help="Person, firm or club that is responsible.")
@click.option(
    "--contact", type=TEXT, metavar="TEXT", required=True, help="Desk, mail address or number at which to reach them."
)
@click.option(
    "--place", type=TEXT, metavar="TEXT", default="this room", show_default=True, help="Place that the camera sees."
)
@click.option(
    "--purpose", type=TEXT, metavar="TEXT", required=True, help='Purpose, as it follows "to": "open the exhibit".'
)
@click.option(
    "--pictures",
    type=click.Choice([each.value for each in Pictures]),
    default=Pictures.NONE.value,
    show_default=True,
    help="Use of the pictures: none are sent or stored (--privacy), shown on a page, or stored.",
)
@click.option(
    "--kept",
    type=TEXT,
    metavar="TIME",
    default="",
    help='Time for which records are kept, such as "30 days".  [default: nothing is stored]',
)
@click.option(
    "--url", type=TEXT, metavar="URL", help="Address for the QR code.  [default: the code holds the text in short]"
)
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
    fer-edge notice --operator "Museum of Play" --contact desk@museum.example
    fer-edge notice --operator "Museum of Play" --contact desk@museum.example \\
        --purpose "open the exhibit"
    """
    suffix = output.suffix.lower()
    if suffix not in _SUFFIXES:
        raise InputError(f"--output {output}: expected a name that ends in {', '.join(_SUFFIXES)}")
    if Pictures(pictures) is Pictures.STORED and not kept:
        raise InputError("--kept: expected the time for which stored pictures are kept, such as --kept '30 days'")
    notice = Notice(operator, contact, place, purpose, Pictures(pictures), kept)
    plain = notice.as_markdown if suffix == ".md" else notice.as_text
    write_atomic(output, _as_page(notice, url) if suffix == ".html" else plain())
    print_line(f"written: {output}", stderr())


def _as_page(notice: Notice, url: str | None) -> str:
    try:
        from fer_edge.notice.sheet import as_html
    except ImportError as error:
        raise MissingExtraError("a QR code", "notice", str(error)) from error
    return as_html(notice, url)
