// The picture with its boxes: each picture with the boxes of its own frame, or boxes alone if there are no pictures.

const KEPT_RESULTS = 60;
const GROUND = "#2a3139";

export class Picture {
  constructor(canvas, colourOf) {
    this.canvas = canvas;
    this.colourOf = colourOf;
    this.chosen = null;
    this.clear();
    new ResizeObserver(() => this.#fit()).observe(canvas);
  }

  clear() {
    this.results = new Map();
    this.bitmap?.close();
    this.bitmap = null;
    this.number = null;
    this.shown = null;
  }

  // Add a result, and draw it if its picture has come or if there are no pictures.
  addResult(result) {
    this.results.set(result.frame, result);
    if (this.results.size > KEPT_RESULTS) this.results.delete(this.results.keys().next().value);
    if (!this.bitmap || this.number === result.frame) this.#draw(result);
  }

  async addPicture(number, jpeg) {
    const bitmap = await createImageBitmap(new Blob([jpeg], { type: "image/jpeg" }));
    this.bitmap?.close();
    this.bitmap = bitmap;
    this.number = number;
    const result = this.results.get(number) ?? this.shown;
    if (result) this.#draw(result);
  }

  // Return the track of the face at a point of the page, or null.
  faceAt(x, y) {
    if (!this.shown) return null;
    const area = this.canvas.getBoundingClientRect();
    const scale = this.shown.size[0] / area.width;
    const [px, py] = [(x - area.left) * scale, (y - area.top) * scale];
    const hit = this.shown.faces.find(({ box: [x1, y1, x2, y2] }) => x1 <= px && px <= x2 && y1 <= py && py <= y2);
    return hit?.id ?? null;
  }

  #fit() {
    const { clientWidth, clientHeight } = this.canvas;
    this.canvas.width = Math.round(clientWidth * devicePixelRatio);
    this.canvas.height = Math.round(clientHeight * devicePixelRatio);
    if (this.shown) this.#draw(this.shown);
  }

  #draw(result) {
    this.shown = result;
    const [width, height] = result.size;
    this.canvas.style.setProperty("--aspect", width / height);
    const pen = this.canvas.getContext("2d");
    pen.fillStyle = GROUND;
    pen.fillRect(0, 0, this.canvas.width, this.canvas.height);
    if (this.bitmap) pen.drawImage(this.bitmap, 0, 0, this.canvas.width, this.canvas.height);
    const scale = this.canvas.width / width;
    for (const face of [...result.faces].reverse()) this.#drawFace(pen, face, scale);
  }

  #drawFace(pen, face, scale) {
    const [x1, y1, x2, y2] = face.box.map((value) => value * scale);
    const unit = devicePixelRatio;
    const colour = this.colourOf(face.label);
    pen.lineWidth = (face.id === this.chosen ? 5 : 3) * unit;
    pen.strokeStyle = "rgb(0 0 0 / 60%)";
    pen.strokeRect(x1 - unit, y1 - unit, x2 - x1 + 2 * unit, y2 - y1 + 2 * unit);
    pen.strokeStyle = colour;
    pen.strokeRect(x1, y1, x2 - x1, y2 - y1);
    pen.font = `600 ${15 * unit}px system-ui, sans-serif`;
    const widthOf = (words) => pen.measureText(words).width + 14 * unit;
    const texts = [`${face.id}  ${face.label} ${Math.round(face.score * 100)} %`, `${face.id}  ${face.label}`, `${face.id}`];
    const alone = this.shown.faces.length === 1; // otherwise a long text would cover a neighbour's
    const text = texts.find((words) => alone || widthOf(words) <= Math.max(x2 - x1, 40 * unit)) ?? texts[2];
    const wide = widthOf(text);
    const high = 24 * unit;
    const left = Math.max(Math.min(x1 - pen.lineWidth / 2, this.canvas.width - wide), 0);
    const top = Math.max(y1 - high, 0);
    pen.fillStyle = colour;
    pen.fillRect(left, top, wide, high);
    pen.fillStyle = inkOn(colour);
    pen.textBaseline = "middle";
    pen.fillText(text, left + 7 * unit, top + high / 2);
  }
}

// Return black or white, whichever is easier to read on a colour #rrggbb.
export function inkOn(colour) {
  const [red, green, blue] = [1, 3, 5].map((at) => (parseInt(colour.slice(at, at + 2), 16) / 255) ** 2.2);
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue > 0.18 ? "#000" : "#fff";
}
