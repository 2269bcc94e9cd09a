// The page: follows the streams while it is visible, and shows their messages.

import { Changes } from "./changes.js";
import { setColours } from "./colours.js";
import { showDownloads, wireControls } from "./controls.js";
import { Delay } from "./delay.js";
import { answer, byId, element } from "./dom.js";
import { Faces } from "./faces.js";
import { Picture } from "./picture.js";
import { showSettings } from "./settings.js";
import { showFigures, showStages } from "./speed.js";
import { enter as enterState, tick } from "./status.js";
import { eventReader, follow, pictureReader } from "./streams.js";
import { Timeline } from "./timeline.js";

const TEXT_MS = 250;
const WORDS_MS = 3000;
const LATE_MS = 1000; // a result whose picture does not come is shown without it
const PAGE_STATES = { waiting: "waiting", live: "live", frozen: "frozen", reconnecting: "absent", finished: "finished" };

const delay = new Delay();
const picture = new Picture(byId("picture"), display, followPictures);
const faces = new Faces(highlight);
const changes = new Changes();
const timeline = new Timeline();

let privacy = true;
let result = null;
let lastFrame = Date.now() / 1000;
let lastShown = 0;
let lastText = 0;
let lastWords = 0;
let paused = false;
let events = null; // AbortController of each stream
let pictures = null;

hideToken();
byId("picture").addEventListener("click", (event) => faces.choose(picture.faceAt(event.clientX, event.clientY)));
wireControls({
  pause: (on) => { paused = on; connectWhileWatched(); },
  boxes: (on) => { picture.boxes = on; picture.redraw(); },
  snapshot: () => picture.shown && picture.snapshot(),
  step: (by) => faces.step(by),
  largest: () => faces.choose(null),
});
document.addEventListener("visibilitychange", connectWhileWatched);
setInterval(tick, 1000);
connectWhileWatched();

// A hidden or paused page disconnects, so that it costs the board nothing.
function connectWhileWatched() {
  events?.abort();
  pictures?.abort();
  if (paused) return enter("paused");
  if (document.hidden) return;
  if (document.body.dataset.state === "paused") enter("connecting");
  events = new AbortController();
  let read;
  follow("events", events.signal, {
    begin: () => { read = eventReader({ hello: greet, message: show }); },
    take: (bytes) => read(bytes),
    lost: (status) => {
      pictures?.abort();
      enter(status === 401 || status === 403 ? "refused" : status === 503 ? "full" : "lost", lastFrame);
    },
  });
}

// Follow the pictures, at the width that the page shows them at.
function followPictures() {
  pictures?.abort();
  if (privacy || paused || events?.signal.aborted !== false) return;
  pictures = new AbortController();
  let read;
  follow(`picture.mjpg?width=${picture.wanted}`, pictures.signal, {
    begin: () => { read = pictureReader((number, jpeg) => picture.addPicture(number, jpeg)); },
    take: (bytes) => read(bytes),
    lost: () => {}, // shown by the event stream, which breaks with it and restarts the pictures
  });
}

// First event of a stream, also after the server's restart: reset everything.
function greet(hello) {
  privacy = hello.privacy;
  result = null;
  setColours(hello.colours);
  showNames(hello);
  byId("picture-note").hidden = !privacy;
  picture.clear();
  delay.reset();
  faces.reset(hello.labels, hello.meaning);
  changes.reset(hello.run, hello.changes);
  timeline.reset(hello.spans, hello.clock_offset);
  showSettings(hello.settings);
  showDownloads(hello.log);
  enterStream(hello.stream, hello.summary);
  followPictures();
}

function showNames({ camera, source, model }) {
  byId("camera").textContent = camera;
  document.title = `${camera} – fer-edge`;
  const chips = [source, model].filter(Boolean).map((name) => Object.assign(element("li", "chip", name), { title: name }));
  byId("chips").hidden = !chips.length;
  byId("chips").replaceChildren(...chips);
}

function enter(state, since, extra) {
  enterState(state, since, extra);
  const old = document.body.hasAttribute("data-old");
  if (old === picture.old) return;
  picture.old = old;
  picture.redraw();
}

function enterStream({ state, for_s: seconds, reason }, summary) {
  const since = Date.now() / 1000 - seconds;
  enter(PAGE_STATES[state], since, { detail: reason || undefined, summary: state === "finished" ? summary : undefined });
}

function show(newest) {
  result = newest;
  lastFrame = Date.now() / 1000;
  enterStream(newest.stream, newest.summary);
  delay.received(newest);
  picture.addResult(newest);
  if (Date.now() - lastShown > LATE_MS) display(newest);
  timeline.add(newest.spans, newest.moment, newest.clock_offset);
  changes.add(newest.changes);
  showSettings(newest.settings);
  if (Date.now() - lastWords > WORDS_MS) showWords();
}

// Show a result's faces together with its picture, so that scores and boxes are of one moment.
function display(shown) {
  lastShown = Date.now();
  delay.shown(shown);
  const label = faces.face?.label;
  faces.take(shown.faces);
  highlight();
  if (lastShown - lastText > TEXT_MS || label !== faces.face?.label) showTexts(shown);
}

function showTexts(shown) {
  lastText = lastShown;
  picture.held = new Map(shown.faces.map((face) => [face.id, face]));
  faces.showTexts();
  timeline.draw();
  showFigures(shown, delay.mean);
  showStages(shown.breakdown_ms);
}

function showWords() {
  lastWords = Date.now();
  const words = result.faces.map((face) => `face ${face.id} ${answer(face)}`).join(", ");
  byId("picture").setAttribute("aria-label", words ? `Picture: ${words}` : "Picture without a face");
}

// With several faces the one whose scores are shown is marked in the picture.
function highlight() {
  picture.chosen = faces.faces.length > 1 ? faces.face?.id ?? null : null;
  if (document.body.dataset.state !== "live") picture.redraw();
}

// The cookie is set, so the token can be removed from the address bar, where others could read it.
function hideToken() {
  if (location.search) history.replaceState(null, "", location.pathname);
}
