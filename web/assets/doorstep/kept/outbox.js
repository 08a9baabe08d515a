// What is to be sent, in which order, and what came of it. Entries go first, then papers (signatures,
// photos), one by one. What the server refuses moves aside: it blocks nobody.
//
// An entry is "waiting", "sent", "conflict" (the server keeps two that differ: the township decides) or
// "refused"; a paper is "waiting", "sent" or "refused".
// Seconds after the first, second … time without an answer. The first is short: a network that has only just
// come back often loses what is asked of it first.
const PAUSES = [1, 5, 15, 60, 300];
const ARRIVED = new Set(["sent", "conflict"]);

export const UNSENT = new Set(["waiting", "refused"]);

// The next thing to send: {entry} or {paper}; null when nothing may go at `now` (milliseconds).
export function next(entries, papers, now) {
  const due = (one) => one.state === "waiting" && !(one.after > now);
  const entry = oldest(entries.filter(due));
  if (entry) return { entry };
  const arrived = new Set(entries.filter((one) => ARRIVED.has(one.state)).map((one) => one.uuid));
  const paper = oldest(papers.filter((one) => due(one) && arrived.has(one.entry)));
  return paper ? { paper } : null;
}

// How long until something may go that waits now, in milliseconds; 0 where nothing does.
export function pause(entries, papers, now) {
  const waiting = [...entries, ...papers].filter((one) => one.state === "waiting" && one.after > now);
  return waiting.length ? Math.min(...waiting.map((one) => one.after)) - now : 0;
}

const oldest = (all) => all.reduce((first, one) => (!first || one.at < first.at ? one : first), null);

// What the server's answer makes of what was sent. `stop`: nothing more goes until somebody signed in again.
export function settled(one, { status, body }, now) {
  if (status === 200 || status === 201) return { ...done(known(one, body), "sent"), stop: false };
  if (status === 409 && body?.kept)
    return { ...done(known(one, body), "conflict", [body.detail]), stop: false };
  if (status === 401) return { one, stop: true };
  if (status >= 400 && status < 500 && status !== 408 && status !== 429 && body) {
    return { ...done(one, "refused", sentences(body)), stop: false };
  }
  return unanswered(one, now);
}

// A household that was new here has a number of its own from then on; where somebody had said the same
// before, the papers go to that entry.
function known(one, body) {
  const household = body?.household ? { household: String(body.household) } : {};
  const kept = body?.entry && body.entry !== one.uuid ? { kept: body.entry } : {};
  return { ...one, ...household, ...kept };
}

// Without an answer: it goes again after a pause, and what stands behind it goes meanwhile.
export function unanswered(one, now) {
  const tries = (one.tries ?? 0) + 1;
  const pause = PAUSES[Math.min(tries, PAUSES.length) - 1];
  return { one: { ...one, tries, after: now + pause * 1000 }, stop: false };
}

function done(one, state, faults = []) {
  const { tries, after, ...rest } = one; // eslint-disable-line no-unused-vars
  return { one: { ...rest, state, faults: faults.filter(Boolean) } };
}

// The server's sentences: those of the fields, else the general one.
export function sentences({ detail, fields }) {
  const found = Object.values(fields ?? {}).flat();
  return found.length ? found : [detail || "服务器没有接收，请核对后再报。"];
}

// With a network again nothing waits out its pause.
export const awake = (all) => all.map(({ after, ...rest }) => rest); // eslint-disable-line no-unused-vars

// The latest entry of each household, by the household's key, or by what `key` makes of an entry.
export function latest(entries, key = ({ household }) => household) {
  const found = new Map();
  for (const one of entries) {
    const before = found.get(key(one));
    if (!before || before.at <= one.at) found.set(key(one), one);
  }
  return found;
}

// The latest of each household in each campaign: one campaign's entry says nothing of another's.
export const newest = (entries) => [
  ...latest(entries, ({ campaign, household }) => `${campaign}/${household}`).values(),
];

// How many households stand unsent on this phone, how many of them came back, and how many papers wait.
export function counts(entries, papers) {
  const all = newest(entries);
  const many = (state) => all.filter((one) => one.state === state).length;
  return {
    unsent: all.filter((one) => UNSENT.has(one.state)).length,
    refused: many("refused"),
    conflict: many("conflict"),
    papers: papers.filter((one) => one.state === "waiting").length,
  };
}

// The name of the fact that is what somebody is typing of a household.
export const typingOf = (place) => TYPING + place;
const TYPING = "typing:";

// What would be lost with what the vault has: the counts, and how many households are half typed.
export const held = (entries, papers, facts) => (
  { ...counts(entries, papers), typing: facts.filter((name) => name.startsWith(TYPING)).length }
);

// What the entry that replaces `before` says of it: nothing where that one never arrived, and what it would
// have replaced itself.
export const replaces = (before) => {
  if (!before) return "";
  return ARRIVED.has(before.state) ? before.uuid : before.replaces ?? "";
};
