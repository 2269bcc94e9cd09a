// Small pieces that every part of the page uses: elements, percent, times of day.

import { UNCERTAIN } from "./colours.js";

export const byId = (id) => document.getElementById(id);

export function element(name, className = "", text = "") {
  const made = document.createElement(name);
  if (className) made.className = className;
  made.textContent = text;
  return made;
}

export const percent = (share) => `${Math.round(share * 100)}%`;

// Return a label with its share; UNCERTAIN has none, as the highest score is that of another label.
export const answer = ({ label, score }) => (label === UNCERTAIN ? label : `${label} ${percent(score)}`);

export function timeOfDay(seconds) {
  return new Date(seconds * 1000).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit", second: "2-digit" });
}

// Return a time as words of a sentence, such as "3 min 20 s".
export function duration(seconds) {
  const whole = Math.max(0, Math.round(seconds));
  const [hours, minutes, rest] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const parts = [[hours, "h"], [minutes, "min"], [hours ? 0 : rest, "s"]];
  return parts.filter(([value]) => value).map(([value, unit]) => `${value} ${unit}`).join(" ") || "0 s";
}

export function save(blob, name) {
  const link = element("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}
