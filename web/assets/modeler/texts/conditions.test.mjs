import assert from "node:assert/strict";
import { test } from "node:test";
import { inside, renamed } from "./conditions.js";

const ALL = [
  { key: "visit.income", name: "收入", type: "number" },
  { key: "visit.debt", name: "欠债", type: "number" },
  { key: "review.outcome", name: "结论", type: "radio", options: [{ value: "approve", label: "同意" }] },
  { key: "check.outcome", name: "核查结论", type: "radio", options: [{ value: "agree", label: "同意" }] },
  { key: "objection_check", name: "“异议核查”的结果" },
];

test("a field of the same type keeps what was chosen", () => {
  const half = { key: "visit.income", sign: ">", value: "8000" };
  assert.deepEqual(renamed(ALL, half, "visit.debt"), { key: "visit.debt", sign: ">", value: "8000" });
});

test("a field with answers of its own, or of another type, is chosen anew", () => {
  const half = { key: "review.outcome", sign: "!=", value: '"approve"' };
  assert.deepEqual(renamed(ALL, half, "check.outcome"), { key: "check.outcome", sign: "!=", value: "" });
  const more = { key: "visit.income", sign: ">", value: "8000" };
  assert.deepEqual(renamed(ALL, more, "review.outcome"), { key: "review.outcome", sign: "=", value: "" });
  assert.deepEqual(renamed(ALL, more, "unknown").value, "");
});

test("a part of a result is known by the whole", () => {
  const part = { key: "objection_check.left", name: "“异议核查”的结果：left" };
  assert.deepEqual(inside(ALL, "objection_check.left"), part);
  assert.equal(inside(ALL, "objection_check"), undefined);
  assert.equal(inside(ALL, "other.left"), undefined);
});
