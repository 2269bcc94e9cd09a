from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from fer_edge.training.audit.contact_sheet import COLUMNS, ROWS, Tile, arrange, arrange_groups, draw_sheets


def tiles(count: int) -> list[Tile]:
    return [
        Tile(np.full((48, 48), 20 + i % 180, np.uint8), (f"{i}  happy 1 %", "judged sad 90 %")) for i in range(count)
    ]


@pytest.mark.parametrize(
    ("sizes", "expected"),
    [
        ([], []),
        ([2, 2, 2], ["xx-xx-xx"]),
        ([2, 2, 3], ["xx-xx", "xxx"]),
        ([8, 1], ["xxxxxxxx", "x"]),
        ([10, 2], ["xxxxxxxx", "xx-xx"]),
    ],
)
def test_groups_share_rows_with_gaps(sizes: list[int], expected: list[str]) -> None:
    rows = arrange_groups([tiles(size) for size in sizes])
    assert ["".join("-" if tile is None else "x" for tile in row) for row in rows] == expected


def test_any_name_can_be_drawn(tmp_path: Path) -> None:
    tile = Tile(np.zeros((48, 48), np.uint8), (r"so $\frac$ so", "müde 😴"))
    assert draw_sheets([[tile]], tmp_path / "sheet.png", title="$笑顔$")


@pytest.mark.parametrize(("count", "pages"), [(0, 0), (1, 1), (COLUMNS * ROWS, 1), (COLUMNS * ROWS + 1, 2)])
def test_pages_replace_earlier_ones(tmp_path: Path, count: int, pages: int) -> None:
    path = tmp_path / "sheet.png"
    for old in ("sheet.png", "sheet-2.png", "sheet-3.png"):
        (tmp_path / old).write_bytes(b"old")
    drawn = draw_sheets(arrange(tiles(count)), path, title="faces")
    assert [page.name for page in drawn] == ["sheet.png", "sheet-2.png"][:pages]
    assert sorted(tmp_path.iterdir()) == sorted(drawn)


@pytest.mark.parametrize("side", [48, 64, 200])
def test_colour_faces_of_any_size_keep_their_colour(tmp_path: Path, side: int) -> None:
    orange = np.full((side, side, 3), (240, 150, 20), np.uint8)
    (page,) = draw_sheets([[Tile(orange, ("1  smile 1 %", "judged other 90 %"))]], tmp_path / "sheet.png", title="mine")
    image = cv2.imread(str(page))
    assert image is not None
    assert (image == (20, 150, 240)).all(axis=2).sum() == 144 * 144


def test_faces_are_unchanged_and_marked_ones_red(tmp_path: Path) -> None:
    shown = tiles(2)
    red = []
    for marked in (False, True):
        row = [shown[0], None, Tile(shown[1].image, shown[1].caption, marked)]
        (page,) = draw_sheets([row], tmp_path / "sheet.png", title="faces")
        image = cv2.imread(str(page))
        assert image is not None
        for tile in shown:
            assert (image == tile.image[0, 0]).all(axis=2).sum() >= 144 * 144
        red.append((image[..., 2].astype(int) - image[..., 0] > 100).sum())
    assert red[0] == 0
    assert red[1] > 50
