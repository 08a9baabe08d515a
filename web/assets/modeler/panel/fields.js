// The panel's controls: labelled, with a hint, telling what is wrong below; expressions complete names as one
// types.
import { fill } from "../../page/older.js";
export function h(tag, props = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (name.startsWith("aria")) node.setAttribute(`aria-${name.slice(4).toLowerCase()}`, value);
    else if (name in node && name !== "list") node[name] = value;
    else if (value !== undefined) node.setAttribute(name, value);
  }
  node.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return node;
}

let serial = 0;

export function field(key, label, control, hint) {
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
    hint && h("p", { className: "hint" }, hint),
  );
}

// What was drawn stays the default: what differs from it has been typed.
export const line = (value, save, more = {}) => h("input", {
  type: "text",
  className: "form-control form-control-sm",
  defaultValue: value,
  autocomplete: "off",
  onchange: (event) => save(event.target.value.trim()),
  ...more
});
export const area = (value, save, more = {}) => h("textarea", {
  className: "form-control form-control-sm",
  rows: 3,
  defaultValue: value,
  onchange: (event) => save(event.target.value),
  ...more
});
export const whole = (value, save, more = {}) => line(value, save, {
  type: "number",
  min: 0,
  max: 9999,
  ...more
});

export function choice(value, options, save, more = {}) {
  const known = options.some(([key]) => key === value);
  const rest = value && !known ? [[value, `${value}（不认识）`]] : [];
  return h("select", { className: "form-select form-select-sm", onchange: (event) => save(event.target.value), ...more },
    ...[...options, ...rest].map(([key, text]) => h(
      "option",
      { value: key, selected: key === value },
      text,
    )));
}

export function tick(key, label, value, save, hint) {
  const box = h("input", {
    type: "checkbox",
    className: "form-check-input",
    checked: value,
    onchange: (event) => save(event.target.checked),
  });
  box.dataset.field = key;
  return h(
    "div",
    { className: "pf" },
    h("label", { className: "tick" }, box, label),
    hint && h("p", { className: "hint" }, hint),
  );
}

export function several(key, options, value, save) {
  const chosen = new Set(value.split(",").map((one) => one.trim()).filter(Boolean));
  const box = h("div", { className: "several" });
  for (const [name, text] of options) {
    const input =
      h("input", { type: "checkbox", className: "form-check-input", checked: chosen.has(name), onchange: () => {
      if (input.checked) chosen.add(name);
      else chosen.delete(name);
      save([...chosen].join(","));
    } });
    input.dataset.field = `${key}:${name}`;
    box.append(h("label", { className: "tick" }, input, text));
  }
  return box;
}

// A FEEL text: names are offered while typing, and the server says at once what it cannot read.
export function feel(value, save, { names, check, timer = false, rows = 2, placeholder = "" }) {
  const wrong = h("p", { className: "wrong", role: "alert" });
  const input = h("textarea", {
    className: "form-control form-control-sm feel",
    rows,
    defaultValue: value,
    placeholder,
    spellcheck: false,
    onchange: () => save(input.value.trim()),
  });
  const list = h("ul", { className: "names", role: "listbox", hidden: true });
  const box = h("div", { className: "feel-box" }, input, list, wrong);
  let waiting;
  const look = async () => {
    const text = input.value.trim();
    const sentence = text ? await check(text, timer) : "";
    if (text === input.value.trim()) wrong.textContent = sentence;
  };
  const typed = () => /[\p{L}_][\p{L}\p{N}_.]*$/u.exec(input.value.slice(0, input.selectionStart))?.[0] ?? "";
  const offer = () => {
    const start = typed();
    const fitting = start.length < 1
      ? []
      : names()
        .filter((one) => one.key !== start && (one.key.includes(start) || one.name.includes(start)))
        .slice(0, 8);
    fill(
      list,
      ...fitting.map((one, index) => h(
        "li",
        {
          role: "option",
          ariaSelected: index === 0,
          title: one.key,
          onmousedown: (event) => (event.preventDefault(), take(one)),
        },
        h("b", {}, one.key),
        ` ${one.name}`,
      ))
    );
    list.hidden = fitting.length === 0;
    list.choices = fitting;
  };
  const take = (one) => {
    const end = input.selectionStart;
    const begin = end - typed().length;
    input.setRangeText(one.key, begin, end, "end");
    list.hidden = true;
    look();
  };
  input.addEventListener("input", () => {
    offer();
    clearTimeout(waiting);
    waiting = setTimeout(look, 350);
  });
  input.addEventListener("blur", () => (list.hidden = true));
  input.addEventListener("keydown", (event) => {
    event.stopPropagation();
    if (list.hidden) return;
    const at = [...list.children].findIndex((one) => one.getAttribute("aria-selected") === "true");
    if (event.key === "Escape") list.hidden = true;
    else if (event.key === "Enter" || event.key === "Tab") take(list.choices[at]);
    else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      const next = (at + (event.key === "ArrowDown" ? 1 : -1) + list.children.length) % list.children.length;
      [...list.children].forEach((one, index) => one.setAttribute("aria-selected", index === next));
    } else return;
    event.preventDefault();
  });
  if (value) look();
  return box;
}

export function rows(entries, save, { first = "名称", second = "值", add = "加一行", prefix = "", names, check }) {
  const box = h("div", { className: "pairs" });
  for (const [key, value] of entries) {
    const name = line(key.slice(prefix.length), (text) => text && save(key, prefix + text, value), {
      ariaLabel: first,
    });
    const text = names
      ? feel(value, (typed) => save(key, key, typed), { names, check, rows: 1 })
      : line(value, (typed) => save(key, key, typed), { ariaLabel: second });
    name.dataset.field = `${key}:name`;
    (text.matches("input") ? text : text.querySelector("textarea")).dataset.field = `${key}:value`;
    box.append(h(
      "div",
      { className: "pair" },
      name,
      text,
      h("button", { type: "button", className: "drop", title: "去掉", onclick: () => save(key, null, "") }, "×"),
    ));
  }
  const fresh = line("", () => {}, { placeholder: `${first}（英文）`, ariaLabel: first });
  const given = line("", () => {}, { placeholder: second, ariaLabel: second });
  const put = () => fresh.value.trim()
    && given.value.trim()
    && save(null, prefix + fresh.value.trim(), given.value.trim());
  fresh.dataset.field = `${prefix}new:name`;
  given.dataset.field = `${prefix}new:value`;
  given.addEventListener("change", put);
  fresh.addEventListener("change", put);
  box.append(h(
    "div",
    { className: "pair new" },
    fresh,
    given,
    h("button", { type: "button", className: "drop", title: add, onclick: put }, "＋"),
  ));
  return box;
}
