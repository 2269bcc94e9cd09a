"""HTML and SVG as a tree of elements, so that all text is escaped."""

from __future__ import annotations

from xml.etree import ElementTree

Element = ElementTree.Element
Child = Element | str | None


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


def _append_text(element: Element, text: str) -> None:
    if len(element):
        element[-1].tail = (element[-1].tail or "") + text
    else:
        element.text = (element.text or "") + text


def _name(key: str) -> str:
    return key.removesuffix("_").replace("_", "-")


def _value(value: str | float) -> str:
    return value if isinstance(value, str) else f"{round(value, 2):g}"
