// The controls of the form tool's panel that are our own.
import { h } from "preact";
import { useState } from "preact/hooks";

const ID = "bio-properties-panel";
const CONTROL = "bio-properties-panel-input";

export const entry = (id, ...content) =>
  h("div", { class: "bio-properties-panel-entry", "data-entry-id": id }, ...content);

export const description = (words) => h("div", { class: "bio-properties-panel-description" }, words);

export const label = (id, words) =>
  h("label", { class: "bio-properties-panel-label", for: `${ID}-${id}` }, words);

// A text is taken when it is left, as it is without blanks around it.
function useTyped(value, put) {
  const [typed, type] = useState(null);
  const leave = (event) => {
    const text = event.target.value.trim();
    type(null);
    if (text !== value) put(text);
  };
  return { value: typed ?? value, onInput: (event) => type(event.target.value), onBlur: leave };
}

export function Line({ id, label: words, value, put, hint }) {
  const props = { id: `${ID}-${id}`, type: "text", class: CONTROL, ...useTyped(value, put) };
  return entry(id, label(id, words), h("input", props), hint ? description(hint) : null);
}

export function Area({ id, label: words, value, put }) {
  const props = { id: `${ID}-${id}`, rows: 3, class: CONTROL, ...useTyped(value, put) };
  return h("div", null, label(id, words), h("textarea", props));
}

export function Choice({ id, label: words, value, options, put }) {
  const onChange = (event) => put(event.target.value);
  const props = { id: `${ID}-${id}`, class: CONTROL, value, onChange };
  return entry(
    id,
    label(id, words),
    h("select", props, options.map(([key, text]) => h("option", { value: key }, text))),
  );
}
