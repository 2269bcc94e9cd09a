"""Where the preview's page puts the labels of faces, computed in a real browser."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from playwright.sync_api import Page


def test_labels_cover_no_face_and_no_other_label(page: Page) -> None:
    generator = np.random.default_rng(5)
    crowds = []
    for count in generator.integers(1, 13, 60):
        corners = generator.uniform(0, 560, (count, 2))
        sides = generator.uniform(20, 160, (count, 2))
        boxes = np.hstack([corners, np.minimum(corners + sides, 640)]).round(1).tolist()
        crowds.append([{"id": i, "box": box, "texts": [f"{i} surprise 99%", f"{i}"]} for i, box in enumerate(boxes)])
    placed = page.evaluate(PLACE_ALL, crowds)
    assert sum(map(len, placed)) > 0.7 * sum(map(len, crowds))
    for faces, labels in zip(crowds, placed, strict=True):
        areas = dict(labels)
        for i, j in combinations(areas, 2):
            assert not meet(areas[i], areas[j])
        for i, area in areas.items():
            assert min(area) >= 0
            assert max(area) <= 640
            assert [face["id"] for face in faces if face["id"] != i and meet(area, face["box"])] == []


# Place the labels of several pictures of 640 x 640 pixels: a list of [face, area] of each.
PLACE_ALL = """async (crowds) => {
  const { placeLabels } = await import("/labels.js");
  const widthOf = (text) => 8 * text.length + 10;
  return crowds.map((faces) => [...placeLabels(faces, widthOf, 20, [640, 640])].map(([id, { area }]) => [id, area]));
}"""


def meet(a: list[float], b: list[float]) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]


def test_label_stays_where_it_is_while_it_can(page: Page) -> None:
    # 1's label takes x up to 166; the neighbour's box comes within the clearance of the first label, and not over it.
    faces = [
        [
            {"id": 1, "box": [100, 100, 200, 200], "texts": ["1 happy"]},
            {"id": 2, "box": [x, 60, 300, 160], "texts": ["2"]},
        ]
        for x in (220, 168)
    ]
    places = page.evaluate(
        """async ([far, near]) => {
          const { placeLabels } = await import("/labels.js");
          const widthOf = (text) => 8 * text.length + 10;
          const before = placeLabels(far, widthOf, 20, [640, 640]);
          const after = placeLabels(near, widthOf, 20, [640, 640], before);
          const afresh = placeLabels(near, widthOf, 20, [640, 640]);
          return [before, after, afresh].map((labels) => labels.get(1).place);
        }""",
        faces,
    )
    assert places[0] == places[1]
    assert places[0] != places[2]
