// Two versions of a drawing side by side: what differs is coloured and signed, and both move together.
import Viewer from "bpmn-js/lib/NavigatedViewer";

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
    this.container.replaceChildren();
    if (!url) return;
    const answer = await fetch(url, { credentials: "same-origin" });
    if (!answer.ok) throw new Error(String(answer.status));
    this.viewer = new Viewer({ container: this.container });
    await this.viewer.importXML(await answer.text());
    for (const { id, kind } of marks) this.mark(id, kind);
  }

  mark(id, kind) {
    if (!this.viewer.get("elementRegistry").get(id)) return;
    this.viewer.get("canvas").addMarker(id, `diff-${kind}`);
    const sign = `<div class="diff-sign" aria-hidden="true">${SIGNS[kind]}</div>`;
    this.viewer.get("overlays").add(id, { position: { top: -12, right: 10 }, html: sign });
  }

  show(id) {
    const canvas = this.viewer?.get("canvas");
    const element = this.viewer?.get("elementRegistry").get(id);
    if (!element) return;
    const middle = element.waypoints ? element.waypoints[Math.floor(element.waypoints.length / 2)] : { x: element.x + element.width / 2, y: element.y + element.height / 2 };
    canvas.zoom(0.8);
    const view = canvas.viewbox();
    canvas.viewbox({ ...view, x: middle.x - view.width / 2, y: middle.y - view.height / 2 });
    if (this.shown) canvas.removeMarker(this.shown, "diff-shown");
    canvas.addMarker((this.shown = id), "diff-shown");
  }
}

async function start() {
  const marks = JSON.parse(box.dataset.marks);
  const sides = ["left", "right"].map((name) => new Side(box.querySelector(`[data-side=${name}]`)));
  const tabs = [...box.querySelectorAll("[data-part]")];
  let present = "";

  const open = async (tab) => {
    for (const other of tabs) other.setAttribute("aria-selected", String(other === tab));
    box.dataset.state = "loading";
    await Promise.all([sides[0].open(tab.dataset.left, marks), sides[1].open(tab.dataset.right, marks)]);
    present = tab.dataset.part;
    together(sides);
    for (const side of sides) side.viewer?.get("canvas").zoom("fit-viewport", "auto");
    box.dataset.state = "ready";
  };
  for (const tab of tabs) tab.addEventListener("click", () => open(tab));
  for (const link of document.querySelectorAll("[data-element]"))
    link.addEventListener("click", async () => {
      if (link.dataset.drawing && link.dataset.drawing !== present) await open(tabs.find((tab) => tab.dataset.part === link.dataset.drawing));
      for (const side of sides) side.show(link.dataset.element);
      box.scrollIntoView({ behavior: "smooth", block: "start" });
    });
  await open(tabs[0]);
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
