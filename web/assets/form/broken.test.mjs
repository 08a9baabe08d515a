import assert from "node:assert/strict";
import { test } from "node:test";
import { broken } from "./broken.js";

const name = (key) => ["name", key];
const VOTES = {
  test: ["cmp", "<=", ["arith", "+", name("favour"), name("against")], name("attendance")],
  needs: ["favour", "against", "attendance"],
  sentence: "票数不能多于到会人数",
};
const votes = (favour, against, attendance) => broken([VOTES], { favour, against, attendance });

test("a rule that does not hold says its sentence", () => {
  assert.deepEqual(votes(20, 5, 24), ["票数不能多于到会人数"]);
  assert.deepEqual(votes(20, 4, 24), []);
});

test("nothing is said while something is not filled in yet", () => {
  for (const blank of [null, undefined, ""]) assert.deepEqual(votes(20, blank, 24), []);
  assert.deepEqual(votes(20, 0, 0), ["票数不能多于到会人数"]);
});

test("what cannot be told does not count as broken", () => {
  assert.deepEqual(votes("many", 4, 24), []);
  assert.deepEqual(broken([{ test: ["unheard of"], needs: [], sentence: "x" }], {}), []);
});

test("a sentence is said once, however many rules say it", () => {
  assert.deepEqual(broken([VOTES, VOTES], { favour: 2, against: 1, attendance: 1 }), ["票数不能多于到会人数"]);
});
