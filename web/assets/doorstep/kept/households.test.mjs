import assert from "node:assert/strict";
import { test } from "node:test";

import { following, found, standing, tally } from "./households.js";

const VILLAGE = [
  { key: "1", head: "王守望", group: "一组", tail: "987X", address: "街东" },
  { key: "2", head: "买买提·艾力", group: "二组", tail: "1234", address: "街西", result: "done" },
  { key: "3", head: "李四", group: "二组", tail: "5678", address: "" },
];

test("what the phone entered stands before what the server knew", () => {
  const entries = [
    { uuid: "a", household: "2", state: "refused", at: 2 },
    { uuid: "b", household: "1", state: "waiting", at: 1 },
  ];
  assert.deepEqual(standing(VILLAGE, entries).map((one) => one.state), ["waiting", "refused", "open"]);
  assert.deepEqual(standing(VILLAGE, []).map((one) => one.state), ["open", "sent", "open"]);
  const counted = { all: 3, open: 1, waiting: 1, refused: 1, conflict: 0, sent: 0 };
  assert.deepEqual(tally(standing(VILLAGE, entries)), counted);
});

test("people are found by name, group and last digits, however they are typed", () => {
  const all = standing(VILLAGE, []);
  const keys = (words, state) => found(all, words, state).map((one) => one.key);
  assert.deepEqual(keys("买买提艾力"), ["2"]);
  assert.deepEqual(keys("９８７x"), ["1"]);
  assert.deepEqual(keys("二组"), ["2", "3"]);
  assert.deepEqual(keys("二组", "open"), ["3"]);
  assert.deepEqual(keys(""), ["1", "2", "3"]);
});

test("the next is the next that nobody visited, from the start again at the end", () => {
  const all = standing(VILLAGE, []);
  assert.equal(following(all, "1").key, "3");
  assert.equal(following(all, "3").key, "1");
  assert.equal(following(all, "new").key, "1");
  assert.equal(following(standing(VILLAGE.slice(1, 2), []), "2"), null);
});
