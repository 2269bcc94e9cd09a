// The timeline: its span, legend with shares, and a read-out by mouse, finger or arrow keys.

import { paint } from "./colours.js";
import { Chart } from "./chart.js";
import { byId, element, percent, timeOfDay } from "./dom.js";
import { bucketShares, columnShares, columnsOf, History, NOBODY } from "./history.js";

const MOST_ROWS = 6;
const MINUTES_S = 600; // up to here the page knows each face's spans; beyond it asks the server for its history
const REFRESH_MS = 30000;
const STEPS = 60; // of the arrow keys across the whole span
const COLUMN_S = new Map([[3600, 60], [21600, 120], [86400, 600]]);

export class Timeline {
  constructor() {
    this.slider = byId("timeline");
    this.chart = new Chart(byId("chart"));
    this.history = new History();
    this.seconds = Number(byId("span").value);
    this.cursor = null; // seconds before now
    this.buckets = null;
    this.offset = 0;
    byId("span").addEventListener("change", () => this.#select(Number(byId("span").value)));
    this.slider.addEventListener("pointermove", (event) => this.#point(event));
    this.slider.addEventListener("pointerdown", (event) => this.#point(event));
    this.slider.addEventListener("pointerleave", () => this.#move(null));
    this.slider.addEventListener("blur", () => this.#move(null));
    this.slider.addEventListener("keydown", (event) => this.#press(event));
    new ResizeObserver(() => this.draw()).observe(this.slider);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.draw());
    setInterval(() => document.body.dataset.state === "live" && this.#refresh(), REFRESH_MS);
  }

  // Start again; `offset` is from the server's moments to the time of day.
  reset(spans, offset) {
    this.history.reset(spans);
    this.offset = offset;
    this.buckets = null;
    fetchHistory(MINUTES_S).then((answer) => {
      if (!answer) return;
      this.history.now ??= answer.now;
      this.history.addBuckets(answer);
      this.draw();
    });
    this.#refresh();
  }

  add(spans, moment, offset) {
    this.history.merge(spans, moment);
    this.offset = offset;
  }

  draw() {
    if (this.history.now === null) return;
    this.history.forgetBefore(this.history.now - MINUTES_S);
    if (this.#isLong) this.#drawColumns();
    else this.#drawRows();
    this.#showLegend();
    this.#showCursor();
  }

  get #isLong() {
    return this.seconds > MINUTES_S;
  }

  #drawRows() {
    const { history, chart, seconds } = this;
    const rows = history.rows(seconds, MOST_ROWS);
    chart.begin(history.now, seconds, Math.max(rows.length, 1));
    for (const gap of history.unwatched(seconds)) chart.drawBand(gap, "no picture", false);
    for (const gap of history.gaps(seconds)) chart.drawBand(gap, NOBODY, true);
    rows.forEach(([face, spans], row) => chart.drawRow(face, spans, row));
  }

  #drawColumns() {
    const answer = this.buckets;
    this.chart.begin(answer?.now ?? this.history.now, this.seconds, 0);
    this.columns = columnsOf(answer?.buckets ?? [], COLUMN_S.get(this.seconds));
    const covered = new History();
    covered.watched = this.columns.map(({ start }) => [start, start + COLUMN_S.get(this.seconds)]);
    covered.now = this.chart.now;
    for (const gap of covered.unwatched(this.seconds)) this.chart.drawBand(gap, "no picture", false);
    for (const column of this.columns) this.chart.drawColumn(column, COLUMN_S.get(this.seconds));
  }

  async #refresh() {
    if (!this.#isLong) return;
    const seconds = this.seconds;
    const answer = await fetchHistory(seconds);
    if (answer && seconds === this.seconds) this.buckets = answer;
    this.draw();
  }

  #select(seconds) {
    this.seconds = seconds;
    this.buckets = null;
    this.slider.setAttribute("aria-valuemin", -seconds);
    this.#move(null);
    this.draw();
    this.#refresh();
  }

  #showLegend() {
    const shares = this.#isLong ? this.buckets && bucketShares(this.buckets) : this.history.shares(this.seconds);
    const parts = [...(shares ?? [])].map(([label, share]) => `${label} ${percent(share)}${label === NOBODY ? " of the time" : ""}`);
    if (parts.join() === this.shownLegend) return;
    this.shownLegend = parts.join();
    byId("legend").replaceChildren(...[...(shares ?? [])].map(([label], i) => legendItem(label, parts[i])));
    if (this.cursor === null) this.#showCursor();
  }

  #point(event) {
    const x = event.clientX - this.slider.getBoundingClientRect().left;
    this.#move(this.chart.now - this.chart.momentAt(x));
  }

  #press(event) {
    const step = { ArrowLeft: 1, ArrowDown: 1, ArrowRight: -1, ArrowUp: -1, PageDown: 10, PageUp: -10 }[event.key];
    const end = { Home: this.seconds, End: 0 }[event.key];
    if (event.key === "Escape") this.#move(null);
    else if (step || end !== undefined) {
      event.preventDefault();
      this.#move(end ?? Math.min(Math.max((this.cursor ?? 0) + (step * this.seconds) / STEPS, 0), this.seconds));
    }
  }

  #move(ago) {
    this.cursor = ago;
    this.#showCursor();
  }

  #showCursor() {
    if (this.history.now === null) return;
    const moment = this.chart.now - (this.cursor ?? 0);
    const words = this.cursor === null ? "" : this.#wordsAt(moment);
    byId("cursor").hidden = this.cursor === null;
    byId("cursor").style.left = `${this.chart.pixelsAt(moment)}px`;
    byId("read-out").textContent = words || this.#hint();
    this.slider.setAttribute("aria-valuenow", Math.round(-(this.cursor ?? 0)));
    this.slider.setAttribute("aria-valuetext", words || this.shownLegend?.replaceAll(",", ", ") || "No face yet");
  }

  #hint() {
    const more = this.#isLong ? "A column is as high as the share of time in which somebody was there. " : "";
    return `${more}Point at a moment to read it, or use the arrow keys.`;
  }

  #wordsAt(moment) {
    const time = timeOfDay(moment + this.offset);
    if (this.#isLong) return this.#columnWords(moment) ?? `${time}: no picture`;
    const faces = this.history.at(moment);
    if (faces === null) return `${time}: no picture`;
    return `${time}: ${faces.map(([face, label]) => `face ${face} ${label}`).join(", ") || NOBODY}`;
  }

  #columnWords(moment) {
    const seconds = COLUMN_S.get(this.seconds);
    const column = this.columns.find(({ start }) => start <= moment && moment < start + seconds);
    if (!column) return null;
    const parts = [...columnShares(column)].map(([label, share]) => `${label} ${percent(share)}`);
    const span = `${timeOfDay(column.start + this.offset)} to ${timeOfDay(column.start + seconds + this.offset)}`;
    return `${span}: ${parts.join(", ") || NOBODY}${parts.length ? `; somebody there ${percent(column.someone_s / column.watched_s)} of the time` : ""}`;
  }
}

function legendItem(label, words) {
  const item = element("li");
  const swatch = element("span", label === NOBODY ? "swatch nobody" : "swatch");
  if (label !== NOBODY) paint(swatch, label);
  item.append(swatch, words);
  return item;
}

async function fetchHistory(seconds) {
  try {
    const response = await fetch(`api/history?span=${seconds}`);
    return response.ok ? await response.json() : null;
  } catch {
    return null; // shown by the event stream, which breaks with it
  }
}
