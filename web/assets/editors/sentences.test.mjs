import assert from "node:assert/strict";
import { test } from "node:test";
import { keptHere, lost, present, wait } from "./sentences.js";

test("a draft is saved when one pauses, and every few seconds while one does not", () => {
  assert.equal(wait(1000, 1000), 1500);
  assert.equal(wait(1000, 4000), 1500);
  assert.equal(wait(1000, 5000), 1000);
  assert.equal(wait(1000, 9000), 0);
});

test("who takes a copy back is told when that covers what others saved", () => {
  assert.equal(keptHere({ revision: 3 }, "5/20 10:05", 3), "这台电脑上有 5/20 10:05 没有保存上的修改。");
  assert.match(keptHere({ revision: 3 }, "5/20 10:05", 4), /此后别处又保存过/);
});

test("what a save would lose is named, but not all of very much", () => {
  const names = ["甲", "乙", "丙", "丁", "戊", "己"];
  assert.match(lost(names.slice(0, 5)), /：甲；乙；丙；丁；戊。/);
  assert.match(lost(names), /：甲；乙；丙；丁；戊等 6 处。/);
});

test("who else has the draft open is named", () => {
  const words = present([{ name: "王", minutes: 0 }, { name: "李", minutes: 3 }]);
  assert.match(words, /^王也在修改这份草稿（刚刚）；李也在修改这份草稿（3分钟前）。/);
  assert.equal(present([]), "");
});
