import assert from "node:assert/strict";
import { test } from "node:test";
import { outdated, sealer } from "./seal.js";

const KEY = Buffer.alloc(32, 7).toString("base64");
const OTHER = Buffer.alloc(32, 8).toString("base64");
const DAY = 24 * 3600 * 1000;
const NOW = Date.UTC(2022, 4, 20);

test("who has the key reads what was typed, and nobody else", async () => {
  const copy = { pairs: [["name", "王建国"]], revision: 3, at: NOW };
  const sealed = await sealer(KEY).seal(copy);
  assert.ok(!JSON.stringify(sealed).includes("王建国"));
  assert.deepEqual(await sealer(KEY).open(sealed), copy);
  await assert.rejects(sealer(OTHER).open(sealed));
});

test("the same is never sealed the same way twice", async () => {
  const { seal } = sealer(KEY);
  const [one, other] = [await seal({ a: 1 }), await seal({ a: 1 })];
  assert.notEqual(one.iv, other.iv);
  assert.notEqual(one.body, other.body);
});

test("a copy is of use for two weeks", () => {
  const aged = (days) => outdated(JSON.stringify({ at: NOW - days * DAY }), NOW);
  assert.deepEqual([aged(0), aged(14), aged(14.1)], [false, false, true]);
});

test("what is no copy goes", () => {
  for (const stored of ["{", "null", "{}", null]) assert.ok(outdated(stored, NOW), String(stored));
});
