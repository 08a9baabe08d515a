import assert from "node:assert/strict";
import { test } from "node:test";
import { drawable, reducedSize } from "./jpeg.js";

const START = [0xff, 0xd8];
const END = [0xff, 0xd9];
const scan = (...bytes) => [0xff, 0xda, ...bytes];
const segment = (kind, ...bytes) => [0xff, kind, 0, bytes.length + 2, ...bytes];
const file = (...parts) => new Uint8Array(parts.flat());

test("a picture is made small, whichever way it lies, and never larger", () => {
  assert.deepEqual(reducedSize({ width: 4000, height: 3000 }), { width: 2000, height: 1500 });
  assert.deepEqual(reducedSize({ width: 3000, height: 4000 }), { width: 1500, height: 2000 });
  assert.deepEqual(reducedSize({ width: 640, height: 480 }), { width: 640, height: 480 });
  assert.deepEqual(reducedSize({ width: 4001, height: 3 }), { width: 2000, height: 1 });
});

test("a whole JPEG is drawn anew", () => {
  assert.ok(drawable(file(START, segment(0xe0, 1, 2), scan(5, 6, 7), END)));
  assert.ok(drawable(file(START, segment(0xe0, 1, 2), scan(5, 6, 7), END, [0, 0])));
});

test("one that was cut off in sending goes as it is, though a small picture in it is whole", () => {
  assert.ok(!drawable(file(START, segment(0xe0, 1, 2), scan(5, 6, 7))));
  assert.ok(!drawable(file(START, segment(0xe1, ...START, ...END), scan(5, 6, 7))));
});

test("filling before a marker does not lead astray", () => {
  assert.ok(drawable(file(START, [0xff], segment(0xe0, 1, 2), scan(5, 6), END)));
});

test("PNG and WebP go as they are, and what is hardly a file", () => {
  assert.ok(!drawable(file([0x89, 0x50, 0x4e, 0x47, 0, 0])));
  assert.ok(!drawable(file([0x52, 0x49, 0x46, 0x46, 0, 0])));
  assert.ok(!drawable(file([1, 2])));
  assert.ok(!drawable(file([])));
});

test("of anything else the browser is asked", () => {
  assert.ok(drawable(file([0, 0, 0, 24, 0x66, 0x74, 0x79, 0x70])));
});
