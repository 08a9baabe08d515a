// Rules of a form while one types: the sentence of each rule that is broken stands at its field. The server
// judges again.
import { evaluate } from "../feel/feel.js";
import { fill } from "../page/older.js";

// `names` answers the values that a rule at the node sees.
export function judge(form, names) {
  for (const node of form.querySelectorAll("[data-rules]")) {
    const broken = node.closest("[hidden]") ? [] : sentences(node, names(node));
    show(node, broken);
  }
}

function sentences(node, values) {
  const found = [];
  for (const { test, sentence, needs } of JSON.parse(node.dataset.rules)) {
    if (needs.some((name) => values[name] === null || values[name] === undefined || values[name] === ""))
      continue;
    try {
      if (evaluate(test, values) === false) found.push(sentence);
    } catch {
      continue; // beyond the small evaluator: the server says it
    }
  }
  return [...new Set(found)];
}

function show(node, broken) {
  let box = node.querySelector(":scope > .live-wrong");
  if (!box && !broken.length) return;
  if (!box) {
    box = Object.assign(document.createElement("div"), { className: "live-wrong field" });
    box.setAttribute("role", "status");
    node.matches("fieldset") ? node.querySelector("legend").after(box) : node.append(box);
  }
  const told = [
    ...node.querySelectorAll(":scope > .wrong, :scope > .field > .wrong")
  ].map((one) => one.textContent);
  const fresh = broken.filter((sentence) => !told.some((one) => one.endsWith(sentence)));
  fill(
    box,
    ...fresh.map((sentence) => Object.assign(
      document.createElement("div"),
      { className: "wrong", textContent: sentence },
    ))
  );
  node.classList.toggle("has-live-error", broken.length > 0);
}
