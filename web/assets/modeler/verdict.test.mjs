import assert from "node:assert/strict";
import { test } from "node:test";
import { counted, grouped, ranked } from "./verdict.js";

const error = (at) => ({ element_id: at, severity: "error" });
const warning = (at) => ({ element_id: at, severity: "warning" });

test("errors stand first, each kind in the order in which it was found", () => {
  const places = ranked([warning("a"), error("b"), warning("c"), error("d")]).map((one) => one.element_id);
  assert.deepEqual(places, ["b", "d", "a", "c"]);
});

test("an element has one mark for all that is found there; what is not drawn has none", () => {
  const shapes = { a: { id: "a", parent: {} }, plane: { id: "plane" } };
  const found = [error("a"), warning("a"), error("plane"), error("gone")];
  const groups = grouped(found, (one) => shapes[one.element_id]);
  assert.deepEqual([...groups].map(([shape, found]) => [shape.id, found.length]), [["a", 2]]);
});

test("errors are counted before warnings", () => {
  assert.deepEqual(counted([error("a"), warning("b")]), { errors: 1, words: "1 处问题" });
  assert.deepEqual(counted([warning("a"), warning("b")]), { errors: 0, words: "没有问题，2 处提醒" });
  assert.deepEqual(counted([]), { errors: 0, words: "没有问题" });
});
