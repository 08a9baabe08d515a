// What every page needs: forms, selection for bulk acts, confirmations, printing.
import { leaving } from "../doorstep/kept/leaving.js";
import { settleSubmitted } from "../drafts/drafts.js";
import { enliven, keepTyped, written } from "../form/form.js";
import { tidy } from "../drafts/keep.js";
import { buttonOf, send } from "./older.js";
import { printsAll } from "./print.js";
import { forgetLists, pick, selectOnList } from "./selection.js";
import { signatures } from "../signing/signing.js";
import { offerVillages } from "./village.js";

document.documentElement.classList.add("js");
const leave = document.querySelector("form[data-leave]");
if (leave) leaving(leave, document.body.dataset.account);
tidy();
settleSubmitted();
printsAll();
for (const form of document.querySelectorAll("form[data-live]")) enliven(form);
for (const form of written()) keepTyped(form);
signatures(document);

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

document.querySelectorAll("[data-village-search]").forEach(offerVillages);

for (const errors of document.querySelectorAll(".error-summary")) errors.focus();
