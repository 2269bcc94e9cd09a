// The picture with its boxes: each picture with the boxes of its own frame, or boxes alone if there are no pictures.

import { colourOf, inkOn, UNCERTAIN } from "./colours.js";
import { answer } from "./dom.js";
import { placeLabels } from "./labels.js";

const KEPT_RESULTS = 60;
const LABEL_PX = 15;
const LABEL_HIGH = 23;
const OLD = "#c3cad3"; // of boxes and labels of before
const WIDE = 1.5;
const WIDTHS = [960, 1440, 1920]; // that pictures are asked for with
const ENOUGH = 0.85; // of the pixels on the screen; more cost the device and are hardly seen
const SETTLED_MS = 300;
const SMALL = 480; // CSS pixels of a picture's width below which labels are smaller, down to SMALLEST of their size
const SMALLEST = 0.8;
const ANYWHERE = 12; // CSS pixels around a box in which a click or tap still means it

export class Picture {
  // `onShow(result)` is called just before a new result is shown, with its picture if there are pictures;
  // `onWant()` when pictures of another width are wanted.
  constructor(canvas, onShow, onWant) {
    this.canvas = canvas;
    this.onShow = onShow;
    this.onWant = onWant;
    this.chosen = null; // the track to highlight
    this.held = new Map(); // faces by their tracks, whose scores the labels show while the expression is the same
    this.boxes = true;
    this.old = false; // whether what is shown is of before
    this.wanted = WIDTHS[0]; // pixels of a picture's longer side
    this.clear();
    new ResizeObserver(() => this.redraw()).observe(canvas);
  }

  clear() {
    this.results = new Map();
    this.bitmap?.close();
    this.bitmap = null;
    this.number = null;
    this.shown = null;
    this.labels = new Map();
  }

  // Add a result, and draw it if its picture has come or if there are no pictures.
  addResult(result) {
    this.results.set(result.frame, result);
    if (this.results.size > KEPT_RESULTS) this.results.delete(this.results.keys().next().value);
    if (!this.bitmap || this.number === result.frame) this.#showNew(result);
  }

  async addPicture(number, jpeg) {
    const bitmap = await createImageBitmap(new Blob([jpeg], { type: "image/jpeg" }));
    this.bitmap?.close();
    this.bitmap = bitmap;
    this.number = number;
    if (this.results.has(number)) this.#showNew(this.results.get(number));
    else if (this.shown) this.#show(this.shown);
  }

  // Return the track of the face at a point of the page, or null.
  faceAt(x, y) {
    if (!this.shown) return null;
    const area = this.canvas.getBoundingClientRect();
    const scale = this.shown.size[0] / area.width;
    const [px, py, near] = [(x - area.left) * scale, (y - area.top) * scale, ANYWHERE * scale];
    const off = ({ box: [x1, y1, x2, y2] }) => Math.max(x1 - px, px - x2, y1 - py, py - y2);
    const [closest] = [...this.shown.faces].sort((a, b) => off(a) - off(b));
    return closest && off(closest) <= near ? closest.id : null;
  }

  // Return the picture as shown, at its own resolution, as a PNG.
  snapshot() {
    const copy = document.createElement("canvas");
    [copy.width, copy.height] = this.bitmap ? [this.bitmap.width, this.bitmap.height] : this.shown.size;
    this.#draw(copy, Math.max(copy.height / 720, 0.75), new Map());
    return new Promise((resolve) => copy.toBlob(resolve, "image/png"));
  }

  redraw() {
    if (!this.shown) return;
    this.canvas.width = Math.round(this.canvas.clientWidth * devicePixelRatio);
    this.canvas.height = Math.round(this.canvas.clientHeight * devicePixelRatio);
    this.#show(this.shown);
    this.#want();
  }

  // Want wider pictures on a larger screen, and less wide ones on a smaller, after the size has settled.
  #want() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      const needed = ENOUGH * Math.max(this.canvas.width, this.canvas.height);
      const wanted = WIDTHS.find((width) => width >= needed) ?? WIDTHS.at(-1);
      if (wanted === this.wanted) return;
      this.wanted = wanted;
      this.onWant();
    }, SETTLED_MS);
  }

  #showNew(result) {
    this.onShow(result);
    this.#show(result);
  }

  #show(result) {
    const [width, height] = result.size;
    const reshaped = !this.shown || this.shown.size[0] * height !== this.shown.size[1] * width;
    this.shown = result;
    if (reshaped) {
      document.documentElement.style.setProperty("--aspect", width / height);
      document.body.dataset.shape = width / height >= WIDE ? "wide" : "narrow";
      this.redraw();
      return;
    }
    const rem = parseFloat(getComputedStyle(document.documentElement).fontSize) / 16;
    const size = Math.min(Math.max(this.canvas.clientWidth / SMALL, SMALLEST), 1);
    this.labels = this.#draw(this.canvas, devicePixelRatio * rem * size, this.labels);
  }

  #draw(canvas, unit, former) {
    const pen = canvas.getContext("2d");
    const scale = canvas.width / this.shown.size[0];
    pen.fillStyle = getComputedStyle(document.documentElement).getPropertyValue("--stage");
    pen.fillRect(0, 0, canvas.width, canvas.height);
    if (this.bitmap) pen.drawImage(this.bitmap, 0, 0, canvas.width, canvas.height);
    if (this.old) fade(pen, canvas);
    if (!this.boxes) return former;
    const faces = this.shown.faces.map((face) => ({ ...face, box: face.box.map((value) => value * scale), texts: textsOf(face, this.held.get(face.id)) }));
    faces.sort((a, b) => (b.id === this.chosen) - (a.id === this.chosen));
    pen.font = `600 ${LABEL_PX * unit}px system-ui, sans-serif`;
    const widthOf = (text) => pen.measureText(text).width + 12 * unit;
    const labels = placeLabels(faces, widthOf, LABEL_HIGH * unit, [canvas.width, canvas.height], former);
    for (const face of faces.reverse()) this.#drawBox(pen, face, unit);
    for (const face of faces) if (labels.has(face.id)) drawLabel(pen, labels.get(face.id), this.#colourOf(face), unit);
    return labels;
  }

  #colourOf({ label }) {
    return this.old ? OLD : colourOf(label);
  }

  #drawBox(pen, { id, label, box: [x1, y1, x2, y2] }, unit) {
    const chosen = id === this.chosen;
    const outline = (colour, width, grow) => {
      pen.strokeStyle = colour;
      pen.lineWidth = width * unit;
      pen.strokeRect(x1 - grow * unit, y1 - grow * unit, x2 - x1 + 2 * grow * unit, y2 - y1 + 2 * grow * unit);
    };
    pen.setLineDash([]);
    outline("rgb(0 0 0 / 70%)", chosen ? 8 : 4, 0);
    if (chosen) outline("#fff", 6, 0);
    if (label === UNCERTAIN) pen.setLineDash([8 * unit, 5 * unit]);
    outline(this.#colourOf({ label }), chosen ? 4 : 2, 0);
    pen.setLineDash([]);
  }
}

// Grey and darker; by composition, as not every browser has filters for a canvas.
function fade(pen, canvas) {
  for (const [operation, colour] of [["saturation", "#808080"], ["source-over", "rgb(0 0 0 / 40%)"]]) {
    pen.globalCompositeOperation = operation;
    pen.fillStyle = colour;
    pen.fillRect(0, 0, canvas.width, canvas.height);
  }
}

function textsOf({ id, label, score }, held) {
  const shown = held?.label === label ? held.score : score;
  return [`${id}  ${answer({ label, score: shown })}`, `${id}  ${label}`, `${id}`];
}

function drawLabel(pen, { text, area: [x1, y1, x2, y2] }, colour, unit) {
  pen.fillStyle = colour;
  pen.fillRect(x1, y1, x2 - x1, y2 - y1);
  pen.fillStyle = inkOn(colour);
  pen.textBaseline = "middle";
  pen.fillText(text, x1 + 6 * unit, (y1 + y2) / 2);
}
