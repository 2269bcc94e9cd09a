// Colours of expressions, as the server names them: *uncertain* is hatched, as a grey alone is easily taken for another.

export const UNCERTAIN = "uncertain";
const HATCH_PX = 7;

let colours = {};

export function setColours(named) {
  colours = named;
}

export const colourOf = (label) => colours[label] ?? colours[UNCERTAIN] ?? "#969696";

// Return black or white, whichever is easier to read on a colour #rrggbb.
export function inkOn(colour) {
  const [red, green, blue] = [1, 3, 5].map((at) => (parseInt(colour.slice(at, at + 2), 16) / 255) ** 2.2);
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue > 0.18 ? "#000" : "#fff";
}

export function paint(swatch, label) {
  swatch.style.backgroundColor = colourOf(label);
  swatch.classList.toggle("hatched", label === UNCERTAIN);
}

// Return what a canvas fills an expression's area with.
export function fillOf(pen, label) {
  if (label !== UNCERTAIN) return colourOf(label);
  const tile = new OffscreenCanvas(HATCH_PX, HATCH_PX);
  const brush = tile.getContext("2d");
  brush.strokeStyle = colourOf(label);
  brush.lineWidth = 2;
  for (const shift of [-HATCH_PX, 0, HATCH_PX]) {
    brush.moveTo(shift, HATCH_PX);
    brush.lineTo(shift + HATCH_PX, 0);
  }
  brush.stroke();
  return pen.createPattern(tile, "repeat");
}
