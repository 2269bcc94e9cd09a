// Speed: what a user wants first, and where a frame's time goes as one bar whose parts add up.

import { byId, element } from "./dom.js";

const WORDS = {
  read: "wait for the camera",
  detect: "find faces",
  track: "follow faces",
  crop: "cut faces out",
  classify: "name expressions",
  other: "outputs and the rest",
  frame: "from frame to frame",
};

// `delay` is in milliseconds from a frame's capture until it was shown; null if it is not known.
export function showFigures({ fps, temperature }, delay) {
  const figures = [
    ["Frames/s", fps.toFixed(1)],
    ["Delay", delay === null ? null : `${Math.round(delay)} ms`],
    ["Temperature", temperature === null ? null : `${Math.round(temperature)} °C`],
  ];
  const known = figures.filter(([, value]) => value !== null);
  byId("figures").replaceChildren(...known.map(([name, value]) => {
    const figure = element("div");
    figure.append(element("dt", "", name), element("dd", "", value));
    return figure;
  }));
}

// Show the mean milliseconds from one frame to the next, by stage in the order of a frame's way.
export function showStages(breakdown) {
  if (!byId("stages-details").open) return;
  const parts = Object.entries(breakdown).map(([stage, milliseconds]) => [stage, Number(milliseconds.toFixed(1))]);
  byId("stack").replaceChildren(...parts.map(([stage, milliseconds]) => {
    const part = element("span", `part stage-${stage}`);
    part.style.flexGrow = milliseconds;
    return part;
  }));
  const sum = parts.reduce((before, [, milliseconds]) => before + milliseconds, 0);
  const rows = [...parts.map(([stage, milliseconds]) => stageRow(stage, milliseconds)), stageRow("frame", sum)];
  byId("stages").tBodies[0].replaceChildren(...rows);
}

function stageRow(stage, milliseconds) {
  const row = element("tr");
  const name = element("th");
  name.scope = "row";
  if (stage !== "frame") name.append(element("span", `swatch stage-${stage}`));
  name.append(WORDS[stage] ?? stage);
  row.append(name, element("td", "", `${milliseconds.toFixed(1)} ms`));
  return row;
}
