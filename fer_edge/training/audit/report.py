"""Report of an audit: table, contact sheets, and a list to review. No TensorFlow."""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path

from fer_edge.dataset.leave_out import format_list
from fer_edge.files import write_atomic
from fer_edge.training.audit.by_votes import Contradiction, commonest_contradictions
from fer_edge.training.audit.contact_sheet import COLUMNS, ROWS, Tile, arrange, arrange_groups, draw_sheets
from fer_edge.training.audit.suspects import Audit, Suspect

LIST_NAME = "leave-out.txt"

CONTRADICTION = "labelled-"
"""Beginning of the names of contact sheets of a label and people's answer."""

_COLUMNS = (
    "rank",
    "name",
    "label",
    "predicted",
    "label_probability",
    "predicted_probability",
    "margin",
    "loss",
    "dissent",
    "judges",
    "reasons",
    "duplicate_group",
)

_MOST_COUNTED = 99
"""Most people whose votes are shown as a count, which must fit below a face."""

CONTRADICTIONS = 8
"""Number of contact sheets of a label and people's answer, the commonest first."""


def write_audit(audit: Audit, folder: Path, *, data: str, worst: int) -> list[Path]:
    """Write suspects.csv, the contact sheet, the sheet of disagreeing copies and leave-out.txt.

    An audit by votes also gets a sheet for each of the commonest contradictions.

    Args:
        audit: Result of the audit.
        folder: Folder of the report.
        data: Name of the data set.
        worst: Number of the worst labels to show and list; labels that the images themselves contradict are added.

    Returns:
        Files of the report, the list last.
    """
    table, sheet, copies_sheet, names = audit_paths(folder)
    write_atomic(table, _table(audit))
    tiles = [_suspect_tile(audit, suspect) for suspect in audit.suspects[:worst]]
    kind = "clearest of people's objections" if audit.judgement.by_people else "least likely labels"
    title = f"{data}, training split: the {len(tiles):,} {kind}, of {len(audit.suspects):,} labels in doubt"
    sheets = draw_sheets(arrange(tiles), sheet, title=title)
    copies = draw_sheets(
        arrange_groups(_group_tiles(audit)),
        copies_sheet,
        title=f"{data}, training split: {len(audit.groups):,} pictures whose copies disagree, with the outvoted in red",
    )
    contradictions = _draw_contradictions(audit, folder, data)
    write_atomic(names, _list(audit, data, worst))
    return [table, *sheets, *contradictions, *copies, names]


def audit_paths(folder: Path) -> tuple[Path, Path, Path, Path]:
    """Return the files of a report in `folder`: the table, the first page of each sheet, the list."""
    return folder / "suspects.csv", folder / "contact-sheet.png", folder / "duplicates.png", folder / LIST_NAME


def _table(audit: Audit) -> str:
    text = io.StringIO()
    writer = csv.writer(text)
    votes = audit.split.votes
    writer.writerow((*_COLUMNS, *(votes.choices if votes else ())))
    for suspect in audit.suspects:
        writer.writerow(
            (
                suspect.rank,
                audit.split.names[suspect.index],
                audit.split.classes[suspect.label],
                _choices(audit)[suspect.predicted] if audit.judgement.judges[suspect.index] else "",
                *(f"{value:.4f}" for value in (suspect.label_probability, suspect.predicted_probability)),
                *(f"{value:.4f}" for value in (suspect.margin, suspect.loss)),
                suspect.dissent,
                audit.judgement.judges[suspect.index],
                "; ".join(reason.value for reason in suspect.reasons),
                suspect.group or "",
                *(votes.counts[suspect.index] if votes else ()),
            )
        )
    return text.getvalue()


def _choices(audit: Audit) -> tuple[str, ...]:
    """Return the names of the answers: the classes, and with people's votes, what else they could answer."""
    return audit.split.votes.choices if audit.split.votes else audit.split.classes


def _suspect_tile(audit: Audit, suspect: Suspect) -> Tile:
    label = f"{suspect.rank}  {audit.split.classes[suspect.label]}"
    if audit.judgement.judges[suspect.index]:
        label = f"{label} {_share(audit, suspect.index, suspect.label)}"
    return Tile(audit.split.images[suspect.index], (label, _answer(audit, suspect.index)))


def _group_tiles(audit: Audit) -> list[list[Tile]]:
    outvoted = {suspect.index for suspect in audit.suspects if suspect.outvoted}
    return [
        [
            Tile(
                audit.split.images[index],
                (f"{number}  {audit.split.classes[audit.split.labels[index]]}", _answer(audit, int(index))),
                marked=int(index) in outvoted,
            )
            for index in members
        ]
        for number, members in enumerate(audit.groups, start=1)
    ]


def _draw_contradictions(audit: Audit, folder: Path, data: str) -> list[Path]:
    """Draw a page of each of the commonest contradictions, and remove those of an earlier audit."""
    for old in folder.glob(f"{CONTRADICTION}*-seen-*.png"):
        old.unlink()
    if not audit.judgement.by_people:
        return []
    pages = []
    for contradiction in commonest_contradictions(audit, CONTRADICTIONS):
        label, answer = audit.split.classes[contradiction.label], _choices(audit)[contradiction.answer]
        shown = contradiction.suspects[: COLUMNS * ROWS]
        pages += draw_sheets(
            arrange([_suspect_tile(audit, suspect) for suspect in shown]),
            folder / f"{CONTRADICTION}{_word(label)}-seen-{_word(answer)}.png",
            title=f"{data}, training split: labelled {label}, seen {answer}{_extent(contradiction, len(shown))}",
        )
    return pages


def _word(name: str) -> str:
    """Return a class's name as part of a file's name."""
    return re.sub(r"[^\w.]+", "-", name)


def _extent(contradiction: Contradiction, shown: int) -> str:
    pictures = len(contradiction.suspects)
    if shown < pictures:
        return f", the {shown} clearest of {pictures:,} pictures"
    return f", {pictures} picture{'s' * (pictures != 1)}"


def _list(audit: Audit, data: str, worst: int) -> str:
    fault = "that people contradict" if audit.judgement.by_people else "in doubt"
    heading = (
        f"Training images of {data} with labels {fault}, the worst first.",
        "",
        "Review it before use: find each rank on contact-sheet.png, each duplicate on duplicates.png, and delete",
        "the lines of images whose label is right. Difficult is not wrong.",
        "",
        f"Then: fer-edge train --leave-out {LIST_NAME}",
    )
    return format_list(heading, ((audit.split.names[one.index], _remark(audit, one)) for one in audit.worst(worst)))


def _remark(audit: Audit, suspect: Suspect) -> str:
    label, answer = _suspect_tile(audit, suspect).caption
    judged = f"{label.replace('  ', ': ', 1)}, {answer}"
    if suspect.outvoted:
        return f"{judged}, outvoted in duplicate {suspect.group}"
    return f"{judged}, a constant image" if suspect.certain else judged


def _answer(audit: Audit, index: int) -> str:
    """Return the judges' answer to an image, in some 20 characters."""
    if not audit.judgement.judges[index]:
        return "no votes"
    answer = int(audit.judgement.scores[index].argmax())
    verb = "seen" if audit.judgement.by_people else "judged"
    return f"{verb} {_choices(audit)[answer]} {_share(audit, index, answer)}"


def _share(audit: Audit, index: int, answer: int) -> str:
    """Return the share of an answer: as a count of a few people's votes, or else in percent."""
    share, people = audit.judgement.scores[index, answer], audit.judgement.judges[index]
    if not audit.judgement.by_people or people > _MOST_COUNTED:
        return f"{share:.0%}"
    return f"{share * people:.0f}/{people}"
