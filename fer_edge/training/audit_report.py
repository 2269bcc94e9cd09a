"""What an audit leaves behind: a table, sheets of faces, and a list for a person to review. No TensorFlow."""

from __future__ import annotations

import csv
import io
from pathlib import Path

from fer_edge.files import write_atomic
from fer_edge.labels import EXPRESSIONS
from fer_edge.training.audit import Audit, Suspect
from fer_edge.training.contact_sheet import Tile, arrange, arrange_groups, draw_sheets
from fer_edge.training.leave_out import format_list

LIST_NAME = "leave-out.txt"

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


def write_audit(audit: Audit, folder: Path, *, data: str, worst: int) -> list[Path]:
    """Write suspects.csv, the contact sheet, the sheet of disagreeing copies and leave-out.txt.

    Args:
        audit: What was found.
        folder: Where to.
        data: The data set's name.
        worst: How many of the worst labels to show and to list, besides what the images themselves speak against.

    Returns:
        What was written, the list last.
    """
    table, sheet, copies_sheet, names = audit_paths(folder)
    write_atomic(table, _table(audit))
    tiles = [_suspect_tile(audit, suspect) for suspect in audit.suspects[:worst]]
    title = f"{data}, training split: the {len(tiles):,} least likely labels of {len(audit.suspects):,} in doubt"
    sheets = draw_sheets(arrange(tiles), sheet, title=title)
    copies = draw_sheets(
        arrange_groups(_group_tiles(audit)),
        copies_sheet,
        title=f"{data}, training split: {len(audit.groups):,} pictures whose copies disagree, with the outvoted in red",
    )
    write_atomic(names, _list(audit, data, worst))
    return [table, *sheets, *copies, names]


def audit_paths(folder: Path) -> tuple[Path, Path, Path, Path]:
    """The files of an audit in `folder`: the table, the first page of each sheet, the list."""
    return folder / "suspects.csv", folder / "contact-sheet.png", folder / "duplicates.png", folder / LIST_NAME


def _table(audit: Audit) -> str:
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(_COLUMNS)
    for suspect in audit.suspects:
        writer.writerow(
            (
                suspect.rank,
                audit.split.names[suspect.index],
                EXPRESSIONS[suspect.label],
                EXPRESSIONS[suspect.predicted],
                *(f"{value:.4f}" for value in (suspect.label_probability, suspect.predicted_probability)),
                *(f"{value:.4f}" for value in (suspect.margin, suspect.loss)),
                suspect.dissent,
                audit.judges,
                "; ".join(reason.value for reason in suspect.reasons),
                suspect.group or "",
            )
        )
    return text.getvalue()


def _suspect_tile(audit: Audit, suspect: Suspect) -> Tile:
    caption = (
        f"{suspect.rank}  {EXPRESSIONS[suspect.label]} {_percent(suspect.label_probability)}",
        f"judged {EXPRESSIONS[suspect.predicted]} {_percent(suspect.predicted_probability)}",
    )
    return Tile(audit.split.images[suspect.index], caption)


def _group_tiles(audit: Audit) -> list[list[Tile]]:
    outvoted = {suspect.index for suspect in audit.suspects if suspect.outvoted}
    return [
        [
            Tile(
                audit.split.images[index],
                (
                    f"{number}  {EXPRESSIONS[audit.split.labels[index]]}",
                    f"judged {EXPRESSIONS[audit.scores[index].argmax()]} {_percent(audit.scores[index].max())}",
                ),
                marked=int(index) in outvoted,
            )
            for index in members
        ]
        for number, members in enumerate(audit.groups, start=1)
    ]


def _list(audit: Audit, data: str, worst: int) -> str:
    heading = (
        f"Training images of {data} whose labels are in doubt, the worst first.",
        "",
        "Review it before use: find each rank on contact-sheet.png, each duplicate on duplicates.png, and delete",
        "the lines of images whose label is right. Difficult is not wrong.",
        "",
        f"Then: fer-edge train --leave-out {LIST_NAME}",
    )
    return format_list(heading, ((audit.split.names[one.index], _remark(one)) for one in audit.worst(worst)))


def _remark(suspect: Suspect) -> str:
    judged = (
        f"{suspect.rank}: {EXPRESSIONS[suspect.label]} {_percent(suspect.label_probability)}, "
        f"judged {EXPRESSIONS[suspect.predicted]} {_percent(suspect.predicted_probability)}"
    )
    if suspect.outvoted:
        return f"{judged}, outvoted in duplicate {suspect.group}"
    return f"{judged}, a constant image" if suspect.certain else judged


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %"
