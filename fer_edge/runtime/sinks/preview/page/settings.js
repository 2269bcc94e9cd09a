// Threshold and smoothing, changed while the program runs.

import { byId, percent } from "./dom.js";

const NOTE = "For all outputs, until fer-edge ends; nothing is saved.";
const WAIT_MS = 200; // a slider that is dragged sends where it rests
const CONTROLS = [
  ["threshold", "threshold", percent],
  ["smoothing", "smoothing_s", (seconds) => `${Number(seconds).toFixed(2)} s`],
];

let timer = 0;
let waiting = {};
let started = null;

for (const [id, member, words] of CONTROLS) {
  byId(id).addEventListener("input", () => {
    byId(`${id}-value`).textContent = words(byId(id).value);
    waiting[member] = Number(byId(id).value);
    clearTimeout(timer);
    timer = setTimeout(sendWaiting, WAIT_MS);
  });
}
byId("reset").addEventListener("click", () => send(started));

// Show the server's settings, unless somebody is changing them here.
export function showSettings(settings) {
  byId("settings").hidden = !settings.adjustable;
  started = settings.at_start;
  if (byId("settings").contains(document.activeElement) && document.activeElement.type === "range") return;
  put(settings);
}

function put(settings) {
  for (const [id, member, words] of CONTROLS) {
    const slider = byId(id);
    slider.max = Math.max(slider.max, settings[member]);
    slider.value = settings[member];
    byId(`${id}-value`).textContent = words(settings[member]);
  }
}

function sendWaiting() {
  const change = waiting;
  waiting = {};
  send(change);
}

async function send(change) {
  const request = { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(change) };
  try {
    const response = await fetch("api/settings", request);
    byId("settings-note").textContent = response.ok ? NOTE : `Not changed: ${(await response.text()).trim()}`;
    if (response.ok) put(await response.json());
  } catch {
    byId("settings-note").textContent = "Not changed: fer-edge does not answer.";
  }
}
