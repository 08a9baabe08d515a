import assert from "node:assert/strict";
import { test } from "node:test";

globalThis.addEventListener ??= () => {};
const { question } = await import("./leaving.js");

test("whatever would be lost is asked about: households, and photos of households that were sent", () => {
  assert.equal(question({ unsent: 0, papers: 0 }), "");
  assert.match(question({ unsent: 3, papers: 0 }), /3 户入户排查没有上报，退出后/);
  assert.match(question({ unsent: 0, papers: 2 }), /2 件签名和照片没有上传，退出后/);
  assert.match(question({ unsent: 0, papers: 0, typing: 1 }), /1 户填了一半，退出后/);
  assert.match(question({ unsent: 1, papers: 2 }), /1 户入户排查没有上报，2 件签名/);
});
