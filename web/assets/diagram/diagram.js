// Draws the case's diagram with its tokens; the step list beside it says the same without a picture.
import Viewer from "bpmn-js/lib/NavigatedViewer";
import { around, middleOf } from "./places.js";

async function draw(box) {
  const panel = box.parentElement;
  const viewer = new Viewer({ container: box });
  const here = JSON.parse(box.dataset.here);
  const done = JSON.parse(box.dataset.done);
  let present = null;
  const open = async (url) => {
    const answer = await fetch(url, { credentials: "same-origin" });
    if (!answer.ok) throw new Error(String(answer.status));
    await viewer.importXML(await answer.text());
    present = mark(viewer, here, done);
    box.querySelectorAll("svg").forEach((svg) => svg.setAttribute("aria-label", "流程图"));
    box.dataset.state = "ready";
  };
  panel
    .querySelector("[data-fit]")
    ?.addEventListener("click", () => viewer.get("canvas").zoom("fit-viewport", "auto"));
  panel.querySelector("[data-near]")?.addEventListener("click", () => present?.());
  const tabs = panel.querySelectorAll("[data-drawing]");
  for (const tab of tabs)
    tab.addEventListener("click", () => {
      tabs.forEach((other) => other.setAttribute("aria-selected", String(other === tab)));
      box.dataset.state = "loading";
      open(tab.dataset.drawing).catch(() => (box.dataset.state = "failed"));
    });
  await open(box.dataset.diagram);
}

// Marks tokens and finished steps; answers how to show where the case stands.
function mark(viewer, here, done) {
  const canvas = viewer.get("canvas");
  const registry = viewer.get("elementRegistry");
  const overlays = viewer.get("overlays");
  for (const id of done) if (registry.get(id)) canvas.addMarker(id, "done");
  for (const id of here) {
    if (!registry.get(id)) continue;
    canvas.addMarker(id, "here");
    overlays.add(id, { position: { top: -14, left: 0 }, html: '<span class="token-mark">在此</span>' });
  }
  const near = () => show(canvas, registry, here);
  near();
  return near;
}

// The whole diagram is wide: begin where the case stands, at a size that can be read.
function show(canvas, registry, here) {
  const at = here.map((id) => registry.get(id)).find(Boolean);
  canvas.zoom(at ? 0.75 : "fit-viewport", "auto");
  if (!at) return;
  canvas.viewbox(around(middleOf(at), canvas.viewbox()));
}

for (const box of document.querySelectorAll("[data-diagram]")) {
  const holder = box.closest("details");
  const start = () => {
    if (box.dataset.state) return;
    box.dataset.state = "loading";
    draw(box).catch(() => {
      box.dataset.state = "failed";
      box.textContent = "流程图没有打开，请刷新重试。";
    });
  };
  if (!holder || holder.open) start();
  else holder.addEventListener("toggle", start);
}
