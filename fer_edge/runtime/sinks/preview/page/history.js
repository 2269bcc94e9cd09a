// What was seen when: spans of each face for the last minutes, and the server's buckets for hours.

import { UNCERTAIN } from "./colours.js";

export const NOBODY = "nobody";
const LONGEST_GAP_S = 2; // between two frames of a camera that is watched without a break

export class History {
  constructor() {
    this.reset([]);
  }

  reset(spans) {
    this.spans = new Map();
    this.watched = []; // [start, end], oldest first
    this.now = null; // the moment of the newest frame
    this.#keep(spans);
  }

  // Add spans [face, label, start, end] or extend those that are known; a frame came at the moment `now`.
  merge(spans, now) {
    this.#keep(spans);
    this.now = now;
    const last = this.watched.at(-1);
    if (last && now - last[1] <= LONGEST_GAP_S) last[1] = Math.max(now, last[1]);
    else this.watched.push([now, now]);
  }

  // Add the times in which the camera was watched before this page was opened.
  addBuckets({ buckets, resolution_s: resolution }) {
    const before = this.watched[0]?.[0] ?? this.now;
    const known = [];
    for (const { start, watched_s: seconds } of buckets) {
      if (!seconds || start >= before) continue;
      const last = known.at(-1);
      const end = Math.min(start + resolution, before);
      if (last && start - last[1] < resolution / 2) last[1] = end;
      else known.push([Math.max(start, end - seconds), end]); // frames began within the bucket
    }
    const last = known.at(-1);
    if (last && this.watched.length && before - last[1] <= LONGEST_GAP_S) this.watched[0][0] = known.pop()[0];
    this.watched.unshift(...known);
  }

  forgetBefore(moment) {
    for (const [key, span] of this.spans) if (span[3] < moment) this.spans.delete(key);
    this.watched = this.watched.filter(([, end]) => end >= moment);
  }

  // Return [face, its spans] of the `most` faces seen last in the last `seconds`, ordered by their numbers.
  rows(seconds, most) {
    const faces = new Map();
    for (const span of this.#within(seconds)) faces.set(span[0], [...(faces.get(span[0]) ?? []), span]);
    const last = (spans) => Math.max(...spans.map((span) => span[3]));
    return [...faces].sort((a, b) => last(b[1]) - last(a[1])).slice(0, most).sort((a, b) => a[0] - b[0]);
  }

  // Return the times [start, end] in the last `seconds` in which the camera was watched and nobody was there.
  gaps(seconds) {
    const from = this.now - seconds;
    const spans = this.#within(seconds).sort((a, b) => a[2] - b[2]);
    return this.watched.flatMap(([start, end]) => without([Math.max(start, from), end], spans));
  }

  // Return the times [start, end] in the last `seconds` in which the camera gave no frame.
  unwatched(seconds) {
    const known = [...this.watched.map(([start, end]) => [0, "", start, end]), ...this.#within(seconds)];
    return without([this.now - seconds, this.now], known.sort((a, b) => a[2] - b[2]));
  }

  // Return a Map from label to its share of all faces' time, and of NOBODY to its share of the watched time.
  shares(seconds) {
    const from = this.now - seconds;
    const sums = new Map();
    for (const [, label, start, end] of this.#within(seconds)) add(sums, label, end - Math.max(start, from));
    const watched = sum(this.watched.map(([start, end]) => Math.max(end - Math.max(start, from), 0)));
    return sharesOf(sums, sum(this.gaps(seconds).map(([start, end]) => end - start)), watched);
  }

  // Return [face, label] of the faces seen at a moment, null if the camera gave no frame then.
  at(moment) {
    const near = LONGEST_GAP_S / 4;
    if (!this.watched.some(([start, end]) => start - near <= moment && moment <= end + near)) return null;
    return [...this.spans.values()].filter((span) => span[2] - 0.1 <= moment && moment <= span[3] + 0.1).map(([face, label]) => [face, label]);
  }

  #keep(spans) {
    for (const span of spans) this.spans.set(`${span[0]} ${span[2]}`, span);
  }

  #within(seconds) {
    return [...this.spans.values()].filter((span) => span[3] >= this.now - seconds);
  }
}

// Join buckets to columns of `seconds` each: {start, watched_s, someone_s, faces_s}.
export function columnsOf(buckets, seconds) {
  const columns = new Map();
  for (const bucket of buckets) {
    const start = Math.floor(bucket.start / seconds) * seconds;
    const column = columns.get(start) ?? { start, watched_s: 0, someone_s: 0, faces_s: {} };
    column.watched_s += bucket.watched_s;
    column.someone_s += bucket.someone_s;
    for (const [label, value] of Object.entries(bucket.faces_s)) column.faces_s[label] = (column.faces_s[label] ?? 0) + value;
    columns.set(start, column);
  }
  return [...columns.values()].sort((a, b) => a.start - b.start);
}

export function bucketShares({ shares, watched_s: watched, someone_s: someone }) {
  return sharesOf(new Map(Object.entries(shares)), watched - someone, watched);
}

export function columnShares({ faces_s: faces }) {
  return sharesOf(new Map(Object.entries(faces)), 0, 0);
}

function sharesOf(sums, nobody, watched) {
  const all = sum([...sums.values()]);
  const parts = [...sums].map(([label, value]) => [label, all ? value / all : 0]);
  const order = (a, b) => (a[0] === UNCERTAIN) - (b[0] === UNCERTAIN) || b[1] - a[1];
  return new Map([...parts.sort(order), ...(watched > 0 && nobody / watched >= 0.005 ? [[NOBODY, nobody / watched]] : [])]);
}

// Return what is left of [start, end] without the spans, which are ordered by their start.
function without([start, end], spans) {
  const left = [];
  let at = start;
  for (const [, , from, to] of spans) {
    if (from > at) left.push([at, Math.min(from, end)]);
    at = Math.max(at, to);
  }
  if (at < end) left.push([at, end]);
  return left.filter(([from, to]) => to - from > 0.5);
}

const sum = (values) => values.reduce((before, value) => before + value, 0);
const add = (sums, label, value) => sums.set(label, (sums.get(label) ?? 0) + Math.max(value, 0));
