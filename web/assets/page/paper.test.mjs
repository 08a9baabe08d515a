import assert from "node:assert/strict";
import { test } from "node:test";
import { dayInWords, isLong } from "./paper.js";

test("a day is printed as it is written here", () => {
  assert.equal(dayInWords("2022-05-06"), "2022年5月6日");
  assert.equal(dayInWords("2022-10-20"), "2022年10月20日");
  assert.equal(dayInWords(""), "");
});

test("what does not fit half a line takes a whole one", () => {
  assert.ok(!isLong("字".repeat(40)));
  assert.ok(isLong("字".repeat(41)));
  assert.ok(isLong("一\n二"));
});
