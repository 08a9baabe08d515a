// Finding a village while its name is typed: the list of those that fit, and the name of the one that is
// taken. An input by path takes the name itself, an other one the code.
import { fill } from "./older.js";
import { isAsked, search } from "./search.js";

export function offerVillages(input) {
  const options = document.getElementById(input.getAttribute("list"));
  const say = input.parentElement.querySelector("[data-village-name]");
  const option = "byPath" in input.dataset ? path : code;
  let asked = 0;
  input.addEventListener("input", async () => {
    const mine = (asked += 1);
    const chosen = [...options.children].find((one) => one.value === input.value);
    if (chosen && say) say.textContent = chosen.label;
    if (!isAsked(input.value)) return;
    const answer = await fetch(search(input.dataset.villageSearch, input.value));
    const found = answer.ok ? await answer.json() : null;
    if (!found || mine !== asked) return; // a slower answer to what was typed before
    if (say) say.textContent = "";
    fill(options, ...found.map(option));
  });
}

const code = (place) => Object.assign(document.createElement("option"), {
  value: place.code,
  label: place.name,
});

const path = (place) => Object.assign(document.createElement("option"), { value: place.name });
