"""HTML and SVG as a tree of elements, so that whatever is put into it comes out escaped."""

from __future__ import annotations

from xml.etree import ElementTree

Element = ElementTree.Element
Child = Element | str | None


def tag(name: str, /, *children: Child, **attributes: str | float | None) -> Element:
    """An element.

    Args:
        name: As HTML or SVG spells it.
        children: Elements and text; `None` is left out.
        attributes: `class_` stands for class and `aria_label` for aria-label; `None` is left out.
    """
    element = Element(name, {_name(key): _value(value) for key, value in attributes.items() if value is not None})
    for child in children:
        if isinstance(child, str):
            _append_text(element, child)
        elif child is not None:
            element.append(child)
    return element


def render(element: Element) -> str:
    """The element as HTML. What is in a `script` or `style` is not escaped, as HTML has it."""
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
