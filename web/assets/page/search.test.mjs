import assert from "node:assert/strict";
import { test } from "node:test";
import { isAsked, search } from "./search.js";

test("one letter fits half the villages, and a code is known already", () => {
  assert.deepEqual(["", "石", "石门", "410325103203", "41032510320"].map(isAsked), [
    false,
    false,
    true,
    false,
    true,
  ]);
});

test("what is typed is asked for, whatever it is, beside what is asked already", () => {
  assert.equal(search("/villages", "石门"), "/villages?q=%E7%9F%B3%E9%97%A8");
  assert.equal(search("/villages?all=1", "a&b"), "/villages?all=1&q=a%26b");
});
