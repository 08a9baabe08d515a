import assert from "node:assert/strict";
import { test } from "node:test";

import { pairsOf, valuesOf, wrongNumber } from "./filled.js";

test("values become pairs as a form sends them, and pairs values again", () => {
  const pairs = pairsOf({ size: 3, assured: true, poor: false, groups: ["2", "6"], none: null, word: "x" });
  assert.deepEqual(pairs, [
    ["size", "3"], ["assured", "true"], ["poor", ""], ["groups", "2"], ["groups", "6"], ["word", "x"],
  ]);
  assert.deepEqual(valuesOf(pairs).groups, ["2", "6"]);
  assert.deepEqual(pairsOf(valuesOf(pairs)), pairs);
});

test("an ID number is checked at the door", () => {
  assert.equal(wrongNumber("41990119750308123"), "身份证号码应为 18 位（残疾证 20 或 22 位）。");
  const right = [..."0123456789X"].filter((last) => !wrongNumber(`41990119750308123${last}`));
  assert.equal(right.length, 1);
  assert.equal(wrongNumber(` ４１９９０１１９７５０３０８１２３${right[0].toLowerCase()}`), "");
  assert.equal(wrongNumber(""), "");
  assert.equal(wrongNumber("41990119750308123X44"), "");
});
