import assert from "node:assert/strict";
import { test } from "node:test";
import { queueOf } from "./queues.js";

const QUEUES = [
  { key: "village", name: "村级", sign: "村" },
  { key: "township", name: "乡级", sign: "乡" },
  { key: "county", name: "县级", sign: "县" },
  { key: "city", name: "市级", sign: "市" },
  { key: "province", name: "省级", sign: "省" },
];

test("the first level that a lane's name says is whose inbox it means", () => {
  assert.deepEqual(queueOf(QUEUES, "村级"), QUEUES[0]);
  assert.equal(queueOf(QUEUES, "县乡村振兴局").key, "county");
  assert.equal(queueOf(QUEUES, "乡镇政府").key, "township");
  assert.equal(queueOf(QUEUES, "市").key, "city");
  assert.equal(queueOf(QUEUES, "省").key, "province");
});

test("an English name or the lane's id says it too", () => {
  assert.equal(queueOf(QUEUES, "Township office").key, "township");
  assert.equal(queueOf(QUEUES, "甲", "Lane_county").key, "county");
});

test("of a lane that says nothing nobody knows", () => {
  assert.equal(queueOf(QUEUES, "甲", "Lane_1"), undefined);
  assert.equal(queueOf(QUEUES, ""), undefined);
});
