import assert from "node:assert/strict";
import { test } from "node:test";
import { beginning, degree, largest, shareInWords, thickness } from "./figures.js";

test("four degrees of colour, and none for nothing", () => {
  assert.deepEqual(
    [0, 1, 25, 26, 50, 75, 76, 100].map((value) => degree(value, 100)),
    [0, 1, 1, 2, 2, 3, 4, 4],
  );
});

test("a little is seen beside very much", () => {
  assert.equal(degree(1, 1_000_000), 1);
});

test("a line grows with what went along it", () => {
  assert.equal(thickness(0, 10), 1.5);
  assert.equal(thickness(10, 10), 9);
  assert.ok(thickness(5, 10) > thickness(4, 10));
});

test("nothing is divided by nothing", () => {
  assert.equal(largest([]), 1);
  assert.equal(largest([0, 0.5]), 1);
  assert.equal(largest([3, 8]), 8);
});

test("a share that is not nothing is not called nothing", () => {
  assert.deepEqual([0, 0.004, 0.01, 0.125, 1].map(shareInWords), ["0%", "<1%", "1%", "13%", "100%"]);
});

test("a share stands near the beginning of its line, whichever way that goes", () => {
  const line = (...points) => beginning(points.map(([x, y]) => ({ x, y })));
  assert.deepEqual(line([100, 50], [200, 50]), { left: 22, top: 0 });
  assert.deepEqual(line([100, 50], [80, 50]), { left: 10, top: 0 });
  assert.deepEqual(line([100, 50], [100, 20], [300, 20]), { left: 0, top: 15 });
});
