"""The notice's words, as plain text and Markdown."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

TITLE = "A camera here names facial expressions"


class Pictures(str, Enum):
    """Use of the camera's pictures."""

    NONE = "none"
    SHOWN = "shown"
    STORED = "stored"


_OF_PICTURES = {
    Pictures.NONE: "No picture is stored, and none leaves the computer that the camera is connected to.",
    Pictures.SHOWN: "Pictures are shown on a screen or page of ours while you are seen. They are not stored.",
    Pictures.STORED: "Pictures are stored.",
}


@dataclass(frozen=True)
class Notice:
    """Facts of a notice.

    Attributes:
        operator: Person or body that is responsible.
        contact: Address at which to reach them.
        place: Place that the camera sees.
        purpose: Purpose, as it follows "to".
        pictures: Use of the pictures.
        kept: Time for which records are kept, such as `30 days`; empty if nothing is stored.
    """

    operator: str
    contact: str
    place: str
    purpose: str
    pictures: Pictures = Pictures.NONE
    kept: str = ""

    def paragraphs(self) -> Iterator[tuple[str, str]]:
        """Yield pairs of a heading and a paragraph."""
        yield (
            "What it does",
            f"A program looks at {self.place} to {self.purpose}. It names the expression that people would see in the "
            "picture of a face, such as a smile, and is often wrong. It does not know who you are, and it cannot know "
            "what you feel, think or intend.",
        )
        yield "What is stored", f"{_OF_PICTURES[self.pictures]} {self._records()}"
        yield "Who is responsible", f"{self.operator}, {self.contact}"
        yield (
            "What you can do",
            "You need not be seen: ask us, and we show you another way or turn it off. You may ask what is stored and "
            f"have it deleted, and complain to your data protection authority. Contact: {self.contact}.",
        )
        yield (
            "Why this sheet hangs here",
            "In the European Union, people who are exposed to a system that recognizes emotions are to be informed "
            "(Regulation (EU) 2024/1689, Art. 50(3)).",
        )

    def in_short(self) -> str:
        """Return the essentials in some 300 letters, few enough for a QR code that a phone reads at the door."""
        stored = "no picture stored or sent" if self.pictures is Pictures.NONE else f"pictures {self.pictures.value}"
        kept = f", records kept {self.kept}" if self.kept else ""
        return (
            f"{TITLE}. It sees {self.place} to {self.purpose}; {stored}{kept}. It does not know who you are or what "
            f"you feel. You may object. {self.operator}, {self.contact}"
        )

    def as_text(self) -> str:
        """Return the notice as plain text."""
        return "\n\n".join([TITLE, *(f"{heading}: {text}" for heading, text in self.paragraphs())]) + "\n"

    def as_markdown(self) -> str:
        """Return the notice as Markdown."""
        parts = (f"## {heading}\n\n{text}" for heading, text in self.paragraphs())
        return "\n\n".join([f"# {TITLE}", *parts]) + "\n"

    def _records(self) -> str:
        if not self.kept:
            return "Nothing else is stored either." if self.pictures is Pictures.NONE else "Nothing else is stored."
        return f"The time, place in the picture and name of each expression are kept for {self.kept}, then deleted."
