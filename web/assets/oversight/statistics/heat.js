// Draws the figures on the diagram: how much waits and how long it takes at each element, how many went along
// each flow. The table below says the same without a picture.
import Viewer from "bpmn-js/lib/NavigatedViewer";

import { DEGREES, beginning, degree, largest, shareInWords, thickness } from "./figures.js";

const LEGIBLE = { min: 0.8 };

async function draw(box) {
  const panel = box.parentElement;
  const figures = JSON.parse(box.dataset.heat);
  const viewer = new Viewer({ container: box });
  let by = "waiting";
  const open = async (url) => {
    const answer = await fetch(url, { credentials: "same-origin" });
    if (!answer.ok) throw new Error(String(answer.status));
    await viewer.importXML(await answer.text());
    badge(viewer, figures.nodes);
    thicken(viewer, figures.ways);
    colour(viewer, figures.nodes, by);
    fit();
    box.querySelectorAll("svg").forEach((svg) => svg.setAttribute("aria-label", "流程图，数字见下表"));
    box.dataset.state = "ready";
  };
  const fit = () => viewer.get("canvas").zoom("fit-viewport", "auto");
  panel.querySelector("[data-fit]")?.addEventListener("click", fit);
  const choices = panel.querySelectorAll("[data-by]");
  for (const choice of choices)
    choice.addEventListener("click", () => {
      by = choice.dataset.by;
      choices.forEach((one) => one.setAttribute("aria-pressed", String(one === choice)));
      colour(viewer, figures.nodes, by);
    });
  const tabs = panel.querySelectorAll("[data-drawing]");
  for (const tab of tabs)
    tab.addEventListener("click", () => {
      tabs.forEach((other) => other.setAttribute("aria-selected", String(other === tab)));
      open(tab.dataset.drawing).catch(() => failed(box));
    });
  await open(tabs[0].dataset.drawing);
}

function failed(box) {
  box.dataset.state = "failed";
  box.textContent = "流程图没有打开，请刷新重试。";
}

// Small flags on the elements: what waits, what of it is late, and the times.
function badge(viewer, nodes) {
  const registry = viewer.get("elementRegistry");
  const overlays = viewer.get("overlays");
  for (const [id, node] of Object.entries(nodes)) {
    const shape = registry.get(id);
    if (!shape) continue;
    if (node.waiting || node.shared)
      overlays.add(id, { position: { top: 0, left: 0 }, scale: LEGIBLE, html: flag(node) });
    if (node.timed)
      overlays.add(id, {
        position: { bottom: 3, left: Math.min(0, (shape.width - 116) / 2) },
        show: { minZoom: 0.6 },
        html: text("times", `${node.median}·${node.nine}`),
      });
  }
}

function flag(node) {
  const box = document.createElement("span");
  box.className = "flags";
  if (node.waiting) box.append(text("waits", node.waiting.toLocaleString("zh-CN")));
  if (node.red) box.append(text("waits red", `▲${node.red.toLocaleString("zh-CN")}`));
  if (node.shared) box.append(text("waits shared", `共用 ${node.shared.toLocaleString("zh-CN")}`));
  return box;
}

function text(name, words) {
  const span = document.createElement("span");
  span.className = name;
  span.textContent = words;
  return span;
}

// Degrees of colour, by what each has of the figure.
function colour(viewer, nodes, by) {
  const registry = viewer.get("elementRegistry");
  const canvas = viewer.get("canvas");
  const values = Object.entries(nodes)
    .filter(([id]) => registry.get(id))
    .map(([id, node]) => [id, node[by] || 0]);
  const most = largest(values.map(([, value]) => value));
  for (const [id, value] of values) {
    for (let each = 1; each <= DEGREES; each += 1) canvas.removeMarker(id, `heat-${each}`);
    const found = degree(value, most);
    if (found) canvas.addMarker(id, `heat-${found}`);
  }
}

function thicken(viewer, ways) {
  const registry = viewer.get("elementRegistry");
  const overlays = viewer.get("overlays");
  const most = largest(Object.values(ways).map((way) => way.count));
  registry.forEach((element, graphics) => {
    if (element.type !== "bpmn:SequenceFlow") return;
    const way = ways[element.id];
    const path = graphics.querySelector(".djs-visual path");
    if (!path) return;
    graphics.classList.add(way ? "gone" : "ungone");
    if (!way) return;
    path.style.strokeWidth = `${thickness(way.count, most)}px`;
    if (way.share !== null) {
      overlays.add(element.id, {
        position: beginning(element.waypoints),
        scale: LEGIBLE,
        html: text("share", shareInWords(way.share)),
      });
    }
  });
}

for (const box of document.querySelectorAll("[data-heat]"))
  if (box.offsetParent) draw(box).catch(() => failed(box));
