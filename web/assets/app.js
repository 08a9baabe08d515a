// What every page needs: forms, selection for bulk acts, confirmations, printing.
import { enliven, forget } from "./form.js";
import { forgetLists, pick, selectOnList } from "./selection.js";

document.documentElement.classList.add("js");
forget();
for (const form of document.querySelectorAll("form[data-live]")) enliven(form);

document.addEventListener("click", (event) => {
  if (event.target.closest("[data-print]")) window.print();
});

document.addEventListener("submit", (event) => {
  const sentence = event.submitter?.dataset.confirm || event.target.dataset.confirm;
  const count = event.target.querySelectorAll("input[name=id]:checked").length;
  if (sentence && !window.confirm(sentence.replace("{n}", count))) event.preventDefault();
});

for (const control of document.querySelectorAll("[data-submits]")) control.addEventListener("change", () => control.form.requestSubmit());

const list = document.querySelector("form[data-list]");
if (list) selectOnList(list);
const picks = document.querySelector("form[data-picks]");
if (picks) pick(picks);
if (document.querySelector("[data-acted]")) forgetLists();
document.querySelector("form[data-goes-on]")?.requestSubmit();

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
