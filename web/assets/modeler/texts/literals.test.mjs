import assert from "node:assert/strict";
import { test } from "node:test";
import { bare, literal, read, signs, write } from "./literals.js";

const CONDITIONS = [
  ['review.outcome = "approve"', { key: "review.outcome", sign: "=", value: '"approve"' }],
  ["visit.income >= 8000.5", { key: "visit.income", sign: ">=", value: "8000.5" }],
  ["走访.收入 != -1", { key: "走访.收入", sign: "!=", value: "-1" }],
  ['visit.day < date("2022-05-20")', { key: "visit.day", sign: "<", value: 'date("2022-05-20")' }],
  ["visit.agreed = true", { key: "visit.agreed", sign: "=", value: "true" }],
  ['list contains(visit.risks, "illness")', { key: "visit.risks", sign: "has", value: '"illness"' }],
  ['not(list contains(visit.risks, "illness"))', { key: "visit.risks", sign: "hasn't", value: '"illness"' }],
];

test("a condition that can be chosen is read and written back", () => {
  for (const [text, condition] of CONDITIONS) {
    assert.deepEqual(read(text), condition);
    assert.equal(write(condition), text);
  }
});

test("what cannot be chosen is left to be written by hand", () => {
  for (const text of [
    "",
    "a and b",
    "a = b",
    'a = "x" or b = 1',
    'not(list contains(a, "x")',
    'list contains(a, "x"))',
    'a = "x\\"y"',
  ]) {
    assert.equal(read(text), null, text);
  }
});

test("a value is written by the type of its field", () => {
  assert.equal(literal("number", " 12 "), "12");
  assert.equal(literal("number", "many"), "");
  assert.equal(literal("datetime", "2022-05-20"), 'date("2022-05-20")');
  assert.equal(literal("datetime", "soon"), "");
  assert.equal(literal("textfield", "12"), '"12"');
  assert.equal(literal("select", 'a"b\\'), '"ab"');
  assert.equal(literal("textfield", "  "), "");
});

test("of an unknown name the text tells the type", () => {
  assert.equal(literal(undefined, "12"), "12");
  assert.equal(literal(undefined, "true"), "true");
  assert.equal(literal(undefined, "2022-05-20"), 'date("2022-05-20")');
  assert.equal(literal(undefined, "approve"), '"approve"');
  assert.equal(literal(undefined, ""), "");
});

test("a value is shown without what FEEL puts around it", () => {
  assert.equal(bare('"approve"'), "approve");
  assert.equal(bare('date("2022-05-20")'), "2022-05-20");
  assert.equal(bare("8000"), "8000");
});

test("days come before or after, texts are the same or not, lists hold or not", () => {
  const words = (type) => signs(type).map(([, word]) => word);
  assert.deepEqual(words("datetime"), ["是", "不是", "晚于", "不早于", "早于", "不晚于"]);
  assert.deepEqual(words("number"), ["是", "不是", "大于", "不小于", "小于", "不大于"]);
  assert.deepEqual(words("radio"), ["是", "不是"]);
  assert.deepEqual(words("checkbox"), ["是", "不是"]);
  assert.deepEqual(words("taglist"), ["选了", "没有选"]);
});
