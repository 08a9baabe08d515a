// The village's list on the phone: what is shown of it, and what stands at each household.
import { latest } from "./outbox.js";

export const STATES = {
  open: "未查",
  waiting: "待上报",
  refused: "没报上",
  conflict: "有分歧",
  sent: "已上报",
};

// The households with what became of each: by the phone's own entries, else by what the server knew.
export function standing(households, entries) {
  const own = latest(entries);
  return households.map((one) => {
    const entry = own.get(one.key);
    return { ...one, entry, state: entry?.state ?? (one.result ? "sent" : "open") };
  });
}

const folded = (value) => String(value ?? "").normalize("NFKC").toLowerCase().replace(/[\s·]/g, "");

// Those that a person looks for: by name, group, address or the last digits of the ID number.
export function found(households, words, state = "") {
  const wanted = folded(words);
  return households.filter((one) => {
    if (state && one.state !== state) return false;
    const texts = [one.head, one.group, one.address, one.tail];
    return !wanted || texts.some((text) => folded(text).includes(wanted));
  });
}

// How many there are of each state, and of all.
export function tally(households) {
  const counted = { all: households.length };
  for (const state of Object.keys(STATES)) counted[state] = 0;
  for (const one of households) counted[one.state] += 1;
  return counted;
}

// The next household nobody visited, after the one at `key`, in the list's own order.
export function following(households, key) {
  const at = households.findIndex((one) => one.key === key);
  const rest = [...households.slice(at + 1), ...households.slice(0, Math.max(at, 0))];
  return rest.find((one) => one.state === "open") ?? null;
}
