// The scores of one face: whose they are, its expression, a bar for each score; and the choice of the face.

import { colourOf, paint, UNCERTAIN } from "./colours.js";
import { answer, byId, element, percent } from "./dom.js";

const MANY_LABELS = 12; // from here on the bars are ordered by their scores, as nobody would find the highest

export class Faces {
  constructor(onChoice) {
    this.onChoice = onChoice;
    this.chosen = null; // a track, or null for the largest face
    this.faces = [];
    this.labels = [];
  }

  // The face whose scores are shown, or null.
  get face() {
    return this.chosen === null ? this.faces[0] ?? null : this.faces.find((face) => face.id === this.chosen) ?? null;
  }

  reset(labels, meaning) {
    this.labels = labels;
    this.faces = [];
    byId("meaning").hidden = !meaning;
    byId("meaning").textContent = meaning;
    this.rows = new Map(labels.map((label) => [label, makeRow(label)]));
    byId("bars").replaceChildren(...this.rows.values());
    this.showTexts();
  }

  // Show a result's faces, the largest first: the bars at once, the texts when `showTexts` is called.
  take(faces) {
    this.faces = faces;
    for (const [label, row] of this.rows) {
      const score = this.face?.scores[label] ?? 0;
      const fill = row.querySelector(".fill");
      fill.style.width = `${Math.round(score * 1000) / 10}%`;
      fill.classList.toggle("none", score < 0.005);
    }
  }

  showTexts() {
    const face = this.face;
    byId("whose").textContent = this.#whose();
    byId("whose").style.setProperty("--face", face ? colourOf(face.label) : "");
    byId("verdict").textContent = this.#verdict();
    for (const [label, row] of this.rows) {
      row.querySelector(".value").textContent = face ? percent(face.scores[label]) : "–";
      row.classList.toggle("best", face?.label === label);
    }
    if (face && this.labels.length > MANY_LABELS) this.#sortRows(face);
    this.#offer();
  }

  choose(track) {
    this.chosen = track;
    this.take(this.faces);
    this.showTexts();
    this.onChoice(this.face);
  }

  // Choose the next face to the right, or to the left with -1; beyond the last comes the first.
  step(by) {
    const across = [...this.faces].sort((a, b) => a.box[0] - b.box[0]);
    if (!across.length) return;
    const at = across.findIndex((face) => face.id === this.face?.id);
    this.choose(across[(at + by + across.length) % across.length].id);
  }

  #whose() {
    const face = this.face;
    if (face === null) return this.chosen === null ? "Expression" : `Face ${this.chosen}`;
    return face === this.faces[0] && this.faces.length > 1 ? `Face ${face.id}, largest` : `Face ${face.id}`;
  }

  #verdict() {
    const face = this.face;
    if (face === null) return this.chosen === null ? "No face" : `Face ${this.chosen} is not in view`;
    if (face.label !== UNCERTAIN) return answer(face);
    const best = this.labels.reduce((one, other) => face.scores[other] > face.scores[one] ? other : one);
    return `uncertain, perhaps ${best}`;
  }

  #sortRows(face) {
    const order = [...this.labels].sort((a, b) => face.scores[b] - face.scores[a]);
    byId("bars").append(...order.map((label) => this.rows.get(label)));
  }

  #offer() {
    const tracks = [...new Set([...this.faces.map((face) => face.id), ...(this.chosen === null ? [] : [this.chosen])])];
    const offered = ["largest", ...tracks.sort((a, b) => a - b)].map(String);
    byId("choice").hidden = tracks.length < 2 && this.chosen === null;
    const inputs = [...byId("choices").querySelectorAll("input")];
    if (offered.join() !== inputs.map((input) => input.value).join()) this.#rebuild(offered);
    for (const input of byId("choices").querySelectorAll("input")) {
      input.checked = input.value === String(this.chosen ?? "largest");
      const face = this.faces.find((each) => String(each.id) === input.value);
      input.nextSibling.style.setProperty("--face", face ? colourOf(face.label) : "");
    }
  }

  #rebuild(offered) {
    const focused = document.activeElement?.name === "face" ? document.activeElement.value : null;
    byId("choices").replaceChildren(...offered.map((value) => this.#choice(value)));
    byId("choices").querySelector(`input[value="${focused}"]`)?.focus();
  }

  #choice(value) {
    const label = element("label");
    const input = element("input");
    Object.assign(input, { type: "radio", name: "face", value });
    input.addEventListener("change", () => this.choose(value === "largest" ? null : Number(value)));
    label.append(input, element("span", "", value));
    return label;
  }
}

function makeRow(label) {
  const row = element("li");
  const track = element("span", "track");
  const fill = element("span", "fill none");
  track.setAttribute("aria-hidden", "true");
  paint(fill, label);
  track.append(fill);
  row.append(element("span", "name", label), track, element("span", "value", "–"));
  return row;
}
