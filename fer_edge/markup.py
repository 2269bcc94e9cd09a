"""HTML and SVG as a tree of elements, so that all text is escaped, and pages that need no network."""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path
from xml.etree import ElementTree

Element = ElementTree.Element
Child = Element | str | None

_SHARED_CSS = Path(__file__).with_name("markup.css")


def tag(name: str, /, *children: Child, **attributes: str | float | None) -> Element:
    """Return an element.

    Args:
        name: Tag in HTML or SVG.
        children: Elements and text; `None` is skipped.
        attributes: Attributes, with `class_` for class and `aria_label` for aria-label; `None` is skipped.
    """
    element = Element(name, {_name(key): _value(value) for key, value in attributes.items() if value is not None})
    for child in children:
        if isinstance(child, str):
            _append_text(element, child)
        elif child is not None:
            element.append(child)
    return element


def render(element: Element) -> str:
    """Return the element as HTML; as HTML requires, text in a `script` or `style` is not escaped."""
    return ElementTree.tostring(element, encoding="unicode", method="html")


def html_page(title: str, css: str, body: Element, *, script: str = "") -> str:
    """Return a page that loads nothing and runs nothing but `script`, whatever a name in it contains.

    Args:
        title: Title of the window.
        css: The page's style sheet, which follows markup.css.
        body: `body` element.
        script: JavaScript to run once the page is loaded.
    """
    policy = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
    if script:
        digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
        policy += f"; script-src 'sha256-{digest}'"
        body.append(tag("script", script))
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", name="color-scheme", content="light dark"),
        tag("meta", http_equiv="Content-Security-Policy", content=policy),
        tag("title", title),
        tag("style", _SHARED_CSS.read_text(encoding="utf-8") + css),
    )
    return "<!doctype html>\n" + render(tag("html", head, body, lang="en")) + "\n"


def _append_text(element: Element, text: str) -> None:
    if len(element):
        element[-1].tail = (element[-1].tail or "") + text
    else:
        element.text = (element.text or "") + text


def _name(key: str) -> str:
    return key.removesuffix("_").replace("_", "-")


def _value(value: str | float) -> str:
    return value if isinstance(value, str) else f"{round(value, 2):g}"
