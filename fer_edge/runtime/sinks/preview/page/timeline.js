// Timeline of expressions, a row per face, the newest moment on the right.

import { inkOn } from "./picture.js";

const MOST_ROWS = 6;
const ROW = 30;
const GAP = 6;
const AXIS = 24;
const GUTTER = 30;

export class Timeline {
  constructor(canvas, colourOf) {
    this.canvas = canvas;
    this.colourOf = colourOf;
    this.window = 120;
    this.reset([]);
    new ResizeObserver(() => this.draw()).observe(canvas.parentElement);
  }

  reset(spans) {
    this.spans = new Map();
    this.now = null;
    this.merge(spans, null);
  }

  // Add spans [face, label, start, end] or extend those that are known, and return the new ones.
  merge(spans, now) {
    const fresh = spans.filter(([face, , start]) => !this.spans.has(`${face} ${start}`));
    for (const span of spans) this.spans.set(`${span[0]} ${span[2]}`, span);
    this.now = now ?? this.now;
    return fresh;
  }

  forgetBefore(time) {
    for (const [key, span] of this.spans) if (span[3] < time) this.spans.delete(key);
  }

  // Return each face's share of each expression within the window, in words.
  describe() {
    const faces = this.#rows().map(([face, spans]) => {
      const seconds = new Map();
      for (const [, label, start, end] of spans) {
        const within = end - Math.max(start, this.now - this.window);
        seconds.set(label, (seconds.get(label) ?? 0) + within);
      }
      const sum = [...seconds.values()].reduce((a, b) => a + b, 0) || 1;
      const shares = [...seconds].sort((a, b) => b[1] - a[1]).map(([label, s]) => `${label} ${Math.round((100 * s) / sum)} %`);
      return `Face ${face}: ${shares.join(", ")}.`;
    });
    return faces.join(" ") || "No face in this time";
  }

  draw() {
    const rows = this.#rows();
    const unit = devicePixelRatio;
    const width = this.canvas.parentElement.clientWidth - 32;
    const height = Math.max(rows.length, 1) * (ROW + GAP) + AXIS;
    if (this.canvas.width !== Math.round(width * unit) || this.canvas.height !== Math.round(height * unit)) {
      this.canvas.width = Math.round(width * unit);
      this.canvas.height = Math.round(height * unit);
      this.canvas.style.height = `${height}px`;
    }
    const style = getComputedStyle(document.documentElement);
    const tone = (name) => style.getPropertyValue(name);
    const pen = this.canvas.getContext("2d");
    pen.setTransform(unit, 0, 0, unit, 0, 0);
    pen.clearRect(0, 0, width, height);
    pen.font = "600 13px system-ui, sans-serif";
    pen.textBaseline = "middle";
    this.#drawAxis(pen, width, height, tone);
    rows.forEach(([face, spans], row) => this.#drawRow(pen, face, spans, row * (ROW + GAP), width, tone));
  }

  #rows() {
    if (this.now === null) return [];
    const faces = new Map();
    for (const span of this.spans.values()) {
      if (span[3] < this.now - this.window) continue;
      if (!faces.has(span[0])) faces.set(span[0], []);
      faces.get(span[0]).push(span);
    }
    const last = (spans) => Math.max(...spans.map((span) => span[3]));
    const newest = [...faces].sort((a, b) => last(b[1]) - last(a[1])).slice(0, MOST_ROWS);
    return newest.sort((a, b) => a[0] - b[0]);
  }

  #drawAxis(pen, width, height, tone) {
    const step = this.window <= 60 ? 10 : this.window <= 120 ? 30 : this.window <= 300 ? 60 : 120;
    const labelled = ((width - GUTTER) * step) / this.window < 75 ? 2 * step : step;
    pen.strokeStyle = tone("--line");
    pen.lineWidth = 1;
    for (let ago = 0; ago <= this.window; ago += step) {
      const x = GUTTER + (width - GUTTER) * (1 - ago / this.window);
      pen.beginPath();
      pen.moveTo(x, 0);
      pen.lineTo(x, height - AXIS);
      pen.stroke();
      pen.fillStyle = tone("--soft");
      pen.textAlign = ago === 0 ? "right" : ago === this.window ? "left" : "center";
      const text = ago === 0 ? "now" : `−${Math.floor(ago / 60)}:${String(ago % 60).padStart(2, "0")}`;
      if (ago % labelled === 0) pen.fillText(text, x, height - AXIS / 2);
    }
    pen.textAlign = "left";
  }

  #drawRow(pen, face, spans, top, width, tone) {
    pen.fillStyle = tone("--ink");
    pen.fillText(face, 0, top + ROW / 2);
    const x = (time) => GUTTER + (width - GUTTER) * Math.max(1 - (this.now - time) / this.window, 0);
    for (const [, label, start, end] of spans) {
      const [left, right] = [x(start), Math.max(x(end), x(start) + 1)];
      const colour = this.colourOf(label);
      pen.fillStyle = colour;
      pen.fillRect(left, top, right - left, ROW);
      pen.strokeStyle = tone("--outline");
      if (right - left > 3) pen.strokeRect(left + 0.5, top + 0.5, right - left - 1, ROW - 1);
      if (right - left > pen.measureText(label).width + 12) {
        pen.fillStyle = inkOn(colour);
        pen.fillText(label, left + 6, top + ROW / 2);
      }
    }
  }
}
