// Two versions of a drawing side by side: what differs is coloured and signed, and both move together.
import Viewer from "bpmn-js/lib/NavigatedViewer";
import { fill } from "../page/older.js";

const SIGNS = { added: "＋", removed: "－", changed: "≠", moved: "⇄" };
const SIZE = 20; // of a sign, as compare.css has it
const box = document.querySelector("[data-compare]");

class Side {
  constructor(container) {
    this.container = container;
    this.viewer = null;
  }

  async open(url, marks) {
    this.viewer?.destroy();
    this.viewer = this.shown = null;
    fill(this.container);
    if (!url) return;
    const answer = await fetch(url, { credentials: "same-origin" });
    if (!answer.ok) throw new Error(String(answer.status));
    this.viewer = new Viewer({ container: this.container });
    await this.viewer.importXML(await answer.text());
    for (const { id, kind } of marks) this.mark(id, kind);
  }

  mark(id, kind) {
    const element = this.viewer.get("elementRegistry").get(id);
    if (!element) return;
    this.viewer.get("canvas").addMarker(id, `diff-${kind}`);
    const sign = `<div class="diff-sign" aria-hidden="true">${SIGNS[kind]}</div>`;
    this.viewer.get("overlays").add(id, { position: beside(element), scale: { min: 0.6 }, html: sign });
  }

  fit() {
    this.viewer?.get("canvas").zoom("fit-viewport", "auto");
  }

  show(id) {
    const canvas = this.viewer?.get("canvas");
    const element = this.viewer?.get("elementRegistry").get(id);
    if (!element) return;
    const middle = element.waypoints
      ? halfway(element.waypoints)
      : { x: element.x + element.width / 2, y: element.y + element.height / 2 };
    canvas.zoom(0.8);
    const view = canvas.viewbox();
    canvas.viewbox({ ...view, x: middle.x - view.width / 2, y: middle.y - view.height / 2 });
    if (this.shown) canvas.removeMarker(this.shown, "diff-shown");
    canvas.addMarker((this.shown = id), "diff-shown");
  }
}

// Where an element's sign stands: on a task's corner; beside an event or gateway, away from its name; amid a
// connection.
function beside(element) {
  if (element.waypoints) {
    const middle = halfway(element.waypoints);
    const left = Math.min(...element.waypoints.map((point) => point.x));
    const top = Math.min(...element.waypoints.map((point) => point.y));
    return { left: middle.x - left - SIZE / 2, top: middle.y - top - SIZE / 2 };
  }
  if (element.width > 60) return { top: -SIZE / 2, left: element.width - SIZE };
  const named = element.labels?.[0];
  const below = named && named.y < element.y;
  return { left: element.width - 2, top: below ? element.height - 4 : 4 - SIZE };
}

// The point in the middle of a connection's longest stretch.
function halfway(points) {
  let best = { length: -1 };
  for (let place = 1; place < points.length; place += 1) {
    const [from, to] = [points[place - 1], points[place]];
    const length = Math.hypot(to.x - from.x, to.y - from.y);
    if (length > best.length) best = { length, x: (from.x + to.x) / 2, y: (from.y + to.y) / 2 };
  }
  return best;
}

async function start() {
  const marks = JSON.parse(box.dataset.marks);
  const sides = ["left", "right"].map((name) => new Side(box.querySelector(`[data-side=${name}]`)));
  const tabs = [...box.querySelectorAll("[data-part]")];
  const links = [...document.querySelectorAll("[data-element]")];
  let present = "";

  const open = async (tab) => {
    for (const other of tabs) other.setAttribute("aria-selected", String(other === tab));
    box.dataset.state = "loading";
    await Promise.all([sides[0].open(tab.dataset.left, marks), sides[1].open(tab.dataset.right, marks)]);
    present = tab.dataset.part;
    together(sides);
    for (const side of sides) side.fit();
    box.dataset.state = "ready";
  };
  const go = async (link) => {
    if (link.dataset.drawing && link.dataset.drawing !== present)
      await open(tabs.find((tab) => tab.dataset.part === link.dataset.drawing));
    for (const side of sides) side.show(link.dataset.element);
    for (const other of links) other.classList.toggle("shown", other === link);
    at = links.indexOf(link);
  };
  const step = (by) => links.length && go(links[(at + by + links.length) % links.length]);
  let at = -1;
  for (const tab of tabs) tab.addEventListener("click", () => open(tab));
  for (const link of links)
    link.addEventListener("click", async () => {
      await go(link);
      box.scrollIntoView({ behavior: "smooth", block: "start" });
    });
  box.querySelector("[data-next]").addEventListener("click", () => step(1));
  box.querySelector("[data-before]").addEventListener("click", () => step(at < 0 ? 0 : -1));
  box.querySelector("[data-fit]").addEventListener("click", () => sides.forEach((side) => side.fit()));
  await open(tabs[0]);
  if (links[0]?.dataset.drawing === present) await go(links[0]);
}

// What one side shows, the other shows too.
function together(sides) {
  let following = false;
  const canvases = sides.map((side) => side.viewer?.get("canvas"));
  sides.forEach((side, place) => {
    side.viewer?.on("canvas.viewbox.changed", ({ viewbox }) => {
      const other = canvases[1 - place];
      if (following || !other) return;
      following = true;
      other.viewbox({ x: viewbox.x, y: viewbox.y, width: viewbox.width, height: viewbox.height });
      following = false;
    });
  });
}

if (box)
  start().catch(() => {
    box.dataset.state = "failed";
  });
