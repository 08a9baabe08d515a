import assert from "node:assert/strict";
import { test } from "node:test";

import { WIDTH, kept, length, path, placed, read, signed, simplified, written } from "./strokes.js";

test("a point of the screen lies in a box 1000 wide", () => {
  assert.deepEqual(placed({ x: 70, y: 30 }, { left: 20, top: 20, width: 200 }), [250, 50]);
});

test("points on the way between others are left out, corners stay", () => {
  const stroke = [[0, 0], [50, 1], [100, 0], [100, 50], [100, 100]];
  assert.deepEqual(simplified(stroke), [[0, 0], [100, 0], [100, 100]]);
  assert.deepEqual(simplified([[5, 5]]), [[5, 5]]);
  assert.deepEqual(simplified([[0, 0], [200, 0], [0, 0]]), [[0, 0], [200, 0], [0, 0]]);
});

test("a dot is no signature", () => {
  assert.equal(written([[[10, 10], [12, 10]]]), "");
  assert.equal(written([]), "");
  assert.ok(signed([[[0, 0], [200, 0]]]));
  assert.equal(length([[[0, 0], [3, 4]], [[9, 9]]]), 5);
});

test("whatever somebody scribbles stays small, and is read back as it was kept", () => {
  const scribble = Array.from({ length: 40 }, (_, n) => Array.from(
    { length: 500 },
    (_, at) => [Math.round(500 + 400 * Math.sin(at * (n + 1))), Math.round(180 + 170 * Math.cos(at + n))],
  ));
  const text = written(scribble);
  assert.ok(kept(scribble).flat().length <= 160);
  assert.ok(text.length < 1700);
  assert.deepEqual(read(text), kept(scribble));
});

test("what is no strokes is read as none", () => {
  for (const text of ["", "x", "{}", "[[]]", "[[[1]]]", '[[["1",2]]]', "[[[1,1e9]]]", "null"]) {
    assert.deepEqual(read(text), [], text);
  }
});

test("the path draws a stroke of one point as a dot", () => {
  assert.equal(path([[[1, 2], [3, 4]], [[5, 6]]]), "M1 2L3 4M5 6L5 6");
  assert.ok(WIDTH > 0);
});
