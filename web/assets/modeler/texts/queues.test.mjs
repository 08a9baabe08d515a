import assert from "node:assert/strict";
import { test } from "node:test";
import { queueOf } from "./queues.js";

test("the first level that a lane's name says is whose inbox it means", () => {
  assert.deepEqual(queueOf("村级"), { key: "village", name: "村级" });
  assert.equal(queueOf("县乡村振兴局").key, "county");
  assert.equal(queueOf("乡镇政府").key, "township");
  assert.equal(queueOf("市").key, "city");
  assert.equal(queueOf("省").key, "province");
});

test("an English name or the lane's id says it too", () => {
  assert.equal(queueOf("Township office").key, "township");
  assert.equal(queueOf("甲", "Lane_county").key, "county");
});

test("of a lane that says nothing nobody knows", () => {
  assert.equal(queueOf("甲", "Lane_1"), undefined);
  assert.equal(queueOf(""), undefined);
});
