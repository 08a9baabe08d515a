import assert from "node:assert/strict";
import { test } from "node:test";
import { choices, fate, keepable, restored, time } from "./copies.js";

const AT = Date.UTC(2022, 4, 20, 2, 5); // 10:05 in China, wherever the browser is
const copy = { at: AT, revision: 3, pairs: [] };

test("what was typed over what the page shows goes on", () => {
  assert.equal(fate(copy, { cameBack: false, revision: 3 }), "restore");
});

test("what was typed over another revision, older or newer, never replaces it unasked", () => {
  assert.equal(fate(copy, { cameBack: false, revision: 4 }), "ask");
  assert.equal(fate(copy, { cameBack: false, revision: 0 }), "ask");
});

test("where the server keeps no draft there is nothing to ask about", () => {
  assert.equal(fate(copy, { cameBack: false, revision: null }), "restore");
});

test("the answer to what was sent shows it: the copy is of no more use", () => {
  assert.equal(fate(copy, { cameBack: true, revision: 4 }), "drop");
  assert.equal(fate(copy, { cameBack: true, revision: null }), "drop");
});

test("files and what is the page's own are not kept", () => {
  const file = { name: "photo.png" };
  const pairs = [
    ["name", "王"],
    ["csrf_token", "x"],
    ["revision", "3"],
    ["key", "k"],
    ["list", "l"],
    ["file:a", file],
  ];
  assert.deepEqual(keepable(pairs), [["name", "王"]]);
});

test("moments are told in Chinese time", () => {
  assert.equal(time(AT), "10:05");
  assert.match(restored(copy), /5月20日.*10:05/);
});

test("who has two copies is told of both, and of one that was never written down too", () => {
  const told = choices(copy, "5月20日 10:10 在手机");
  assert.match(told.question, /本机 5月20日.*10:05 填的，和5月20日 10:10 在手机存的/);
  assert.equal(told.theirs, "用5月20日 10:10 在手机存的那一份");
  assert.match(choices(null, "").question, /本机 刚才 填的，和别处存的/);
});
