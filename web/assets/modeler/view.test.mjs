import assert from "node:assert/strict";
import { test } from "node:test";
import { NEAR, framed, seen, zoomed } from "./view.js";

const outer = { width: 1280, height: 760 };
const scale = (inner, whole) => outer.width / seen({ inner: { x: 0, y: 0, ...inner }, outer }, whole).width;

test("a small drawing is shown at its own size", () => {
  assert.equal(scale({ width: 500, height: 300 }, false), 1);
});

test("a drawing that can be read is shown whole, beside the palette", () => {
  const inner = { x: 100, y: 50, width: 1500, height: 700 };
  const found = seen({ inner, outer }, false);
  assert.equal(outer.width / found.width, 0.75);
  assert.ok(found.x < inner.x && found.x + found.width >= inner.x + inner.width);
});

test("one that is too large to read begins at its beginning, unless all of it is wanted", () => {
  const inner = { width: 6000, height: 900 };
  assert.equal(scale(inner, false), NEAR);
  assert.ok(scale(inner, true) < 0.2);
});

test("zooming ends on both sides", () => {
  assert.equal(zoomed(1, 1.2), 1.2);
  assert.equal(zoomed(2.9, 1.2), 3);
  assert.equal(zoomed(0.21, 1 / 1.2), 0.2);
});

test("a picture has an edge around it", () => {
  assert.deepEqual(framed({ x: 0, y: 10, width: 100, height: 50 }), {
    x: -15,
    y: -5,
    width: 130,
    height: 80,
  });
});
