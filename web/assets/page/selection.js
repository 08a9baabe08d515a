// Choosing items of a list for one act. A choice outlives turning the page; without this script one page can
// be chosen, or all that match the filter.
import { Choice, nameOf } from "./choice.js";

const PREFIX = "list:";

// The inbox: rows ticked on any page, or every item that matches the filter without those that were unticked.
export function selectOnList(form) {
  const key = PREFIX + nameOf(JSON.parse(form.dataset.list));
  const boxes = [...form.querySelectorAll("input[name=id]:not([disabled])")];
  const [page, every] = ["[data-select-all]", "[data-select-every]"].map((one) => form.querySelector(one));
  const choice = Choice.from(sessionStorage.getItem(key), every);

  const show = () => {
    for (const box of boxes) box.checked = choice.has(box.value);
    tickAll(page, boxes);
    if (every) every.checked = choice.every;
    const count = choice.count(Number(form.dataset.total));
    form.querySelector("[data-selected]").textContent = String(count);
    for (const button of form.querySelectorAll("[data-bulk]")) button.disabled = count === 0;
    sessionStorage.setItem(key, String(choice));
  };
  const choose = (chosen, wanted) => {
    for (const box of chosen) choice.set(box.value, wanted);
    show();
  };
  for (const box of boxes) box.addEventListener("change", () => choose([box], box.checked));
  page.addEventListener("change", () => choose(boxes, page.checked));
  every?.addEventListener("change", () => {
    choice.setEvery(every.checked);
    show();
  });
  form.addEventListener("formdata", ({ formData }) => {
    formData.delete("id");
    if (choice.field) formData.set(...choice.field);
  });
  show();
}

// The box that stands for all of them: ticked, not ticked, or some.
function tickAll(all, boxes) {
  const count = boxes.filter((box) => box.checked).length;
  all.checked = count === boxes.length;
  all.indeterminate = count > 0 && count < boxes.length;
  return count;
}

// The bulk page: who of those listed is really meant.
export function pick(form) {
  const boxes = [...form.querySelectorAll("input[name=id]")];
  const all = form.querySelector("[data-pick-all]");
  const show = () => {
    const count = tickAll(all, boxes);
    for (const node of document.querySelectorAll("[data-count]")) node.textContent = String(count);
    for (const button of form.querySelectorAll("button[data-confirm]")) button.disabled = count === 0;
  };
  all.addEventListener("change", () => {
    for (const box of boxes) box.checked = all.checked;
    show();
  });
  for (const box of boxes) box.addEventListener("change", show);
  show();
}

// What was chosen has been acted upon.
export function forgetLists() {
  for (const key of Object.keys(sessionStorage)) if (key.startsWith(PREFIX)) sessionStorage.removeItem(key);
}
