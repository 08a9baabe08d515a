import assert from "node:assert/strict";
import { test } from "node:test";

import { uuid } from "./uuid.js";
import { awake, counts, held, next, pause, replaces, settled, unanswered } from "./outbox.js";

const entry = (uuid, state = "waiting", more = {}) => (
  { uuid, household: uuid, state, at: Number(uuid), ...more }
);

test("entries go first, the oldest first, then the papers of those that arrived", () => {
  const papers = [{ uuid: "p", entry: "1", state: "waiting", at: 0 }];
  assert.deepEqual(next([entry("2"), entry("1")], papers, 9).entry.uuid, "1");
  assert.equal(next([entry("1", "refused")], papers, 9), null);
  assert.equal(next([entry("1", "conflict")], papers, 9).paper.uuid, "p");
  assert.equal(next([], [], 9), null);
});

test("one that was refused, or has no answer yet, holds up no other", () => {
  const refused = settled(entry("1"), { status: 422, body: { fields: { size: ["人口：至少 1 人。"] } } }, 0).one;
  assert.deepEqual([refused.state, refused.faults], ["refused", ["人口：至少 1 人。"]]);
  const { one } = settled(entry("2"), { status: 502, body: null }, 1000);
  assert.equal(next([refused, one, entry("3")], [], 1000).entry.uuid, "3");
  assert.equal(next([one], [], 1000), null);
  assert.equal(next([one], [], 7000).entry.uuid, "2");
  assert.equal(next(awake([one]), [], 1000).entry.uuid, "2");
});

test("without an answer it waits longer from time to time, and not longer than five minutes", () => {
  let one = entry("1");
  const pauses = [];
  for (let tries = 0; tries < 6; tries += 1) {
    ({ one } = unanswered(one, 0));
    pauses.push(one.after / 1000);
  }
  assert.deepEqual(pauses, [1, 5, 15, 60, 300, 300]);
});

test("what waits out a pause is asked for when the first of them is over", () => {
  const one = { ...entry("1"), after: 900 };
  assert.equal(pause([one, { ...entry("2"), after: 400 }], [{ state: "waiting", after: 700 }], 100), 300);
  assert.equal(pause([entry("3"), { ...entry("4", "sent"), after: 500 }], [], 100), 0);
});

test("arrived, arrived before, beside another, signed out", () => {
  for (const status of [200, 201])
    assert.equal(settled(entry("1"), { status, body: {} }, 0).one.state, "sent");
  const beside = settled(entry("1"), { status: 409, body: { kept: true, detail: "另有一份。" } }, 0).one;
  assert.deepEqual([beside.state, beside.faults], ["conflict", ["另有一份。"]]);
  const answer = { status: 201, body: { household: 7 } };
  const fresh = settled(entry("1", "waiting", { household: "new-1" }), answer, 0);
  assert.equal(fresh.one.household, "7");
  const said = settled(entry("1"), { status: 200, body: { entry: "9" } }, 0).one;
  assert.equal(said.kept, "9"); // somebody else's entry says it: the papers go there
  assert.equal(settled(entry("1"), { status: 201, body: { entry: "1" } }, 0).one.kept, undefined);
  const closed = settled(entry("1"), { status: 409, body: { detail: "已经结束。" } }, 0).one;
  assert.deepEqual([closed.state, closed.faults], ["refused", ["已经结束。"]]);
  const out = settled(entry("1"), { status: 401, body: null }, 0);
  assert.deepEqual([out.stop, out.one.state], [true, "waiting"]);
  for (const status of [408, 429, 500, 503])
    assert.equal(settled(entry("1"), { status, body: { detail: "x" } }, 0).one.state, "waiting", status);
  assert.equal(settled(entry("1"), { status: 404, body: null }, 0).one.state, "waiting"); // a proxy's page
});

test("what counts as unsent is the household, by its latest entry", () => {
  const all = [
    entry("1", "sent", { household: "a" }),
    entry("2", "waiting", { household: "a" }),
    entry("3", "refused", { household: "b" }),
    entry("4", "sent", { household: "c" }),
  ];
  const papers = ["waiting", "sent"].map((state) => ({ uuid: state, entry: "4", state, at: 5 }));
  assert.deepEqual(counts(all, papers), { unsent: 2, refused: 1, conflict: 0, papers: 1 });
});

test("what is half typed is held too", () => {
  assert.equal(held([], [], ["begin", "time", "list", "typing:1/a/1"]).typing, 1);
});

test("a correction names what it corrects, if that one arrived", () => {
  assert.equal(replaces(null), "");
  assert.equal(replaces(entry("1", "sent")), "1");
  assert.equal(replaces(entry("2", "refused", { replaces: "1" })), "1");
  assert.equal(replaces(entry("2", "waiting")), "");
});

test("numbers are of the version that the server takes, and all different", () => {
  const made = new Set(Array.from({ length: 500 }, uuid));
  assert.equal(made.size, 500);
  for (const one of made)
    assert.match(one, /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
});
