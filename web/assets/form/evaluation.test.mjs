// Beside the table of cases that the server evaluates too (tests/data/form_cases.json).
import assert from "node:assert/strict";
import { test } from "node:test";
import { Level } from "./evaluation.js";

const field = (key, more = {}) => ({ key, kind: "textfield", hide: null, frame: null, ...more });
const when = (tree, ...names) => ({ tree, needs: Object.fromEntries(names.map((name) => [name, null])) });
const equals = (name, value) => ["cmp", "=", ["name", name], ["lit", value]];

test("what is hidden counts for nothing", () => {
  const plan = [
    field("poor"),
    field("debt", { hide: when(equals("poor", "no"), "poor") }),
    field("reason", { hide: when(equals("debt", null), "debt") }),
  ];
  const level = new Level(plan, { poor: "no", debt: "5000", reason: "x" }).settle();
  assert.deepEqual(plan.map((node) => level.hidden(node)), [false, true, true]);
});

test("what stands in a frame is hidden with it", () => {
  const frame = { kind: "group", hide: when(["lit", true]), frame: null };
  const level = new Level([frame, field("inner", { frame: 0 })], {}).settle();
  assert.ok(level.hidden(level.plan[1]));
});

test("a computed value sees the rows that somebody filled in", () => {
  const total = field("total", { kind: "expression", computes: {
    tree: ["call", ["name", "count"], [[null, ["name", "members"]]]],
    needs: { members: {} },
  } });
  const plan = [field("members", { kind: "dynamiclist", rows: [field("name")] }), total];
  const level = new Level(plan, { members: [{ name: "王" }, { name: "" }, "no row"] }).settle();
  assert.equal(level.compute(total), 1);
});

test("what only the server can tell stays as the page has it", () => {
  const node = field("level", { kind: "expression", computes: { tree: null, needs: {} } });
  assert.equal(new Level([node], {}, null, { computed: { level: "high" } }).compute(node), "high");
  const hidden = field("a", { hide: { tree: null, needs: {} } });
  assert.equal(new Level([hidden], {}, null, { hidden: { 0: true } }).hidden(hidden), true);
});

test("what asks for itself is shown, and is null", () => {
  const circle = field("a", { hide: when(equals("a", null), "a") });
  assert.equal(new Level([circle], { a: "x" }).hidden(circle), false);
  const own = field("a", { kind: "expression", computes: when(["name", "a"], "a") });
  assert.equal(new Level([own], {}).compute(own), null);
});

test("a row sees its own names, then those of what it stands in", () => {
  const other = when(["cmp", "=", ["name", "code"], ["name", "wanted"]], "code", "wanted");
  const inner = [field("code"), field("note", { hide: other })];
  const plan = [field("wanted"), field("list", { kind: "dynamiclist", rows: inner })];
  const level = new Level(plan, { wanted: "b", code: "b", list: [{ code: "a" }, { code: "b" }] }).settle();
  assert.deepEqual(level.rows.get(plan[1]).map((row) => row.hidden(inner[1])), [false, true]);
});
