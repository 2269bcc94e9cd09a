// The page: follows the streams while it is visible, and shows their messages.

import { Picture } from "./picture.js";
import { eventReader, follow, pictureReader } from "./streams.js";
import { Timeline } from "./timeline.js";

const TEXT_MS = 250;
const WORDS_MS = 3000;
const STALLED_MS = 5000;
const MOST_CHANGES = 5;
const UNCERTAIN = "uncertain";

const STATES = {
  connecting: "Connecting",
  waiting: "Waiting for a frame",
  live: "Live",
  stalled: "No new frame",
  lost: "Connection lost, reconnecting",
  refused: "Access denied: open the address that fer-edge printed at its last start",
  full: "Too many viewers, waiting for a place",
};

const byId = (id) => document.getElementById(id);
let facts = { labels: [], colours: {}, privacy: true, history_s: 600 };
let result = null;
let chosen = null; // a track, or null for the largest face
let lastFrame = 0;
let lastText = 0;
let lastWords = 0;
let events = null; // AbortController of each stream
let pictures = null;

const colourOf = (label) => facts.colours[label] ?? facts.colours[UNCERTAIN];
const picture = new Picture(byId("picture"), colourOf);
const timeline = new Timeline(byId("timeline"), colourOf);

hideToken();
offerFaces();
byId("picture").addEventListener("click", (event) => choose(picture.faceAt(event.clientX, event.clientY)));
byId("aloud").addEventListener("change", (event) => byId("changes").setAttribute("aria-live", event.target.checked ? "polite" : "off"));
byId("window").addEventListener("change", (event) => {
  timeline.window = Number(event.target.value);
  timeline.draw();
});
document.addEventListener("visibilitychange", connectWhileVisible);
setInterval(showStall, 1000);
connectWhileVisible();

// A hidden page disconnects, so that it costs the board nothing.
function connectWhileVisible() {
  events?.abort();
  pictures?.abort();
  if (document.hidden) return;
  events = new AbortController();
  let read;
  follow("events", events.signal, {
    begin: () => { read = eventReader({ hello: greet, message: show }); },
    take: (bytes) => read(bytes),
    lost: (status) => {
      pictures?.abort();
      enter(status === 401 || status === 403 ? "refused" : status === 503 ? "full" : "lost");
    },
  });
}

function followPictures() {
  pictures?.abort();
  if (facts.privacy) return;
  pictures = new AbortController();
  let read;
  follow("picture.mjpg", pictures.signal, {
    begin: () => { read = pictureReader((number, jpeg) => picture.addPicture(number, jpeg)); },
    take: (bytes) => read(bytes),
    lost: () => {}, // shown by the event stream, which breaks with it and restarts the pictures
  });
}

// First event of a stream, also after the server's restart: reset everything.
function greet(hello) {
  facts = hello;
  byId("title").textContent = hello.title;
  document.title = `${hello.title} – fer-edge`;
  byId("meaning").hidden = !hello.meaning;
  byId("meaning").textContent = hello.meaning;
  byId("picture-note").hidden = !hello.privacy;
  byId("picture-note").textContent = "Privacy: no picture leaves the device";
  result = null;
  picture.clear();
  timeline.reset(hello.spans);
  buildBars();
  showChanges();
  enter("waiting");
  followPictures();
}

function show(newest) {
  result = newest;
  lastFrame = performance.now();
  enter("live");
  picture.chosen = chosen;
  picture.addResult(newest);
  const fresh = timeline.merge(newest.spans, newest.moment);
  if (fresh.length) showChanges();
  showBars();
  if (lastFrame - lastText > TEXT_MS) {
    lastText = lastFrame;
    showTexts();
    timeline.forgetBefore(newest.moment - facts.history_s);
    timeline.draw();
  }
  if (lastFrame - lastWords > WORDS_MS) {
    lastWords = lastFrame;
    showWords();
  }
}

function enter(state) {
  if (document.body.dataset.state === state) return;
  document.body.dataset.state = state;
  byId("state").textContent = STATES[state];
}

function showStall() {
  if (document.body.dataset.state === "live" && performance.now() - lastFrame > STALLED_MS) enter("stalled");
}

function buildBars() {
  byId("bars").replaceChildren(...facts.labels.map((label) => {
    const row = element("li", "", "");
    const track = element("span", "track", "");
    const fill = element("span", "fill none", "");
    track.setAttribute("aria-hidden", "true");
    fill.style.background = colourOf(label);
    track.append(fill);
    row.append(element("span", "name", label), track, element("span", "value", "–"));
    return row;
  }));
}

function showBars() {
  const face = chosenFace();
  [...byId("bars").children].forEach((row, i) => {
    const score = face?.scores[facts.labels[i]] ?? 0;
    const fill = row.querySelector(".fill");
    fill.style.width = `${Math.round(score * 1000) / 10}%`;
    fill.classList.toggle("none", score < 0.005);
  });
}

function showTexts() {
  const face = chosenFace();
  byId("verdict").textContent = verdict(face);
  [...byId("bars").children].forEach((row, i) => {
    row.querySelector(".value").textContent = face ? percent(face.scores[facts.labels[i]]) : "–";
    row.classList.toggle("best", face !== null && face.label === facts.labels[i]);
  });
  offerFaces();
  byId("fps").textContent = result.fps.toFixed(1);
  byId("count").textContent = result.faces.length;
  byId("board").hidden = result.temperature === null;
  byId("temperature").textContent = `${Math.round(result.temperature)} °C`;
  byId("stages").replaceChildren(...Object.entries(result.stages_ms).map(stageFigure));
}

function stageFigure([stage, milliseconds]) {
  const figure = element("div", "", "");
  figure.append(element("dt", "", stage), element("dd", "", milliseconds.toFixed(1)));
  return figure;
}

function showWords() {
  const faces = result.faces.map((face) => `face ${face.id} ${face.label} ${percent(face.score)}`).join(", ");
  byId("picture").setAttribute("aria-label", faces ? `Live picture: ${faces}` : "Live picture without a face");
  byId("timeline").setAttribute("aria-label", timeline.describe());
}

function showChanges() {
  const newest = [...timeline.spans.values()].sort((a, b) => b[2] - a[2]).slice(0, MOST_CHANGES);
  if (!newest.length) return;
  byId("changes").replaceChildren(...newest.map(([face, label, start]) => {
    const item = element("li", "", "");
    const swatch = element("span", "swatch", "");
    swatch.style.background = colourOf(label);
    // Spans are in seconds of a monotonic clock; the time of day may be set while the page is open.
    const moment = new Date((start + (result ?? facts).clock_offset) * 1000);
    const time = element("time", "", moment.toLocaleTimeString());
    time.dateTime = moment.toISOString();
    item.append(time, swatch, element("span", "", `face ${face}: ${label}`));
    return item;
  }));
}

function chosenFace() {
  const faces = result?.faces ?? [];
  return chosen === null ? faces[0] ?? null : faces.find((face) => face.id === chosen) ?? null;
}

function verdict(face) {
  if (face === null) return chosen === null ? "No face" : `Face ${chosen} is not in view`;
  if (face.label !== UNCERTAIN) return `${face.label} ${percent(face.score)}`;
  const best = facts.labels.reduce((one, other) => face.scores[other] > face.scores[one] ? other : one);
  return `uncertain, perhaps ${best}`;
}

function offerFaces() {
  const tracks = [...new Set([...(result?.faces.map((face) => face.id) ?? []), ...(chosen === null ? [] : [chosen])])];
  const offered = ["largest", ...tracks.sort((a, b) => a - b)].map(String);
  byId("faces").hidden = tracks.length < 2 && chosen === null;
  const shown = [...byId("choices").querySelectorAll("input")].map((input) => input.value);
  if (offered.join() === shown.join()) return;
  const focused = document.activeElement?.name === "face" ? document.activeElement.value : null;
  byId("choices").replaceChildren(...offered.map(choice));
  byId("choices").querySelector(`input[value="${focused}"]`)?.focus();
}

function choice(value) {
  const label = element("label", "", "");
  const input = element("input", "", "");
  Object.assign(input, { type: "radio", name: "face", value, checked: value === String(chosen ?? "largest") });
  input.addEventListener("change", () => choose(value === "largest" ? null : Number(value)));
  label.append(input, element("span", "", value));
  return label;
}

function choose(track) {
  chosen = track;
  offerFaces();
  const wanted = String(chosen ?? "largest");
  for (const input of byId("choices").querySelectorAll("input")) input.checked = input.value === wanted;
  if (!result) return;
  showBars();
  showTexts();
}

// The cookie is set, so the token can be removed from the address bar, where others could read it.
function hideToken() {
  if (location.search) history.replaceState(null, "", location.pathname);
}

function element(name, className, text) {
  const made = document.createElement(name);
  made.className = className;
  made.textContent = text;
  return made;
}

function percent(share) {
  return `${Math.round(share * 100)} %`;
}
