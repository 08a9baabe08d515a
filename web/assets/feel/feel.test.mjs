// Beside the table of cases that the server evaluates too (tests/data/feel_cases.json): what a tree is, and
// where the small evaluator gives up.
import assert from "node:assert/strict";
import { test } from "node:test";
import { evaluate } from "./feel.js";

const lit = (value) => ["lit", value];
const name = (key) => ["name", key];

test("a name that nobody gave is null, and nothing is worked out of it", () => {
  assert.equal(evaluate(name("a"), {}), null);
  assert.equal(evaluate(["arith", "+", name("a"), lit(1)], {}), null);
  assert.equal(evaluate(["cmp", "<", name("a"), lit(1)], {}), null);
  assert.equal(evaluate(["cmp", "=", name("a"), lit(null)], {}), true);
});

test("decimals are counted as people count them", () => {
  assert.equal(evaluate(["arith", "+", lit(0.1), lit(0.2)], {}), 0.3);
  assert.equal(evaluate(["arith", "/", lit(1), lit(0)], {}), null);
});

test("what is not known decides nothing, and does not hide what is decided", () => {
  const unknown = ["cmp", "<", name("a"), lit(1)];
  assert.equal(evaluate(["and", unknown, lit(false)], {}), false);
  assert.equal(evaluate(["and", unknown, lit(true)], {}), null);
  assert.equal(evaluate(["or", unknown, lit(true)], {}), true);
  assert.equal(evaluate(["if", unknown, lit("yes"), lit("no")], {}), "no");
});

test("a filter sees the item's own names before those around it", () => {
  const rows = { r: [{ n: 1 }, { n: 3 }], n: 9 };
  const filtered = ["filter", name("r"), ["cmp", ">", name("n"), lit(2)]];
  assert.deepEqual(evaluate(filtered, rows), [{ n: 3 }]);
});

test("what it does not know it does not guess", () => {
  assert.throws(() => evaluate(["filter", name("r"), lit(1)], { r: [1] }));
  assert.throws(() => evaluate(["unheard of"], {}));
});
