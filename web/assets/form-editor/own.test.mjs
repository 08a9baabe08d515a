import assert from "node:assert/strict";
import { test } from "node:test";
import { changed, ownProperties } from "./own.js";

const names = (type) => ownProperties({ type }, () => {}).map((one) => one.name);
const property = (field, name, edit) => ownProperties(field, edit).find((one) => one.name === name);

test("each kind of field is asked what it can have", () => {
  assert.deepEqual(names("textfield"), ["format", "example", "prefill"]);
  assert.deepEqual(names("datetime"), ["format", "notBefore", "notAfter", "prefill"]);
  assert.deepEqual(names("dynamiclist"), ["required", "fixed", "prefill"]);
  assert.deepEqual(names("select"), ["decides", "prefill"]);
  assert.deepEqual(names("expression"), ["label"]);
  for (const type of ["filepicker", "text", "group", "separator", "spacer"])
    assert.deepEqual(names(type), []);
});

test("a format is chosen from those of the kind", () => {
  const { options } = property({ type: "number" }, "format", () => {});
  assert.deepEqual(options, [["", "不限"], ["money", "金额（两位小数）"]]);
  const { options: ofTexts } = property({ type: "textfield" }, "format", () => {});
  assert.deepEqual(ofTexts.map(([value]) => value), ["", "name", "id_number", "phone", "village"]);
});

test("a property is put beside the others, and taken away when emptied", () => {
  const field = { type: "number", properties: { format: "money", prefill: "household.size" } };
  const all = { format: "money", prefill: "a.b" };
  assert.deepEqual(changed(field, "prefill", "a.b"), [["properties"], all]);
  assert.deepEqual(changed(field, "prefill", ""), [["properties"], { format: "money" }]);
  assert.deepEqual(changed({ properties: { rules: [1] } }, "rules", []), [["properties"], undefined]);
  assert.deepEqual(changed({}, "prefill", ""), [["properties"], undefined]);
});

test("that a list has a row is a rule of the tool's own, whichever way it was written", () => {
  const told = [];
  const edit = (...change) => told.push(change);
  assert.equal(
    property({ type: "dynamiclist", validate: { required: true } }, "required", edit).value,
    "yes",
  );
  const old = { type: "dynamiclist", properties: { required: true } };
  assert.equal(property(old, "required", edit).value, "yes");
  assert.equal(property({ type: "dynamiclist" }, "required", edit).value, "");
  property({ type: "dynamiclist" }, "required", edit).put("yes");
  property({ type: "dynamiclist" }, "required", edit).put("");
  assert.deepEqual(told, [[["validate"], { required: true }], [["validate"], undefined]]);
});
