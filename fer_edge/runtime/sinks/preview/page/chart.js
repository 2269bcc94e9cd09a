// Draws the timeline: a row per face for minutes, a column of shares per minute or more for hours; now is on the right.

import { colourOf, fillOf, inkOn, UNCERTAIN } from "./colours.js";

const HIGHEST_ROW = 36;
const GUTTER = 34;
const GAP = 4;
const AXIS = 22;
const INNER = 84; // the same for any number of faces, so that nothing moves when one comes or goes
const FEWEST_PX = 75; // between two times of the axis

const STEPS_S = [10, 30, 60, 120, 300, 600, 1800, 3600, 7200, 14400];

export class Chart {
  constructor(canvas) {
    this.canvas = canvas;
    this.pen = canvas.getContext("2d");
  }

  // Set the moment at the right edge, the seconds shown and the number of rows, and clear.
  begin(now, seconds, rows) {
    this.rem = parseFloat(getComputedStyle(document.documentElement).fontSize) / 16;
    this.gap = rows > 3 ? GAP / 2 : GAP;
    this.row = Math.min(INNER / Math.max(rows, 1) - this.gap, HIGHEST_ROW);
    this.top = (INNER - rows * (this.row + this.gap)) / 2;
    const unit = devicePixelRatio * this.rem;
    const width = this.canvas.parentElement.clientWidth;
    Object.assign(this, { now, seconds, width: width / this.rem, fills: new Map() });
    const [wide, high] = [Math.round(width * devicePixelRatio), Math.round((INNER + AXIS) * unit)];
    if (this.canvas.width !== wide || this.canvas.height !== high) {
      Object.assign(this.canvas, { width: wide, height: high });
      this.canvas.style.height = `${(INNER + AXIS) * this.rem}px`;
    }
    this.pen.setTransform(unit, 0, 0, unit, 0, 0);
    this.pen.clearRect(0, 0, this.width, INNER + AXIS);
    this.pen.textBaseline = "middle";
    this.#drawAxis();
  }

  // Return the moment at a distance from the canvas's left edge, in CSS pixels, and the reverse.
  momentAt(pixels) {
    const share = (pixels / this.rem - GUTTER) / (this.width - GUTTER);
    return this.now - this.seconds * (1 - Math.min(Math.max(share, 0), 1));
  }

  pixelsAt(moment) {
    return this.#x(moment) * this.rem;
  }

  // A time in which nobody was there, or the camera gave no frame.
  drawBand([start, end], words, faint) {
    const [left, right] = [this.#x(start), this.#x(end)];
    this.pen.fillStyle = tone(faint ? "--raised" : "--track");
    this.pen.fillRect(left, 0, right - left, INNER - GAP);
    this.#write(words, left, right, INNER / 2, tone("--soft"));
  }

  drawRow(face, spans, row) {
    const top = this.top + row * (this.row + this.gap);
    this.pen.font = `600 ${Math.min(this.row - 2, 13)}px system-ui, sans-serif`;
    this.pen.textAlign = "left";
    this.pen.fillStyle = tone("--ink");
    this.pen.fillText(face, 0, top + this.row / 2, GUTTER - 4);
    for (const [, label, start, end] of spans) {
      const [left, right] = [this.#x(start), Math.max(this.#x(end), this.#x(start) + 1)];
      this.#fill(label, left, top, right - left, this.row);
      this.#write(label, left, right, top + this.row / 2, label === UNCERTAIN ? tone("--ink") : inkOn(colourOf(label)), label);
    }
  }

  // A column's height is the share of its time in which somebody was there.
  drawColumn({ start, watched_s: watched, someone_s: someone, faces_s: faces }, seconds) {
    const [left, right] = [this.#x(start), this.#x(Math.min(start + seconds, this.now))];
    const all = Object.values(faces).reduce((a, b) => a + b, 0);
    if (!watched || !all) return;
    let bottom = INNER;
    for (const [label, value] of Object.entries(faces)) {
      const high = (value / all) * Math.min(someone / watched, 1) * (INNER - GAP);
      bottom -= high;
      this.#fill(label, left, bottom, Math.max(right - left - 0.5, 0.5), high);
    }
  }

  #x(moment) {
    return GUTTER + (this.width - GUTTER) * Math.max(1 - (this.now - moment) / this.seconds, 0);
  }

  #fill(label, left, top, wide, high) {
    if (label === UNCERTAIN) {
      this.pen.fillStyle = tone("--panel");
      this.pen.fillRect(left, top, wide, high);
    }
    if (!this.fills.has(label)) this.fills.set(label, fillOf(this.pen, label));
    this.pen.fillStyle = this.fills.get(label);
    this.pen.fillRect(left, top, wide, high);
    this.pen.strokeStyle = tone("--outline");
    this.pen.lineWidth = 1;
    if (wide > 4 && high > 4) this.pen.strokeRect(left + 0.5, top + 0.5, wide - 1, high - 1);
  }

  // Write words in the middle of a space if they fit.
  #write(words, left, right, middle, colour, label = "") {
    this.pen.font = `600 ${Math.min(this.row - 2, 13)}px system-ui, sans-serif`;
    const wide = this.pen.measureText(words).width;
    if (right - left < wide + (label === UNCERTAIN ? 26 : 14)) return;
    const start = label ? left + (label === UNCERTAIN ? 13 : 7) : (left + right - wide) / 2;
    if (label === UNCERTAIN) {
      this.pen.fillStyle = tone("--panel");
      this.pen.fillRect(start - 3, middle - this.row / 2 + 1, wide + 6, this.row - 2);
    }
    this.pen.textAlign = "left";
    this.pen.fillStyle = colour;
    this.pen.fillText(words, start, middle);
  }

  #drawAxis() {
    const fits = (step) => ((this.width - GUTTER) * step) / this.seconds >= FEWEST_PX;
    const step = STEPS_S.find(fits) ?? STEPS_S.at(-1);
    this.pen.font = "12px system-ui, sans-serif";
    for (let ago = 0; ago <= this.seconds; ago += step) {
      const x = this.#x(this.now - ago);
      this.pen.fillStyle = tone("--line");
      this.pen.fillRect(Math.round(x), 0, 1, INNER);
      this.pen.fillStyle = tone("--soft");
      this.pen.textAlign = ago === 0 ? "right" : ago === this.seconds ? "left" : "center";
      this.pen.fillText(agoWords(ago, step), x, INNER + AXIS / 2);
    }
  }
}

function agoWords(ago, step) {
  if (ago === 0) return "now";
  if (ago % 3600 === 0) return `−${ago / 3600} h`;
  if (step >= 300) return `−${ago / 60} min`;
  return `−${Math.floor(ago / 60)}:${String(ago % 60).padStart(2, "0")}`;
}

const tone = (name) => getComputedStyle(document.documentElement).getPropertyValue(name);
