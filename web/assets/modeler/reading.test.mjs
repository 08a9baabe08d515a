import assert from "node:assert/strict";
import { test } from "node:test";
import { decoded } from "./reading.js";

const GBK = [0xcf, 0xd8]; // 县
const ascii = (text) => [...text].map((one) => one.charCodeAt(0));
const file = (...parts) => new Uint8Array(parts.flat()).buffer;
const utf16 = (text, little) => {
  const units = [...`\ufeff${text}`].map((one) => one.charCodeAt(0));
  return units.flatMap((unit) => (little ? [unit & 255, unit >> 8] : [unit >> 8, unit & 255]));
};

test("a file is read as it declares itself, and no longer declares it", () => {
  const gbk = file(ascii('<?xml version="1.0" encoding="GBK"?><a n="'), GBK, ascii('"/>'));
  assert.equal(decoded(gbk), '<?xml version="1.0"?><a n="县"/>');
});

test("a file with nothing to say for itself is UTF-8", () => {
  assert.equal(decoded(new TextEncoder().encode("<a n='县'/>").buffer), "<a n='县'/>");
});

test("a mark at the beginning counts more than what is declared", () => {
  const text = '<?xml version="1.0" encoding="UTF-16"?><a n="县"/>';
  const bare = '<?xml version="1.0"?><a n="县"/>';
  assert.equal(decoded(file(utf16(text, true))), bare);
  assert.equal(decoded(file(utf16(text, false))), bare);
});

test("an encoding that nobody knows is an error, not a wrong text", () => {
  assert.throws(() => decoded(file(ascii('<?xml version="1.0" encoding="EBCDIC-X"?><a/>'))));
});
