import assert from "node:assert/strict";
import { test } from "node:test";
import { readable, written } from "./schema.js";

const known = (type) => ["textfield", "group"].includes(type);
const told = (body) => {
  try {
    return readable(body, known);
  } catch (error) {
    return error.message;
  }
};
const nested = (depth) => {
  const inner = depth > 1 ? { components: [nested(depth - 1)] } : {};
  return { type: "group", ...inner };
};

test("a file that is no form is told so in words", () => {
  assert.equal(told("{"), "不是完整的 JSON 文件。");
  assert.equal(told("null"), "不是表单文件：缺少 components。");
  assert.equal(told('{"components": {}}'), "不是表单文件：缺少 components。");
});

test("a type that pages do not show is named, within groups too", () => {
  const group = { type: "group", components: [{ type: "html" }] };
  assert.equal(told(JSON.stringify({ components: [group] })), "类型“html”不能在办理页面显示。");
  assert.equal(told('{"components": [null]}'), "类型“undefined”不能在办理页面显示。");
});

test("groups within groups end somewhere", () => {
  assert.equal(told(JSON.stringify({ components: [nested(13)] })), "表单嵌套过深。");
  assert.ok(told(JSON.stringify({ components: [nested(12)] })).components);
});

test("a date is stored under the name that everything else uses, within groups too", () => {
  const date = { type: "datetime", dateLabel: "走访日期", label: "Date" };
  const stored = JSON.parse(written({ components: [date, { type: "group", components: [date] }] }));
  assert.equal(stored.components[0].label, "走访日期");
  assert.equal(stored.components[1].components[0].label, "走访日期");
});

test("the file's version outlives the tool's", () => {
  const schema = { schemaVersion: 19, components: [] };
  assert.equal(JSON.parse(written(schema, 16)).schemaVersion, 16);
  assert.equal(JSON.parse(written(schema, undefined)).schemaVersion, 19);
});
