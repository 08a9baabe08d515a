import assert from "node:assert/strict";
import { test } from "node:test";
import { outcome, progress, taken } from "./answers.js";

const URL = "https://example.test/tasks/1/files";
const answer = (status, text, url = URL) => outcome({ asked: URL, url, status, text });

test("a file that is kept, and one that is refused, are told from one that got lost", () => {
  assert.deepEqual(answer(200, '{"id": 7}'), { file: { id: 7 } });
  assert.deepEqual(answer(422, '{"detail": "不是照片。"}'), { sentence: "不是照片。" });
  assert.deepEqual(answer(422, "{}"), { sentence: "没有传上。" });
  assert.deepEqual(answer(503, '{"detail": "请再按一次。"}'), { lost: "请再按一次。" });
  assert.deepEqual(answer(502, "<html>"), { lost: "没有传上，请重传。" });
  assert.deepEqual(answer(200, "<html>"), { lost: "没有传上，请重传。" });
});

test("who was sent to sign in is told so", () => {
  assert.match(answer(200, "<html>", "https://example.test/login").lost, /登录已过期/);
});

test("a field takes as many files as there is room for", () => {
  const room = (count, present, multiple = true) => taken(count, { most: 5, multiple, present });
  assert.deepEqual(room(2, 1), { room: 4, words: "" });
  assert.deepEqual(room(4, 3), { room: 2, words: "这里最多 5 个文件，后面 2 个没有传。" });
  assert.equal(room(1, 6).room, 0);
});

test("a field for one file takes the new one in the place of the old", () => {
  assert.deepEqual(taken(1, { most: 1, multiple: false, present: 1 }), { room: 1, words: "" });
});

test("how far it is, is told in percent; of an unknown size too", () => {
  assert.equal(progress({ loaded: 512, total: 1000 }), "正在上传 51%");
  assert.equal(progress({ loaded: 0, total: 0 }), "正在上传 0%");
});
