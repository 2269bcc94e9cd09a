// What state the page is in: in a word above, and over the picture since when and what to do. Each looks different.

import { paint } from "./colours.js";
import { byId, duration, element, percent, timeOfDay } from "./dom.js";

const MOST_SHARES = 8;

// Word of the state, and a sentence for the banner; without one there is no banner. `old` states show values of before.
const STATES = {
  connecting: { word: "Connecting" },
  waiting: { word: "Waiting for a frame", title: "No picture yet", advice: "fer-edge runs, and waits for the first frame." },
  live: { word: "Live" },
  paused: { word: "Paused" },
  frozen: { word: "Camera frozen", old: true, title: "The camera is frozen", advice: "fer-edge runs, and no new frame comes." },
  absent: { word: "No camera", old: true, title: "No camera", advice: "fer-edge runs, and looks for its camera again and again." },
  finished: { word: "Recording finished", title: "Recording finished" },
  lost: { word: "Connection lost", old: true, title: "Connection lost", advice: "fer-edge does not answer; the page keeps trying." },
  refused: { word: "Access denied", old: true, title: "Access denied", advice: "Load this page again and enter the token, or open the address that fer-edge printed at its last start." },
  full: { word: "Too many viewers", old: true, title: "Too many viewers", advice: "The page waits for a place." },
};

let shown = { state: "connecting" };

// Enter a state that began at `since`, in seconds since 1970 by this browser's clock; `extra` is {detail, summary}.
export function enter(state, since = Date.now() / 1000, extra = {}) {
  const key = JSON.stringify([state, extra]);
  if (key === shown.key) return;
  shown = { state, since, extra, key };
  document.body.dataset.state = state;
  document.body.toggleAttribute("data-old", Boolean(STATES[state].old));
  byId("status").textContent = state === "paused" ? `Paused at ${timeOfDay(since)}` : STATES[state].word;
  showBanner();
}

// The time that has passed; once a second.
export function tick() {
  const since = byId("since");
  if (since) since.textContent = sinceWords();
}

function showBanner() {
  const { title, advice } = STATES[shown.state];
  const banner = byId("banner");
  banner.hidden = !title;
  if (!title) return banner.replaceChildren();
  const words = element("p");
  words.append(element("strong", "", title), shown.extra.detail ? sentence(shown.extra.detail) : advice ?? "", " ");
  const since = element("span", "quiet", sinceWords());
  since.id = "since";
  words.append(since);
  banner.replaceChildren(words, ...(shown.extra.summary ? summaryOf(shown.extra.summary) : []));
}

function sinceWords() {
  const ago = Date.now() / 1000 - shown.since;
  const at = timeOfDay(shown.since);
  return shown.state === "finished" ? `Ended at ${at}.` : `Since ${at}, for ${duration(ago)}.`;
}

const sentence = (words) => words.replace(/^./u, (first) => first.toUpperCase()).replace(/([^.?!])$/u, "$1.");

// What a recording held: frames, time, persons and the share of each expression.
function summaryOf({ frames, duration_s: seconds, persons, shares }) {
  const people = persons === 1 ? "1 person" : `${persons} persons`;
  const list = element("ul", "shares");
  list.append(...Object.entries(shares).slice(0, MOST_SHARES).map(([label, share]) => {
    const item = element("li");
    const swatch = element("span", "swatch");
    paint(swatch, label);
    item.append(swatch, `${label} ${percent(share)}`);
    return item;
  }));
  return [element("p", "", `${frames} frames, ${duration(seconds)}, ${people}`), list];
}
