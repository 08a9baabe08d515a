import assert from "node:assert/strict";
import { test } from "node:test";

import { day, doubt, right, seen, told } from "./watch.js";

const NOON = Date.parse("2022-05-12T12:00:00+08:00");
const HOUR = 3600_000;

test("the day is China's", () => {
  assert.equal(day(Date.parse("2022-05-11T16:00:00Z")), "2022-05-12");
  assert.equal(day(Date.parse("2022-05-11T15:59:59Z")), "2022-05-11");
});

test("a clock that is wrong when the server answers is put right in the entry", () => {
  const known = told(NOON, NOON + 400 * 24 * HOUR);
  assert.equal(day(right(NOON + 401 * 24 * HOUR, known)), "2022-05-13");
  assert.match(doubt(NOON + 401 * 24 * HOUR, known), /快 400 天/);
  assert.match(doubt(NOON - 2 * HOUR, told(NOON, NOON - 2 * HOUR)), /慢 2 小时/);
  assert.equal(doubt(NOON, told(NOON, NOON + 1000)), "");
});

test("a clock that was put back is doubted", () => {
  const known = seen(NOON + HOUR, told(NOON, NOON));
  assert.match(doubt(NOON - 24 * HOUR, known), /过去/);
  assert.equal(doubt(NOON + 2 * HOUR, known), "");
});

test("before the server ever answered the phone is believed", () => {
  assert.equal(right(NOON, null), NOON);
  assert.equal(doubt(NOON, null), "");
});
