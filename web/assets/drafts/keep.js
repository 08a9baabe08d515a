// What a person typed, kept in this browser until the server has it. Each copy belongs to one account: it is
// encrypted with a key that only this account's pages carry, and goes when another person signs in, or after
// two weeks. Without encryption (a page that is not served over HTTPS) it lives no longer than its tab.
import { outdated, sealer } from "./seal.js";

const PREFIX = "draft:";
const { account, draftKey } = document.body.dataset;
const secure = Boolean(globalThis.crypto?.subtle && draftKey);
const store = secure ? localStorage : sessionStorage;

const { seal, open } = secure ? sealer(draftKey) : {};

const named = (place) => `${PREFIX}${account}:${place}`;

// Keep `copy` (pairs of names and values, the revision it was typed over) for the form at `place`.
export async function keep(place, copy) {
  const at = Date.now();
  const kept = { ...copy, at };
  const content = secure ? await seal(kept) : { plain: kept };
  try {
    store.setItem(named(place), JSON.stringify({ at, ...content }));
  } catch {
    // the browser's store is full or closed: the server's copy has to do
  }
}

// The copy kept for `place`, or null.
export async function kept(place) {
  try {
    const found = JSON.parse(store.getItem(named(place)));
    return found && (found.plain ?? (await open(found)));
  } catch {
    return null; // unreadable: typed under a key that is gone
  }
}

export const drop = (place) => store.removeItem(named(place));

function each(act) {
  for (const box of [localStorage, sessionStorage]) {
    for (const name of Object.keys(box)) if (name.startsWith(PREFIX)) act(box, name);
  }
}

// Others' copies, and old ones, do not stay; on signing out none does.
export function tidy() {
  if (!account) return;
  each((box, name) => {
    if (!name.startsWith(named("")) || outdated(box.getItem(name), Date.now())) box.removeItem(name);
  });
  const leave = document.querySelector("form[data-leave]");
  leave?.addEventListener("submit", () => each((box, name) => box.removeItem(name)));
}
