import assert from "node:assert/strict";
import { test } from "node:test";
import { isOffered, offeredGroups } from "./offered.js";

const group = (id, ...entries) => ({ id, entries: entries.map((entry) => ({ id: entry })) });
const ids = (groups) => groups.map((one) => [one.id, ...(one.entries ?? []).map((entry) => entry.id)]);
const rules = () => group("own-rules", "own-rule-add");

test("pages show no tables, buttons or pictures, so none is offered", () => {
  for (const type of ["table", "button", "image", "html", "iframe"]) assert.ok(!isOffered(type), type);
  assert.ok(isOffered("dynamiclist"));
});

test("what the check refuses is not asked for", () => {
  const groups = [
    group("general", "label", "key", "disabled"),
    group("secrets", "x"),
    group("layout", "a-step"),
  ];
  assert.deepEqual(ids(offeredGroups(groups, "textfield", [], rules)), [
    ["general", "label", "key"],
    ["own-rules", "own-rule-add"],
  ]);
});

test("our own properties stand behind the general ones", () => {
  const groups = [group("general", "label"), group("validation", "required")];
  const found = offeredGroups(groups, "number", [{ id: "own-format" }], rules);
  assert.deepEqual(ids(found).map(([id]) => id), ["general", "own", "validation", "own-rules"]);
});

test("a group is not repeated and has no path; the form itself has no rules", () => {
  const groups = () => [group("general", "label", "path", "isRepeating")];
  assert.deepEqual(ids(offeredGroups(groups(), "group", [], rules)), [["general", "label"]]);
  const ofForm = ids(offeredGroups(groups(), undefined, [], rules));
  assert.deepEqual(ofForm, [["general", "label", "path", "isRepeating"]]);
});
