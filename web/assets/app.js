// What every page needs: forms, selection for bulk decisions, confirmations, printing.
import { enliven, forget } from "./form.js";

document.documentElement.classList.add("js");
forget();
for (const form of document.querySelectorAll("form[data-live]")) enliven(form);

document.addEventListener("click", (event) => {
  if (event.target.closest("[data-print]")) window.print();
});

document.addEventListener("submit", (event) => {
  const sentence = event.submitter?.dataset.confirm || event.target.dataset.confirm;
  if (sentence && !window.confirm(sentence)) event.preventDefault();
});

for (const control of document.querySelectorAll("[data-submits]")) control.addEventListener("change", () => control.form.requestSubmit());

const all = document.querySelector("[data-select-all]");
if (all) {
  const boxes = [...document.querySelectorAll("input[name=id][type=checkbox]")];
  const count = document.querySelector("[data-selected]");
  const button = document.querySelector("[data-bulk]");
  const show = () => {
    const chosen = boxes.filter((box) => box.checked).length;
    if (count) count.textContent = String(chosen);
    if (button) button.disabled = chosen === 0;
    all.checked = chosen === boxes.length && chosen > 0;
    all.indeterminate = chosen > 0 && chosen < boxes.length;
  };
  all.addEventListener("change", () => {
    for (const box of boxes) box.checked = all.checked;
    show();
  });
  for (const box of boxes) box.addEventListener("change", show);
  show();
}

const village = document.querySelector("[data-village-search]");
if (village) {
  const options = document.getElementById(village.getAttribute("list"));
  const say = village.parentElement.querySelector("[data-village-name]");
  village.addEventListener("input", async () => {
    const chosen = [...options.children].find((one) => one.value === village.value);
    if (chosen) say.textContent = chosen.label;
    if (village.value.length < 2 || /^\d{12}$/.test(village.value)) return;
    const answer = await fetch(`${village.dataset.villageSearch}${village.dataset.villageSearch.includes("?") ? "&" : "?"}q=${encodeURIComponent(village.value)}`);
    if (!answer.ok) return;
    say.textContent = "";
    options.replaceChildren(...(await answer.json()).map((one) => Object.assign(document.createElement("option"), { value: one.code, label: one.name })));
  });
}

for (const errors of document.querySelectorAll(".error-summary")) errors.focus();
