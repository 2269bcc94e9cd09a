"""What the preview's page computes of the server's spans, history and times, in a real browser."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Page

# Make a History of spans, frames at given moments and the server's buckets, and return what is asked of it.
EVALUATE = """async ([spans, frames, buckets, question]) => {
  const { History, columnsOf } = await import("/history.js");
  const history = new History();
  for (const moment of frames) history.merge(spans.filter((span) => span[2] <= moment), moment);
  if (buckets) history.addBuckets({ buckets, resolution_s: 1 });
  const answers = {
    gaps: () => history.gaps(40), unwatched: () => history.unwatched(40), shares: () => [...history.shares(40)],
    at15: () => history.at(15), at30: () => history.at(30), at50: () => history.at(50),
    rows: () => history.rows(40, 2).map(([face]) => face),
    columns: () => columnsOf(buckets, 2),
  };
  return answers[question]();
}"""

SPANS = [[1, "happy", 10, 20], [2, "sad", 15, 20]]
EVERY_SECOND = list(range(41))
BUCKETS = [
    {"start": start, "watched_s": 1, "someone_s": someone, "faces_s": {"happy": someone} if someone else {}}
    for start, someone in ((0, 1), (1, 0.5), (2, 0), (8, 1), (9, 0))
]


@pytest.fixture
def evaluate(page: Page) -> Callable[..., Any]:
    return lambda *arguments: page.evaluate(EVALUATE, list(arguments))


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ("gaps", [[0, 10], [20, 40]]),
        ("unwatched", []),
        ("at15", [[1, "happy"], [2, "sad"]]),
        ("at30", []),
        ("at50", None),
        ("rows", [1, 2]),
    ],
)
def test_spans_leave_gaps_in_which_nobody_was_there(
    evaluate: Callable[..., Any], asked: str, expected: list[Any] | None
) -> None:
    assert evaluate(SPANS, EVERY_SECOND, None, asked) == expected


def test_shares_are_of_the_faces_time_and_nobody_s_of_the_watched_time(evaluate: Callable[..., Any]) -> None:
    assert dict(evaluate(SPANS, EVERY_SECOND, None, "shares")) == pytest.approx(
        {"happy": 10 / 15, "sad": 5 / 15, "nobody": 30 / 40}
    )


def test_uncertain_comes_last_in_the_legend(evaluate: Callable[..., Any]) -> None:
    spans = [[1, "uncertain", 0, 30], [1, "happy", 30, 40]]
    assert [label for label, _ in evaluate(spans, EVERY_SECOND, None, "shares")] == ["happy", "uncertain"]


def test_time_before_the_page_was_opened_comes_from_the_server(evaluate: Callable[..., Any]) -> None:
    # The page sees frames from 10 s on; the server had some from 0 to 3 s, and from 8 s on.
    assert evaluate([], list(range(10, 41)), BUCKETS, "unwatched") == [[3, 8]]
    assert evaluate([], list(range(10, 41)), BUCKETS, "gaps") == [[0, 3], [8, 40]]


def test_bucket_in_which_the_frames_began_counts_from_then_on(evaluate: Callable[..., Any]) -> None:
    bucket = {"start": 9, "watched_s": 0.25, "someone_s": 0.25, "faces_s": {"happy": 0.25}}
    assert evaluate([[1, "happy", 9.75, 40]], list(range(10, 41)), [bucket], "unwatched") == [[0, 9.75]]
    assert evaluate([[1, "happy", 9.75, 40]], list(range(10, 41)), [bucket], "gaps") == []


def test_break_of_the_camera_is_no_time_without_faces(evaluate: Callable[..., Any]) -> None:
    frames = [*range(11), *range(30, 41)]
    assert evaluate([], frames, None, "unwatched") == [[10, 30]]
    assert evaluate([], frames, None, "gaps") == [[0, 10], [30, 40]]


def test_buckets_are_joined_to_columns(evaluate: Callable[..., Any]) -> None:
    assert evaluate([], [40], BUCKETS, "columns") == [
        {"start": 0, "watched_s": 2, "someone_s": 1.5, "faces_s": {"happy": 1.5}},
        {"start": 2, "watched_s": 1, "someone_s": 0, "faces_s": {}},
        {"start": 8, "watched_s": 2, "someone_s": 1, "faces_s": {"happy": 1}},
    ]


def test_delay_counts_what_comes_after_the_quickest_result(page: Page) -> None:
    # The browser's clock is 5 s ahead, and is then set an hour ahead; the third result is late by 100 ms.
    mean = page.evaluate(
        """async () => {
          const { Delay } = await import("/delay.js");
          const delay = new Delay();
          const at = (sent) => ({ time: (sent - 40) / 1000, delay_ms: 40, stream: { state: "live" } });
          const shown = (sent, way, clock) => {
            delay.received(at(sent), sent + way + clock);
            delay.shown(at(sent), sent + way + 20 + clock);
            return Math.round(delay.mean);
          };
          return [shown(1000, 10, 5000), shown(1100, 10, 5000), shown(1200, 110, 5000), shown(1300, 10, 3600000)];
        }"""
    )
    assert mean == [60, 60, 80, 76]
