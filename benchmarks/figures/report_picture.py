"""`python -m benchmarks.figures.report_picture REPORT.html OUT.png`: screenshot of a report for the docs."""

from __future__ import annotations

import shutil
from pathlib import Path

import click
from playwright.sync_api import sync_playwright

from benchmarks.entry import run_command
from fer_edge.errors import InputError
from fer_edge.files import atomic_path

_BROWSERS = ("chromium", "chromium-browser", "google-chrome")


def take_picture(url: str, picture: Path, *, width: int = 1280, height: int = 1500, after_s: float = 0.0) -> None:
    """Write a screenshot of a page, in light colours, some seconds after it was opened.

    It begins at the top of the page, or at the URL's fragment.

    Raises:
        InputError: If Chromium is not installed.
    """
    browser = next(filter(None, map(shutil.which, _BROWSERS)), None)
    if browser is None:
        raise InputError(f"expected a browser ({', '.join(_BROWSERS)}), found none; try: apt install chromium")
    with sync_playwright() as playwright, atomic_path(picture) as temporary:
        # The sandbox does not work for root, as in a container.
        opened = playwright.chromium.launch(executable_path=browser, args=["--no-sandbox"])
        shown = opened.new_page(viewport={"width": width, "height": height}, color_scheme="light")
        shown.goto(url)
        shown.wait_for_timeout(after_s * 1000)
        shown.screenshot(path=temporary)
        opened.close()


@click.command()
@click.argument("page", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.argument("picture", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--width", default=1280, show_default=True, help="Width of the window, CSS pixels.")
@click.option("--height", default=1500, show_default=True, help="Height of the window, CSS pixels.")
@click.option("--section", default="", help="Section to begin at: the part of a link after the #.")
def command(page: Path, picture: Path, width: int, height: int, section: str) -> None:
    """Write a screenshot of the report PAGE to PICTURE, a PNG."""
    take_picture(f"{page.resolve().as_uri()}#{section}", picture, width=width, height=height)


if __name__ == "__main__":
    run_command(command)
