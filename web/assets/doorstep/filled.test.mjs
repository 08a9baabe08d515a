import assert from "node:assert/strict";
import { test } from "node:test";

import { pairsOf, valuesOf } from "./filled.js";

test("values become pairs as a form sends them, and pairs values again", () => {
  const pairs = pairsOf({ size: 3, assured: true, poor: false, groups: ["2", "6"], none: null, word: "x" });
  assert.deepEqual(pairs, [
    ["size", "3"], ["assured", "true"], ["poor", ""], ["groups", "2"], ["groups", "6"], ["word", "x"],
  ]);
  assert.deepEqual(valuesOf(pairs).groups, ["2", "6"]);
  assert.deepEqual(pairsOf(valuesOf(pairs)), pairs);
});
