// Draws the case's diagram with its tokens; the step list beside it says the same without a picture.
import Viewer from "bpmn-js/lib/NavigatedViewer";

async function draw(box) {
  const answer = await fetch(box.dataset.diagram, { credentials: "same-origin" });
  if (!answer.ok) throw new Error(String(answer.status));
  const viewer = new Viewer({ container: box });
  await viewer.importXML(await answer.text());
  const canvas = viewer.get("canvas");
  const registry = viewer.get("elementRegistry");
  const overlays = viewer.get("overlays");
  const here = JSON.parse(box.dataset.here);
  for (const id of JSON.parse(box.dataset.done)) if (registry.get(id)) canvas.addMarker(id, "done");
  for (const id of here) {
    if (!registry.get(id)) continue;
    canvas.addMarker(id, "here");
    overlays.add(id, { position: { top: -14, left: 0 }, html: '<span class="token-mark">在此</span>' });
  }
  show(canvas, registry, here);
  box.dataset.state = "ready";
  box.querySelectorAll("svg").forEach((svg) => svg.setAttribute("aria-label", "流程图"));
  box.parentElement.querySelector("[data-fit]")?.addEventListener("click", () => canvas.zoom("fit-viewport", "auto"));
  box.parentElement.querySelector("[data-near]")?.addEventListener("click", () => show(canvas, registry, here));
}

// The whole diagram is wide: begin where the case stands, at a size that can be read.
function show(canvas, registry, here) {
  const at = here.map((id) => registry.get(id)).find(Boolean);
  canvas.zoom(at ? 0.75 : "fit-viewport", "auto");
  if (!at) return;
  const view = canvas.viewbox();
  canvas.viewbox({ ...view, x: at.x + at.width / 2 - view.width / 2, y: at.y + at.height / 2 - view.height / 2 });
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
