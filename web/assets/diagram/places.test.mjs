import assert from "node:assert/strict";
import { test } from "node:test";
import { around, besides, halfway, middleOf } from "./places.js";

const points = (...pairs) => pairs.map(([x, y]) => ({ x, y }));

test("a connection's sign stands amid its longest stretch", () => {
  const bent = points([100, 100], [120, 100], [120, 300], [140, 300]);
  assert.deepEqual(halfway(bent), { x: 120, y: 200 });
  assert.deepEqual(besides({ waypoints: bent }), { left: 10, top: 90 });
});

test("of stretches that are alike the first counts", () => {
  assert.deepEqual(halfway(points([0, 0], [10, 0], [10, 10])), { x: 5, y: 0 });
});

test("a task's sign stands on its corner", () => {
  assert.deepEqual(besides({ width: 100, height: 80, x: 0, y: 0 }), { top: -10, left: 80 });
});

test("an event's sign does not cover its name", () => {
  const event = { width: 36, height: 36, x: 100, y: 100 };
  assert.deepEqual(besides({ ...event, labels: [{ y: 140 }] }), { left: 34, top: -16 });
  assert.deepEqual(besides({ ...event, labels: [{ y: 80 }] }), { left: 34, top: 32 });
  assert.deepEqual(besides(event), { left: 34, top: -16 });
});

test("what is looked at stands in the middle of the window", () => {
  const task = { x: 200, y: 100, width: 100, height: 80 };
  assert.deepEqual(middleOf(task), { x: 250, y: 140 });
  const view = { x: 0, y: 0, width: 400, height: 300 };
  assert.deepEqual(around(middleOf(task), view), { x: 50, y: -10, width: 400, height: 300 });
});
