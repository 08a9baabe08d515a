// The handbook on paper: every drawing on a page of its own, and every form unfolded.
import Viewer from "bpmn-js/lib/NavigatedViewer";
import "./diagram.js";

async function picture(figure) {
  const answer = await fetch(figure.dataset.picture, { credentials: "same-origin" });
  if (!answer.ok) return;
  const stage = document.body.appendChild(Object.assign(
    document.createElement("div"),
    { className: "stage" },
  ));
  const viewer = new Viewer({ container: stage });
  try {
    await viewer.importXML(await answer.text());
    const { svg } = await viewer.saveSVG();
    const drawn = new DOMParser().parseFromString(svg, "image/svg+xml").documentElement;
    for (const name of ["width", "height"]) drawn.removeAttribute(name);
    figure.append(document.importNode(drawn, true));
  } finally {
    viewer.destroy();
    stage.remove();
  }
}

async function pictures() {
  for (const figure of document.querySelectorAll("[data-picture]")) await picture(figure);
  document.documentElement.dataset.pictures = "ready";
}

let folded = [];
window.addEventListener("beforeprint", () => {
  folded = [...document.querySelectorAll(".handbook details:not([open])")];
  for (const details of folded) details.open = true;
});
window.addEventListener("afterprint", () => {
  for (const details of folded) details.open = false;
});
window.addEventListener("load", pictures);
