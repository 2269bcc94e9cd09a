"use strict";

// Read-out of the timelines, and sorting, finding and unfolding of an archive's lines.

const labels = document.body.dataset.labels.split("\n");
const tip = document.getElementById("tip");

function clock(seconds, places) {
  const units = Math.round(seconds * 10 ** places);
  const whole = Math.floor(units / 10 ** places);
  const two = (value) => String(value).padStart(2, "0");
  const [hours, minutes] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60];
  const text = hours ? `${hours}:${two(minutes)}:${two(whole % 60)}` : `${minutes}:${two(whole % 60)}`;
  return places ? `${text}.${String(units % 10 ** places).padStart(places, "0")}` : text;
}

// Spans as the page's maker wrote them: "<first bin>+<bins>:<label's index>:<score in percent>".
function spansOf(strip) {
  return (strip.dataset.spans || "").split(" ").filter(Boolean).map((text) => {
    const [start, length, label, score] = text.split(/[+:]/).map(Number);
    return { start, end: start + length, label: labels[label], score };
  });
}

function scaleOf(strip) {
  const { bins, duration } = strip.closest(".timelines").dataset;
  return { bins: Number(bins), duration: Number(duration), places: duration < 600 ? 1 : 0 };
}

function wordsAt(strip, bin) {
  const { bins, duration, places } = scaleOf(strip);
  const time = (position) => clock((position / bins) * duration, places);
  const span = spansOf(strip).find((each) => each.start <= bin && bin < each.end);
  if (!span) return `${time(bin)}  not seen`;
  return `${time(span.start)}\u2013${time(span.end)}  ${span.label} ${span.score}%`;
}

function show(strip, bin) {
  const { bins, duration, places } = scaleOf(strip);
  const at = Math.min(Math.max(bin, 0), bins - 1);
  const words = wordsAt(strip, at);
  strip.style.setProperty("--cursor", `${(100 * (at + 0.5)) / bins}%`);
  strip.dataset.bin = at;
  strip.classList.add("read");
  strip.setAttribute("aria-valuenow", ((at / bins) * duration).toFixed(places));
  strip.setAttribute("aria-valuetext", words);
  tip.textContent = words;
  tip.hidden = false;
  const box = strip.getBoundingClientRect();
  const half = tip.offsetWidth / 2;
  const middle = box.left + (box.width * (at + 0.5)) / bins;
  const left = Math.min(Math.max(middle, half + 4), document.documentElement.clientWidth - half - 4);
  tip.style.left = `${left + window.scrollX - half}px`;
  tip.style.top = `${box.top + window.scrollY - tip.offsetHeight - 6}px`;
}

function hide(strip) {
  strip.classList.remove("read");
  tip.hidden = true;
}

// The next or the last bin at which something begins, so that an arrow key goes from span to span.
function neighbour(strip, bin, step) {
  const edges = spansOf(strip).flatMap((span) => [span.start, span.end]);
  const within = [...new Set(edges)].filter((edge) => edge < scaleOf(strip).bins).sort((a, b) => a - b);
  const found = step > 0 ? within.find((edge) => edge > bin) : within.reverse().find((edge) => edge < bin);
  return found === undefined ? bin : found;
}

function onKey(event) {
  const strip = event.currentTarget;
  const { bins } = scaleOf(strip);
  const bin = Number(strip.dataset.bin || 0);
  const targets = {
    ArrowRight: () => neighbour(strip, bin, 1),
    ArrowUp: () => neighbour(strip, bin, 1),
    ArrowLeft: () => neighbour(strip, bin, -1),
    ArrowDown: () => neighbour(strip, bin, -1),
    PageUp: () => bin + bins / 10,
    PageDown: () => bin - bins / 10,
    Home: () => 0,
    End: () => bins - 1,
  };
  if (event.key === "Escape") hide(strip);
  if (!(event.key in targets)) return;
  event.preventDefault();
  show(strip, Math.round(targets[event.key]()));
}

function makeReadable(strip) {
  const first = spansOf(strip)[0];
  const attributes = { role: "slider", tabindex: "0", "aria-valuemin": "0", "aria-valuenow": "0" };
  for (const [name, value] of Object.entries(attributes)) strip.setAttribute(name, value);
  strip.setAttribute("aria-valuemax", scaleOf(strip).duration.toFixed(1));
  strip.setAttribute("aria-valuetext", wordsAt(strip, 0));
  strip.dataset.bin = first ? first.start : 0;
  const point = (event) => {
    const box = strip.getBoundingClientRect();
    show(strip, Math.floor(((event.clientX - box.left) / box.width) * scaleOf(strip).bins));
  };
  strip.addEventListener("pointermove", point);
  strip.addEventListener("pointerdown", point);
  strip.addEventListener("pointerleave", () => hide(strip));
  strip.addEventListener("focus", () => strip.matches(":focus-visible") && show(strip, Number(strip.dataset.bin)));
  strip.addEventListener("blur", () => hide(strip));
  strip.addEventListener("keydown", onKey);
}

function manageArchive(list) {
  const lines = [...list.children];
  const [sort, find, unfold] = ["sort", "find", "unfold"].map((id) => document.getElementById(id));
  const found = document.getElementById("found");
  const shown = () => lines.filter((line) => !line.hidden);

  sort.addEventListener("change", () => {
    const key = sort.value;
    const byName = (a, b) => a.dataset.name.localeCompare(b.dataset.name, undefined, { numeric: true });
    const orders = { order: () => 0, name: byName };
    list.append(...[...lines].sort(orders[key] || ((a, b) => b.dataset[key] - a.dataset[key])));
  });
  find.addEventListener("input", () => {
    const wanted = find.value.toLowerCase();
    for (const line of lines) line.hidden = !line.dataset.name.toLowerCase().includes(wanted);
    found.textContent = wanted ? `${shown().length} of ${lines.length}` : "";
  });
  unfold.addEventListener("click", () => {
    const open = !shown().every((line) => line.open);
    for (const line of shown()) line.open = open;
    unfold.textContent = open ? "Fold all" : "Unfold all";
  });
  document.querySelector(".controls").hidden = false;
}

document.querySelectorAll(".strip").forEach(makeReadable);
const videos = document.getElementById("videos");
if (videos) manageArchive(videos);
