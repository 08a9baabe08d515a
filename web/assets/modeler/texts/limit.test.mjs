import assert from "node:assert/strict";
import { test } from "node:test";
import { KINDS, inWords, readLimit, writeLimit } from "./limit.js";

const TEXTS = {
  "days after(notice.posted_on, 5)": ["timeDate", "days", "5 天，自“公示之日”之日起，当日不计"],
  "workdays after(notice.posted_on, 10)": ["timeDate", "workdays", "10 个工作日，自“公示之日”之日起，当日不计"],
  P15D: ["timeDuration", "lasting", "到这一步后整 15 天"],
  PT36H: ["timeDuration", "hours", "到这一步后 36 小时"],
  PT90M: ["timeDuration", "minutes", "到这一步后 90 分钟"],
  "R/P30D": ["timeCycle", "cycle", "到这一步后每 30 天一次，直到这一步办结（至多 100 次）"],
  "R3/P30D": ["timeCycle", "cycle", "到这一步后每 30 天一次，共 3 次"],
  "2022-12-31": ["timeDate", "date", "到 2022-12-31 零时"],
};

test("a limit that was read is written as it was", () => {
  for (const [text, [name, kind]] of Object.entries(TEXTS)) {
    const limit = readLimit(text);
    assert.equal(limit.kind, kind, text);
    assert.deepEqual(writeLimit(limit), { name, text });
  }
});

test("every kind of limit is said in words, but what somebody wrote", () => {
  for (const [text, [, , words]] of Object.entries(TEXTS)) {
    assert.equal(inWords(readLimit(text), () => "公示之日"), words);
  }
  assert.equal(inWords(readLimit("visit.done_on"), String), "");
  const said = new Set(Object.values(TEXTS).map(([, kind]) => kind));
  assert.deepEqual(KINDS.map(([kind]) => kind).filter((kind) => !said.has(kind)), ["other"]);
});

test("quotation marks, the sign of an expression and blanks around it do not count", () => {
  assert.deepEqual(readLimit(' "P5D" '), readLimit("P5D"));
  assert.deepEqual(readLimit("= days after( a.b , 7 )"), { kind: "days", from: "a.b", count: "7" });
});

test("a limit that is only begun has no text", () => {
  assert.equal(writeLimit({ kind: "days", from: "", count: "5" }).text, "");
  assert.equal(writeLimit({ kind: "days", from: "a.b", count: "" }).text, "");
  for (const kind of ["lasting", "hours", "minutes", "cycle"]) {
    assert.equal(writeLimit({ kind, from: "", count: "0" }).text, "", kind);
  }
  assert.equal(writeLimit({ kind: "date", from: "" }).text, "");
});

test("what somebody wrote goes where the engine looks for it", () => {
  const place = (text) => writeLimit({ ...readLimit(text), kind: "other", text }).name;
  assert.equal(place("visit.done_on"), "timeDate");
  assert.equal(place('duration("P1Y")'), "timeDuration");
  assert.equal(place('"P1Y2M"'), "timeDuration");
  assert.equal(place('="R5/PT1H"'), "timeCycle");
  assert.equal(place("R/PT1H"), "timeCycle");
  assert.deepEqual(writeLimit({ kind: "" }), { name: "timeDate", text: "" });
});
