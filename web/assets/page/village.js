// Finding a village while its name is typed: the list of those that fit, and the name of the one that is
// taken. Where the page has a field for the code, or reads paths, people see whole paths and no codes at all.
import { fill } from "./older.js";
import { isAsked, search } from "./search.js";

export function offerVillages(input) {
  const options = document.getElementById(input.getAttribute("list"));
  const code = document.getElementById(input.dataset.villageCode || "");
  const told = input.parentElement.querySelector("[data-village-name]");
  const say = (words) => {
    if (told) told.textContent = words;
  };
  const byPath = code || "byPath" in input.dataset;
  let asked = 0;
  input.addEventListener("input", async () => {
    const mine = (asked += 1);
    const chosen = [...options.children].find((one) => one.value === input.value);
    if (code) code.value = chosen ? chosen.dataset.code : "";
    else if (chosen) say(chosen.label);
    if (!isAsked(input.value)) return;
    const answer = await fetch(search(input.dataset.villageSearch, input.value));
    const found = answer.ok ? await answer.json() : null;
    if (!found || mine !== asked) return; // a slower answer to what was typed before
    say(found.length || chosen || !code ? "" : "没有找到这个村，请核对名称。");
    fill(options, ...found.map(byPath ? path : option));
  });
}

const option = ({ code, name }) => Object.assign(document.createElement("option"), {
  value: code,
  label: name,
});

const path = ({ code, name }) => {
  const one = Object.assign(document.createElement("option"), { value: name });
  one.dataset.code = code;
  return one;
};
