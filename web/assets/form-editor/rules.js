// The rules that stand at a field, in the form tool's panel: what must hold, and what is said where it does
// not.
import { h } from "preact";
import { Area, description, entry } from "./entries.js";
import { changed } from "./own.js";

const HINT = [
  "条件用 FEEL 写，成立才能提交，如 favour + against <= attendance；可用本表的字段名，",
  "以及 today、step.opened_on、case. 加流程变量",
].join("");
const NEW = { test: "", sentence: "" };

export function rules(field, edit) {
  const written = Array.isArray(field.properties?.rules) ? field.properties.rules : [];
  const put = (list) => edit(...changed(field, "rules", list));
  const change = (index) => (part, text) =>
    put(written.map((one, at) => (at === index ? { ...one, [part]: text } : one)));
  const entries = written.map((rule, index) => ({
    id: `own-rule-${index}`,
    component: Rule,
    rule,
    number: index + 1,
    change: change(index),
    remove: () => put(written.filter((_, at) => at !== index)),
  }));
  const more = { id: "own-rule-add", component: Add, add: () => put([...written, NEW]) };
  return { id: "own-rules", label: "核对规则", entries: [...entries, more] };
}

const pressed = (words, onClick) => h("button", { type: "button", class: "own-rule-button", onClick }, words);

function Rule({ id, rule, number, change, remove }) {
  const area = (part, label) => h(Area, {
    id: `${id}-${part}`,
    label,
    value: rule[part] ?? "",
    put: (text) => change(part, text),
  });
  return entry(
    id,
    area("test", `第${number}条：须成立的条件`),
    area("sentence", "不成立时的话"),
    pressed("删除这一条", remove),
  );
}

function Add({ id, add }) {
  return entry(id, pressed("加一条规则", add), description(HINT));
}
