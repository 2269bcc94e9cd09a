// The buttons below the picture, and their keys while the picture has the focus.

import { byId, save } from "./dom.js";

const FROM_MEMORY = "A result a second and each change, as far back as fer-edge remembers; for all results run it with";

// `does` holds what the buttons do: pause(on), boxes(on), snapshot() and step(by), largest().
export function wireControls(does) {
  byId("pause").addEventListener("click", () => switchPause(does.pause));
  toggle("boxes", does.boxes);
  byId("snapshot").addEventListener("click", async () => {
    const blob = await does.snapshot();
    if (blob) save(blob, `${fileName(byId("camera").textContent)}-${stamp()}.png`);
  });
  byId("full").addEventListener("click", switchFullScreen);
  byId("picture-panel").addEventListener("keydown", (event) => press(event, does));
  document.addEventListener("keydown", (event) => {
    if (event.target === document.body) choose(event, does);
  });
  for (const menu of document.querySelectorAll(".toolbar details")) closeByItself(menu);
}

export function showDownloads(log) {
  byId("downloads").hidden = false;
  const missing = [["jsonl", "--jsonl"], ["csv", "--csv"]].filter(([kind]) => log[kind] === "memory");
  byId("log-note").textContent = missing.length ? `${FROM_MEMORY} ${missing.map(([, option]) => option).join(" or ")}.` : "";
}

function toggle(id, action) {
  const button = byId(id);
  button.addEventListener("click", () => {
    const on = button.getAttribute("aria-pressed") !== "true";
    button.setAttribute("aria-pressed", on);
    action(on);
  });
}

// A button that is named for what it does next.
function switchPause(pause) {
  const button = byId("pause");
  const on = button.toggleAttribute("data-on");
  const word = on ? "Resume" : "Pause";
  button.querySelector(".word").textContent = word;
  button.title = `${word} (p)`;
  pause(on);
}

function switchFullScreen() {
  if (document.fullscreenElement) document.exitFullscreen();
  else byId("picture-panel").requestFullscreen?.();
}

function press(event, does) {
  if (event.target.matches("input, select") || event.ctrlKey || event.altKey || event.metaKey) return;
  const button = { p: "pause", s: "snapshot", f: "full", b: "boxes" }[event.key];
  if (button) byId(button).click();
  else choose(event, does);
}

function choose(event, does) {
  if (event.key === "ArrowLeft") does.step(-1);
  else if (event.key === "ArrowRight") does.step(1);
  else if (event.key === "Escape") does.largest();
}

// A menu closes by Escape, by a click elsewhere, and when the focus leaves it.
function closeByItself(menu) {
  menu.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !menu.open) return;
    event.stopPropagation();
    menu.open = false;
    menu.querySelector("summary").focus();
  });
  document.addEventListener("pointerdown", (event) => {
    if (!menu.contains(event.target)) menu.open = false;
  });
  menu.addEventListener("focusout", (event) => {
    if (event.relatedTarget && !menu.contains(event.relatedTarget)) menu.open = false;
  });
}

const fileName = (text) => text.replace(/[^\p{L}\p{N}]+/gu, "-").replace(/^-|-$/g, "") || "fer-edge";

function stamp() {
  const now = new Date(Date.now() - new Date().getTimezoneOffset() * 60000);
  return now.toISOString().slice(0, 19).replace(/[:T]/g, "-");
}
