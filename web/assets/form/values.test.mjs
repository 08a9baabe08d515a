// Beside what the server reads too (tests/unit/test_page_forms.py): each kind of blank.
import assert from "node:assert/strict";
import { test } from "node:test";
import { blank, day, number, read, rounded } from "./values.js";

test("numbers are read as people type them", () => {
  const typed = ["12000", "１２０００", "12,000", "12 000", "12000元", "¥12,000"];
  for (const text of typed) assert.equal(number(text, "元"), 12000, text);
  for (const text of ["12,00", "1e3", "一万", "", "12000元"]) assert.equal(number(text), null, text);
});

test("days are read in the ways that they are written", () => {
  for (const text of ["2022-5-6", "2022.5.6", "2022年5月6日", "20220506", "２０２２－０５－０６"]) {
    assert.equal(day(text), "2022-05-06", text);
  }
  for (const text of ["2022-02-30", "2022-5/6", "5月6日", null]) assert.equal(day(text), null, String(text));
});

test("each kind of blank has its own reading", () => {
  assert.equal(read({ kind: "number", unit: "元" }, "1,000元"), 1000);
  assert.equal(read({ kind: "number" }, "1000000000000"), null);
  assert.equal(read({ kind: "datetime" }, "2022.5.6"), "2022-05-06");
  assert.equal(read({ kind: "checkbox" }, "on"), true);
  assert.equal(read({ kind: "checkbox" }, ""), false);
  assert.deepEqual(read({ kind: "checklist" }, ["a", " ", "b"]), ["a", "b"]);
  assert.deepEqual(read({ kind: "filepicker" }, " 12 "), ["12"]);
  assert.equal(read({ kind: "textarea" }, " 一\r\n二 "), "一\n二");
  assert.equal(read({ kind: "textfield" }, " 一\n二 "), "一 二");
  assert.equal(read({ kind: "radio" }, ""), null);
  assert.equal(read({ kind: "textfield" }, 12), "12");
  assert.equal(read({ kind: "textfield", given: true }, 12), 12);
});

test("a person's name is one name, however its blanks and its dot are typed", () => {
  const name = (text) => read({ kind: "textfield", format: "name" }, text);
  assert.equal(name("王 建 国"), "王建国");
  for (const dot of [".", "·", "•", "・"]) assert.equal(name(`买买提 ${dot} 阿不都`), "买买提·阿不都", dot);
  assert.equal(name("John  Smith"), "John Smith");
});

test("a row in which nothing was typed is blank", () => {
  assert.ok(blank({ name: " ", ticked: false, debts: [{ sum: "" }] }));
  assert.ok(!blank({ name: "", debts: [{ sum: "0" }] }));
});

test("a computed number has two decimals, half of one away from zero", () => {
  assert.equal(rounded(1.005), 1.01);
  assert.equal(rounded(-1.005), -1.01);
  assert.equal(rounded(Infinity), null);
  assert.equal(rounded("x"), "x");
});
