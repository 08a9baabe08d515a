import assert from "node:assert/strict";
import { test } from "node:test";
import { Choice, nameOf } from "./choice.js";

test("what is ticked on one page stays ticked on the next", () => {
  const first = new Choice();
  first.set("1", true);
  first.set("2", true);
  first.set("1", false);
  const second = Choice.from(String(first), true);
  assert.deepEqual([second.has("1"), second.has("2"), second.count(50)], [false, true, 1]);
  assert.deepEqual(second.field, ["id", "2"]);
});

test("all that match are chosen without those that were unticked", () => {
  const choice = new Choice();
  choice.set("1", true);
  choice.setEvery(true);
  choice.set("7", false);
  choice.set("8", false);
  choice.set("8", true);
  assert.deepEqual(
    [choice.has("1"), choice.has("7"), choice.has("8"), choice.count(50)],
    [true, false, true, 49],
  );
  assert.deepEqual(choice.field, ["except", "7"]);
  choice.setEvery(false);
  assert.deepEqual([choice.has("1"), choice.count(50), choice.field], [false, 0, null]);
});

test("a list that cannot take all of them does not, whatever was stored", () => {
  const stored = String(new Choice({ every: true, except: ["7"] }));
  assert.equal(Choice.from(stored, false).count(50), 0);
  assert.equal(Choice.from(stored, true).count(50), 49);
  assert.equal(Choice.from(null, true).count(50), 0);
});

test("the same filter is the same list, on whichever page", () => {
  assert.equal(nameOf({ step: "visit", page: "2" }), nameOf({ step: "visit" }));
  assert.notEqual(nameOf({ step: "visit" }), nameOf({ step: "review" }));
});
