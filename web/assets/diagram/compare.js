// Two versions of a drawing side by side: what differs is coloured and signed, and both move together.
import Viewer from "bpmn-js/lib/NavigatedViewer";
import { fill } from "../page/older.js";
import { around, besides, middleOf } from "./places.js";

const SIGNS = { added: "＋", removed: "－", changed: "≠", moved: "⇄" };
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
    this.viewer.get("overlays").add(id, { position: besides(element), scale: { min: 0.6 }, html: sign });
  }

  fit() {
    this.viewer?.get("canvas").zoom("fit-viewport", "auto");
  }

  show(id) {
    const canvas = this.viewer?.get("canvas");
    const element = this.viewer?.get("elementRegistry").get(id);
    if (!element) return;
    canvas.zoom(0.8);
    canvas.viewbox(around(middleOf(element), canvas.viewbox()));
    if (this.shown) canvas.removeMarker(this.shown, "diff-shown");
    canvas.addMarker((this.shown = id), "diff-shown");
  }
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
