// Rules of a form while one types: the sentence of each rule that is broken stands at its field. The server
// judges again.
import { fill } from "../page/older.js";
import { broken } from "./broken.js";

// `names` answers the values that a rule at the node sees.
export function judge(form, names) {
  for (const node of form.querySelectorAll("[data-rules]")) {
    const rules = node.closest("[hidden]") ? [] : JSON.parse(node.dataset.rules);
    show(node, rules.length ? broken(rules, names(node)) : []);
  }
}

function show(node, found) {
  const box = boxOf(node, found.length > 0);
  if (!box) return;
  const shown = node.querySelectorAll(":scope > .wrong, :scope > .field > .wrong");
  const told = [...shown].map((one) => one.textContent);
  const fresh = found.filter((sentence) => !told.some((one) => one.endsWith(sentence)));
  fill(box, ...fresh.map(line));
  node.classList.toggle("has-live-error", found.length > 0);
}

const line = (sentence) =>
  Object.assign(document.createElement("div"), { className: "wrong", textContent: sentence });

// Where the sentences of a field stand; made where it is `needed`.
function boxOf(node, needed) {
  const present = node.querySelector(":scope > .live-wrong");
  if (present || !needed) return present;
  const box = Object.assign(document.createElement("div"), { className: "live-wrong field" });
  box.setAttribute("role", "status");
  if (node.matches("fieldset")) node.querySelector("legend").after(box);
  else node.append(box);
  return box;
}
