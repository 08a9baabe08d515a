// What every page needs: forms, selection for bulk acts, confirmations, printing.
import { settleSubmitted } from "../drafts/drafts.js";
import { enliven, keepTyped, written } from "../form/form.js";
import { tidy } from "../drafts/keep.js";
import { buttonOf, fill, send } from "./older.js";
import { printsAll } from "./print.js";
import { forgetLists, pick, selectOnList } from "./selection.js";

document.documentElement.classList.add("js");
tidy();
settleSubmitted();
printsAll();
for (const form of document.querySelectorAll("form[data-live]")) enliven(form);
for (const form of written()) keepTyped(form);

document.addEventListener("click", (event) => {
  if (event.target.closest("[data-print]")) window.print();
});

// Before anybody else hears of it: without a network nothing is sent, and what needs a question is asked
// first.
function mayGo(event) {
  const sentence = buttonOf(event)?.dataset.confirm || event.target.dataset.confirm;
  const count = event.target.querySelectorAll("input[name=id]:checked").length;
  if (navigator.onLine === false) window.alert("现在没有网络，没有提交。您填的内容已存在本机，有网络后再提交。");
  else if (!sentence || window.confirm(sentence.replace("{n}", count))) return;
  event.preventDefault();
  event.stopImmediatePropagation();
}
addEventListener("submit", mayGo, true);

for (const control of document.querySelectorAll("[data-submits]"))
  control.addEventListener("change", () => send(control.form));

const list = document.querySelector("form[data-list]");
if (list) selectOnList(list);
const picks = document.querySelector("form[data-picks]");
if (picks) pick(picks);
if (document.querySelector("[data-acted]")) forgetLists();
const goesOn = document.querySelector("form[data-goes-on]");
if (goesOn) send(goesOn);

const village = document.querySelector("[data-village-search]");
if (village) {
  const options = document.getElementById(village.getAttribute("list"));
  const say = village.parentElement.querySelector("[data-village-name]");
  let asked = 0;
  village.addEventListener("input", async () => {
    const mine = ++asked;
    const chosen = [...options.children].find((one) => one.value === village.value);
    if (chosen) say.textContent = chosen.label;
    if (village.value.length < 2 || /^\d{12}$/.test(village.value)) return;
    const answer = await fetch(
      `${village.dataset.villageSearch}${village.dataset.villageSearch.includes("?") ? "&" : "?"}q=${encodeURIComponent(village.value)}`,
    );
    const found = answer.ok ? await answer.json() : null;
    if (!found || mine !== asked) return; // a slower answer to what was typed before
    say.textContent = "";
    fill(
      options,
      ...found.map((one) => Object.assign(
        document.createElement("option"),
        { value: one.code, label: one.name },
      ))
    );
  });
}

for (const errors of document.querySelectorAll(".error-summary")) errors.focus();
