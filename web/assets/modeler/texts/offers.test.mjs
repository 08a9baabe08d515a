import assert from "node:assert/strict";
import { test } from "node:test";
import { fitting, nameBefore } from "./offers.js";

const NAMES = [
  { key: "notice.posted_on", name: "公示：公示之日" },
  { key: "notice.days", name: "公示：天数" },
  { key: "visit.income", name: "入户核实：收入" },
];
const keys = (begun) => fitting(begun, () => NAMES).map((one) => one.key);

test("the name that is being typed ends at the cursor", () => {
  assert.equal(nameBefore("days after(notice.po", 20), "notice.po");
  assert.equal(nameBefore("a + 收入", 6), "收入");
  assert.equal(nameBefore("notice.posted_on > 5", 6), "notice");
  assert.equal(nameBefore("a > 5", 5), "");
  assert.equal(nameBefore("f(", 2), "");
});

test("names are found by their key and by their words", () => {
  assert.deepEqual(keys("notice"), ["notice.posted_on", "notice.days"]);
  assert.deepEqual(keys("收入"), ["visit.income"]);
  assert.deepEqual(keys("nothing"), []);
});

test("nothing is offered before anything is typed, nor the name that stands there", () => {
  assert.deepEqual(fitting("", () => assert.fail("asked")), []);
  assert.deepEqual(keys("notice.days"), []);
});

test("no more than eight are offered", () => {
  const many = Array.from({ length: 20 }, (_, number) => ({ key: `a${number}`, name: "" }));
  assert.equal(fitting("a", () => many).length, 8);
});
