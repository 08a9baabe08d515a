// What a person typed, kept in this browser until the server has it. Each copy belongs to one account: it is
// encrypted with a key that only this account's pages carry, and goes when another person signs in, or after
// two weeks. Without encryption (a page that is not served over HTTPS) it lives no longer than its tab.
const PREFIX = "draft:";
const TWO_WEEKS = 14 * 24 * 3600 * 1000;
const { account, draftKey } = document.body.dataset;
const secure = Boolean(globalThis.crypto?.subtle && draftKey);
const store = secure ? localStorage : sessionStorage;

const named = (place) => `${PREFIX}${account}:${place}`;
const bytes = (text) => Uint8Array.from(atob(text), (one) => one.charCodeAt(0));
const text = (found) => btoa(Array.from(new Uint8Array(found), (one) => String.fromCharCode(one)).join(""));

const key = secure
  ? crypto.subtle.importKey("raw", bytes(draftKey), "AES-GCM", false, ["encrypt", "decrypt"])
  : null;

async function sealed(copy) {
  const plain = new TextEncoder().encode(JSON.stringify(copy));
  const iv = crypto.getRandomValues(new Uint8Array(12));
  const body = await crypto.subtle.encrypt({ name: "AES-GCM", iv }, await key, plain);
  return { iv: text(iv), body: text(body) };
}

async function opened({ iv, body }) {
  const plain = await crypto.subtle.decrypt({ name: "AES-GCM", iv: bytes(iv) }, await key, bytes(body));
  return JSON.parse(new TextDecoder().decode(plain));
}

// Keep `copy` (pairs of names and values, the revision it was typed over) for the form at `place`.
export async function keep(place, copy) {
  const at = Date.now();
  const kept = { ...copy, at };
  const content = secure ? await sealed(kept) : { plain: kept };
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
    return found && (found.plain ?? (await opened(found)));
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

function outdated(box, name) {
  try {
    return Date.now() - JSON.parse(box.getItem(name)).at > TWO_WEEKS;
  } catch {
    return true;
  }
}

// Others' copies, and old ones, do not stay; on signing out none does.
export function tidy() {
  if (!account) return;
  each((box, name) => {
    if (!name.startsWith(named("")) || outdated(box, name)) box.removeItem(name);
  });
  const leave = document.querySelector("form[data-leave]");
  leave?.addEventListener("submit", () => each((box, name) => box.removeItem(name)));
}
