// The panel's controls: labelled, with a hint. What was drawn stays the default: what differs from it has
// been typed.
import { button, h, hint } from "../../editors/elements.js";
import { feel } from "./feel.js";

let serial = 0;

export function field(key, label, control, words) {
  const input = control.matches("input, select, textarea")
    ? control
    : control.querySelector("input, select, textarea");
  if (input) {
    input.id ||= `panel-${(serial += 1)}`;
    input.dataset.field ??= key;
  }
  return h(
    "div",
    { className: "pf" },
    h("label", { htmlFor: input?.id ?? "" }, label),
    control,
    words && hint(words),
  );
}

export function line(value, save, more = {}) {
  return h("input", {
    type: "text",
    className: "form-control form-control-sm",
    defaultValue: value,
    autocomplete: "off",
    onchange: (event) => save(event.target.value.trim()),
    ...more,
  });
}

export function area(value, save) {
  return h("textarea", {
    className: "form-control form-control-sm",
    rows: 3,
    defaultValue: value,
    onchange: (event) => save(event.target.value),
  });
}

export const whole = (value, save, more = {}) =>
  line(value, save, { type: "number", min: 0, max: 9999, ...more });

export function choice(value, options, save) {
  const known = options.some(([key]) => key === value);
  const all = value && !known ? [...options, [value, `${value}（不认识）`]] : options;
  return h(
    "select",
    { className: "form-select form-select-sm", onchange: (event) => save(event.target.value) },
    ...all.map(([key, text]) => h("option", { value: key, selected: key === value }, text)),
  );
}

const box = (checked, onchange) =>
  h("input", { type: "checkbox", className: "form-check-input", checked, onchange });

export function tick(key, label, value, save, words) {
  const input = box(value, (event) => save(event.target.checked));
  input.dataset.field = key;
  return h("div", { className: "pf" }, h("label", { className: "tick" }, input, label), words && hint(words));
}

export function several(key, options, value, save) {
  const chosen = new Set(value.split(",").map((one) => one.trim()).filter(Boolean));
  const boxes = options.map(([name, text]) => {
    const input = box(chosen.has(name), () => {
      if (input.checked) chosen.add(name);
      else chosen.delete(name);
      save([...chosen].join(","));
    });
    input.dataset.field = `${key}:${name}`;
    return h("label", { className: "tick" }, input, text);
  });
  return h("div", { className: "several" }, boxes);
}

// Pairs of a name and a value, and room for one more. `save(old, name, value)`: of a new one `old` is null,
// of one that is taken away `name`.
export function rows(entries, save, { first = "名称", second = "值", prefix = "", names, check }) {
  const pair = ([key, value]) => {
    const renamed = (text) => text && save(key, prefix + text, value);
    const typed = (text) => save(key, key, text);
    const name = line(key.slice(prefix.length), renamed, { ariaLabel: first });
    const text = names
      ? feel(value, typed, { names, check, rows: 1 })
      : line(value, typed, { ariaLabel: second });
    name.dataset.field = `${key}:name`;
    (text.matches("input") ? text : text.querySelector("textarea")).dataset.field = `${key}:value`;
    const drop = button("×", () => save(key, null, ""), { className: "drop", title: "去掉" });
    return h("div", { className: "pair" }, name, text, drop);
  };
  const fresh = line("", () => {}, { placeholder: `${first}（英文）`, ariaLabel: first });
  const given = line("", () => {}, { placeholder: second, ariaLabel: second });
  const put = () => {
    const [name, value] = [fresh.value.trim(), given.value.trim()];
    if (name && value) save(null, prefix + name, value);
  };
  fresh.dataset.field = `${prefix}new:name`;
  given.dataset.field = `${prefix}new:value`;
  given.addEventListener("change", put);
  fresh.addEventListener("change", put);
  const add = button("＋", put, { className: "drop", title: "加一行" });
  return h(
    "div",
    { className: "pairs" },
    entries.map(pair),
    h("div", { className: "pair new" }, fresh, given, add),
  );
}
