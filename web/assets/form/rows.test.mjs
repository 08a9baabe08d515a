import assert from "node:assert/strict";
import { test } from "node:test";
import { byName, renamed, rowsOf, said } from "./rows.js";

test("everything that carries a row's prefix follows it", () => {
  assert.equal(renamed("members-2-name", "members-2-", "members-1-"), "members-1-name");
  assert.equal(renamed("f-members-2-name", "members-2-", "members-1-"), "f-members-1-name");
  assert.equal(renamed("file:members-2-photo", "members-2-", "members-1-"), "file:members-1-photo");
  assert.equal(renamed("members-2-debts-0-sum", "members-2-", "members-1-"), "members-1-debts-0-sum");
  assert.equal(renamed("members-__n__-name", "members-__n__-", "members-0-"), "members-0-name");
});

test("what belongs to another row stays", () => {
  assert.equal(renamed("members-20-name", "members-2-", "members-1-"), "members-20-name");
  assert.equal(renamed("income", "members-2-", "members-1-"), "income");
  assert.equal(renamed("", "members-2-", "members-1-"), "");
});

test("a list had as many rows as the highest number that was typed", () => {
  const names = [
    "members-0-name",
    "members-2-name",
    "members-2-debts-4-sum",
    "membership-9-x",
    "members-x-y",
  ];
  assert.equal(rowsOf("members", names), 3);
  assert.equal(rowsOf("members-2-debts", names), 5);
  assert.equal(rowsOf("others", names), 0);
});

test("several ticks under one name are several values", () => {
  const typed = byName([["risks", "illness"], ["name", "王"], ["risks", "disaster"]]);
  assert.deepEqual(typed.get("risks"), ["illness", "disaster"]);
  assert.deepEqual(typed.get("name"), ["王"]);
});

test("a computed value is told by the words of its choice, a number with two decimals", () => {
  assert.equal(said("high", { high: "高" }), "高");
  assert.equal(said(["high", "x"], { high: "高" }), "高、x");
  assert.equal(said([], {}), "—");
  assert.equal(said(null, {}), "—");
  assert.equal(said(12345.678, {}), "12,345.68");
  assert.equal(said(true, { true: "是" }), "是");
});
