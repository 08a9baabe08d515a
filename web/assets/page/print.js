// Paper does not scroll: before printing, every box that people type into is replaced by all that stands in
// it.
import { dayInWords, isLong } from "./paper.js";

const BOXES =
  "main textarea, main select, main input[type=text], main input[type=date], main input:not([type])";

export function printsAll() {
  addEventListener("beforeprint", unfold);
  addEventListener("afterprint", fold);
}

// What is folded as an annex is printed unfolded, at the end.
function unfold() {
  fold();
  for (const annex of document.querySelectorAll("details.annex:not([open])")) {
    annex.classList.add("unfolded");
    annex.open = true;
  }
  for (const box of document.querySelectorAll(BOXES)) {
    const words = saidIn(box);
    const printed = Object.assign(document.createElement("div"), {
      className: "form-control printed",
      textContent: words,
    });
    box.classList.add("mirrored");
    box.after(printed);
    box.closest(".field")?.classList.toggle("long", isLong(words));
  }
}

function fold() {
  for (const annex of document.querySelectorAll("details.unfolded")) {
    annex.classList.remove("unfolded");
    annex.open = false;
  }
  for (const printed of document.querySelectorAll(".printed")) printed.remove();
  for (const box of document.querySelectorAll(".mirrored")) box.classList.remove("mirrored");
}

// What was not chosen is left blank, for a pen. Dates are written as people here write them, whatever the
// browser speaks.
function saidIn(box) {
  if (box.type === "date") return dayInWords(box.value);
  if (box.tagName !== "SELECT") return box.value;
  return box.value === "" ? "" : (box.selectedOptions[0]?.textContent ?? "");
}
