// Where each face's label goes: beside its box, over no face and no other label, and within the picture.

const CLEARANCE = 4;

// Return a Map from a face's id to its label {text, area: [x1, y1, x2, y2]}; a face without room has none.
// `faces` are {id, box, texts} in the picture's pixels, first come first placed, `texts` from the longest to the
// shortest; `widthOf(text)` and `height` are a label's size, `size` the picture's; `former` is the last such Map, by
// which a label stays where it is while it can.
export function placeLabels(faces, widthOf, height, size, former = new Map()) {
  const placed = new Map();
  for (const face of faces) {
    const others = faces.filter((other) => other !== face).map((other) => other.box);
    const taken = [...others, ...[...placed.values()].map((label) => label.area)];
    const label = outside(face, widthOf, height, size, taken, former.get(face.id)) ?? inside(face, widthOf, height, taken);
    if (label) placed.set(face.id, label);
  }
  return placed;
}

function outside({ box, texts }, widthOf, height, size, taken, former) {
  for (const [rank, text] of texts.entries()) {
    for (const [place, corner] of corners(box, widthOf(text), height).entries()) {
      const area = [corner[0], corner[1], corner[0] + widthOf(text), corner[1] + height];
      const same = former?.rank === rank && former.place === place;
      const free = !taken.some((other) => overlap(grown(area, same ? 0 : CLEARANCE), other));
      if (free && within(area, size)) return { text, area, rank, place };
    }
  }
  return null;
}

// The shortest text in a corner of its own box.
function inside({ box: [x1, y1, x2, y2], texts }, widthOf, height, taken) {
  const text = texts.at(-1);
  const width = widthOf(text);
  if (x2 - x1 < width || y2 - y1 < height) return null;
  for (const [x, y] of [[x1, y1], [x2 - width, y1], [x1, y2 - height], [x2 - width, y2 - height]]) {
    const area = [x, y, x + width, y + height];
    if (!taken.some((other) => overlap(area, other))) return { text, area, rank: -1, place: -1 };
  }
  return null;
}

// Above, below, right and left of the box, in order of preference.
function corners([x1, y1, x2, y2], width, height) {
  return [
    [x1, y1 - height], [x2 - width, y1 - height], [x1, y2], [x2 - width, y2],
    [x2, y1], [x1 - width, y1], [x2, y2 - height], [x1 - width, y2 - height],
  ];
}

const grown = ([x1, y1, x2, y2], by) => [x1 - by, y1 - by, x2 + by, y2 + by];
const overlap = (a, b) => a[0] < b[2] && b[0] < a[2] && a[1] < b[3] && b[1] < a[3];
const within = (area, [width, height]) => area[0] >= 0 && area[1] >= 0 && area[2] <= width && area[3] <= height;
