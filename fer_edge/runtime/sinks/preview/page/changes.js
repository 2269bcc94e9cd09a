// The last changes, the newest first: when, which face, from what to what, with a picture of the face then.

import { colourOf, paint } from "./colours.js";
import { byId, element, timeOfDay } from "./dom.js";

const MOST = 200;

export class Changes {
  constructor() {
    this.list = byId("changes");
    this.reset("", []);
    byId("aloud").addEventListener("change", (event) => {
      this.list.setAttribute("aria-live", event.target.checked ? "polite" : "off");
    });
  }

  // Start with what the server has kept; after a break in the same run, what is shown stays.
  reset(run, changes) {
    if (run !== this.run || !run) {
      this.last = 0;
      this.list.replaceChildren(element("li", "quiet", "None yet"));
    }
    this.run = run;
    this.add(changes);
  }

  // Add changes, oldest first; those that are known are skipped.
  add(changes) {
    const fresh = changes.filter((change) => change.number > this.last);
    if (!fresh.length) return;
    if (this.last === 0) this.list.replaceChildren();
    this.last = fresh.at(-1).number;
    this.list.prepend(...fresh.reverse().map(itemOf));
    while (this.list.children.length > MOST) this.list.lastChild.remove();
  }
}

function itemOf(change) {
  const item = element("li");
  item.style.setProperty("--face", colourOf(change.label));
  const words = element("span", "what");
  words.append(...wordsOf(change));
  const time = element("time", "", timeOfDay(change.time));
  time.dateTime = new Date(change.time * 1000).toISOString();
  item.append(pictureOf(change), words, time);
  return item;
}

function wordsOf({ event, id, label, previous }) {
  const face = element("span", "quiet", `Face ${id} `);
  if (event === "face_appeared") return [face, "came: ", named(label)];
  if (event === "face_left") return [face, "left, was ", named(label)];
  return [face, element("span", "was", `${previous} → `), named(label)];
}

const named = (label) => element("strong", "", label);

function pictureOf({ picture, label }) {
  if (!picture) return swatchOf(label);
  const image = element("img");
  Object.assign(image, { src: picture, alt: "", loading: "lazy", width: 44, height: 44 });
  image.addEventListener("error", () => image.replaceWith(swatchOf(label)));
  return image;
}

function swatchOf(label) {
  const swatch = element("span", "swatch");
  paint(swatch, label);
  return swatch;
}
