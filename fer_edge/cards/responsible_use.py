"""Sentences on what a classifier of expressions may be used for, for cards, the command line and notices."""

from __future__ import annotations

INTENDED_USE = (
    "Naming the expression that people would see in a picture of a face, for the person who is seen and for others who "
    "know of it and agree: interactive exhibits, games, accessibility, feedback on one's own recordings, research."
)
OUT_OF_SCOPE_USE = (
    "What somebody feels, intends, is fit for or says truthfully: a face does not tell. Decisions about people; "
    "watching employees, pupils or students, which the EU forbids but for medical and safety reasons (Regulation (EU) "
    "2024/1689, Art. 5(1)(f)); people who do not know of it (Art. 50(3)); identification."
)
LIMITATIONS = (
    "A score is about a picture, not about a person, and is often wrong: people themselves disagree on many faces.",
    "Not measured for groups of people, such as by age, gender or skin, unless its results say so; pictures of one "
    "region, age or camera say little about another's.",
)

WHOM_TO_INFORM = (
    "inform everyone whom the camera may see before it runs: say at the door what it does, who is responsible and how "
    "to object (fer-edge notice prints a sheet); at work and in schools such a system is forbidden in the EU but for "
    "medical and safety reasons"
)

RESPONSIBLE_USE_PAGE = "docs/responsible-use.md"
