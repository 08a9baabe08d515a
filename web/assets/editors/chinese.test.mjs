import assert from "node:assert/strict";
import { test } from "node:test";
import { COUNTED, DRAWN_PATTERNS, WORDS } from "../form-editor/words.js";
import { inChinese, speaker, translator } from "./chinese.js";

test("a tool's own complaint is replaced, a sentence of ours is told", () => {
  assert.equal(inChinese(new Error("unparsable content"), "打不开。"), "打不开。");
  assert.equal(inChinese(new Error("不是表单文件。"), "打不开。"), "不是表单文件。");
});

test("a template is translated with its parts in it", () => {
  const missing = new Set();
  const translate = translator({ "Add {thing}": "加{thing}" }, missing);
  assert.equal(translate("Add {thing}", { thing: "一行" }), "加一行");
  assert.equal(translate("Add {thing}"), "加{thing}");
  assert.equal(translate("Remove { thing }", { thing: "row" }), "Remove row");
  assert.deepEqual([...missing], ["Remove { thing }"]);
});

test("what a tool drew is replaced where the whole of it is known", () => {
  const missing = new Set();
  const say = speaker(WORDS, missing, [...COUNTED, ...DRAWN_PATTERNS]);
  assert.equal(say("  Text field "), "  单行文字 ");
  assert.equal(say("List contains 12 items"), "12 个选项");
  assert.equal(say("Remove Text field"), "删除单行文字");
  assert.equal(say("March 5, 2022"), "2022年3月5日");
  assert.equal(say("户主姓名"), "户主姓名");
  assert.equal(say("FEEL"), "FEEL");
  assert.deepEqual([...missing], []);
  assert.equal(say("Something new"), "Something new");
  assert.deepEqual([...missing], ["Something new"]);
});

test("only the first of the patterns that fit is followed, and the text is told once", () => {
  const say = speaker({}, new Set(), [[/^a(.)$/, "b$1"], [/^b(.)$/, "c$1"]]);
  assert.equal(say("a1"), "b1");
});
