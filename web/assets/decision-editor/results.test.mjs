import assert from "node:assert/strict";
import { test } from "node:test";
import { hit, results, said } from "./results.js";

test("a value is told as people say it", () => {
  assert.deepEqual([null, true, false, 8000, "高", [1]].map(said), ["空", "是", "否", "8000", "高", "[1]"]);
});

test("a table may find one thing, several, or nothing", () => {
  assert.deepEqual(results("high"), [[["结论", "high"]]]);
  assert.deepEqual(results({ level: "high", urgent: true }), [[["level", "high"], ["urgent", "是"]]]);
  assert.deepEqual(results(["a", null, "b"]), [[["结论", "a"]], [["结论", "b"]]]);
  assert.deepEqual(results(null), []);
  assert.deepEqual(results(false), [[["结论", "否"]]]);
});

test("which rules were hit is told by their numbers", () => {
  assert.equal(hit([2, 5]), "命中第 2、5 条规则");
  assert.equal(hit([]), "没有规则命中");
});
