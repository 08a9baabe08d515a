// The rules that stand at a field, in the form tool's panel: what must hold, and what is said where it does
// not.
import { h } from "preact";
import { useState } from "preact/hooks";

const HINT =
  "条件用 FEEL 写，成立才能提交，如 favour + against <= attendance；可用本表的字段名，以及 today、step.opened_on、case. 加流程变量";

export function rules(field, editField) {
  const written = Array.isArray(field.properties?.rules) ? field.properties.rules : [];
  const put = (list) => {
    const properties = { ...field.properties, rules: list };
    if (!list.length) delete properties.rules;
    editField(field, ["properties"], Object.keys(properties).length ? properties : undefined);
  };
  const entries = written.map((rule, index) => ({
    id: `own-rule-${index}`, component: Rule, rule, number: index + 1,
    change: (part, text) => put(written.map((one, at) => (at === index ? { ...one, [part]: text } : one))),
    remove: () => put(written.filter((_, at) => at !== index)),
  }));
  return {
    id: "own-rules",
    label: "核对规则",
    entries: [
      ...entries,
      { id: "own-rule-add", component: Add, add: () => put([...written, { test: "", sentence: "" }]) },
    ]
  };
}

function Rule({ id, rule, number, change, remove }) {
  return h("div", { class: "bio-properties-panel-entry", "data-entry-id": id },
    h(Words, {
      id: `${id}-test`,
      label: `第${number}条：须成立的条件`,
      value: rule.test ?? "",
      put: (text) => change("test", text),
    }),
    h(Words, {
      id: `${id}-sentence`,
      label: "不成立时的话",
      value: rule.sentence ?? "",
      put: (text) => change("sentence", text),
    }),
    h("button", { type: "button", class: "own-rule-button", onClick: remove }, "删除这一条"));
}

function Words({ id, label, value, put }) {
  const [typed, type] = useState(null);
  const leave = (event) => {
    type(null);
    if (event.target.value.trim() !== value) put(event.target.value.trim());
  };
  return h("div", null,
    h("label", { class: "bio-properties-panel-label", for: `bio-properties-panel-${id}` }, label),
    h("textarea", {
      id: `bio-properties-panel-${id}`,
      class: "bio-properties-panel-input",
      rows: 3,
      value: typed ?? value,
      onInput: (event) => type(event.target.value),
      onBlur: leave,
    }));
}

function Add({ id, add }) {
  return h("div", { class: "bio-properties-panel-entry", "data-entry-id": id },
    h("button", { type: "button", class: "own-rule-button", onClick: add }, "加一条规则"),
    h("div", { class: "bio-properties-panel-description" }, HINT));
}
