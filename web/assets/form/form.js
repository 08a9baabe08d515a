// A form that the server rendered, made livelier: conditions, computed values, member rows, uploads. Without
// this script the form still works.
import { keepDraft } from "../drafts/drafts.js";
import { quietly } from "../page/quiet.js";
import { uploads } from "../uploads/uploads.js";
import { Level } from "./evaluation.js";
import { byName, renamed, rowsOf, said } from "./rows.js";
import { judge } from "./rules.js";

const rows = (list) => [...list.querySelectorAll(":scope > .rows > [data-row]")];

// The parts of each level, by their place in the plan: those of the form under null, those of a row under it.
function partsOf(form) {
  const levels = new Map([[null, new Map()]]);
  for (const row of form.querySelectorAll("[data-row]")) levels.set(row, new Map());
  for (const part of form.querySelectorAll("[data-place]")) {
    const row = part.closest("[data-row]");
    levels.get(row && form.contains(row) ? row : null).set(Number(part.dataset.place), part);
  }
  return levels;
}

function typed(node, part) {
  const control = part.querySelector("[name], [data-given]");
  if (control && "given" in control.dataset) return JSON.parse(control.value);
  if (node.kind === "filepicker")
    return [...part.querySelectorAll("input[type=hidden]")].map((one) => one.value);
  const checked = [...part.querySelectorAll("input:checked")].map((box) => box.value);
  if (node.kind === "checklist" || node.kind === "taglist") return checked;
  if (node.kind === "radio") return checked[0] ?? null;
  return node.kind === "checkbox" ? checked.length > 0 : (control?.value ?? null);
}

// What stands in one level, and what the server told of what this script cannot work out.
function read(plan, levels, row) {
  const values = {};
  const kept = { hidden: {}, computed: {}, rows: {} };
  for (const [place, part] of levels.get(row)) {
    const node = plan[place];
    kept.hidden[place] = part.hidden;
    if (node.kind === "expression")
      kept.computed[node.key] = part.dataset.value === "" ? null : JSON.parse(part.dataset.value);
    else if (node.rows) {
      const inner = rows(part).map((one) => read(node.rows, levels, one));
      values[node.key] = inner.map((one) => one.values);
      kept.rows[node.key] = inner.map((one) => one.kept);
    } else if (node.key) values[node.key] = typed(node, part);
  }
  return { values, kept };
}

function show(level, levels, row, placed) {
  placed.set(row, level);
  for (const [place, part] of levels.get(row)) {
    const node = level.plan[place];
    if (node.hide !== null) part.hidden = level.hidden(node);
    if (node.kind === "expression") {
      const found = level.compute(node);
      part.dataset.value = found === null ? "" : JSON.stringify(found);
      part.querySelector("output").textContent = said(found, JSON.parse(part.dataset.words || "{}"));
    }
    if (node.rows) level.rows.get(node).forEach((one, index) => show(one, levels, rows(part)[index], placed));
  }
}

const seen = (level) => (level.outer ? { ...seen(level.outer), ...level.seen(null) } : level.seen(null));

// Evaluates the form and shows what comes of it; answers what a node of the page sees by name.
function refresh(form) {
  const root = form.querySelector("[data-plan]");
  if (!root) return () => ({});
  root.plan ??= JSON.parse(root.dataset.plan);
  const levels = partsOf(form);
  const { values, kept } = read(root.plan, levels, null);
  const placed = new Map();
  show(new Level(root.plan, values, null, kept).settle(), levels, null, placed);
  const names = new Map();
  return (node) => {
    const row = node.parentElement.closest("[data-row]");
    const level = placed.get(row && form.contains(row) ? row : null);
    if (!names.has(level)) names.set(level, seen(level));
    return names.get(level);
  };
}

const NAMED = ["name", "id", "for", "list", "aria-describedby", "data-name", "data-prefix"];

// Everything in a row carries the row's prefix, rows of inner lists and the patterns of their new rows too.
function rename(root, from, to) {
  for (const node of [root, ...root.querySelectorAll("*")]) {
    for (const attribute of NAMED) {
      const old = node.getAttribute?.(attribute) ?? "";
      const name = renamed(old, from, to);
      if (name !== old) node.setAttribute(attribute, name);
    }
    if (node.content) rename(node.content, from, to);
  }
}

function renumber(list) {
  rows(list).forEach((row, index) => {
    const prefix = `${list.dataset.name}-${index}-`;
    if (row.dataset.prefix !== prefix) rename(row, row.dataset.prefix, prefix);
    row.querySelector(":scope > .row-head .row-number").textContent = String(index + 1);
  });
}

function addRow(list) {
  const row = list.querySelector(":scope > template").content.firstElementChild.cloneNode(true);
  list.querySelector(":scope > .rows").append(row);
  renumber(list);
  return row;
}

function lists(form, changed) {
  form.addEventListener("click", (event) => {
    const add = event.target.closest("[data-add]");
    const remove = event.target.closest("[data-remove]");
    if (!add && !remove) return;
    const list = event.target.closest("[data-list]");
    if (add) addRow(list).querySelector("input, select, textarea")?.focus();
    else {
      remove.closest("[data-row]").remove();
      renumber(list);
    }
    changed();
  });
}

// Fill the form with what was typed: rows as many as there were, and what was not ticked is not ticked.
function restore(form, pairs) {
  const typed = byName(pairs);
  const outer = [...form.querySelectorAll("[data-list]")].filter((list) => !list.closest("[data-row]"));
  for (const list of outer) fit(list, [...typed.keys()]);
  for (const control of form.querySelectorAll("input[name], select[name], textarea[name]")) {
    const isThePages = control.closest(".picks"); // whom the page lists is the page's own
    if (!isThePages) put(control, typed.get(control.name));
  }
}

const TICKED = ["radio", "checkbox"];
const NOT_TYPED = ["hidden", "file"];

function put(control, values) {
  if (TICKED.includes(control.type)) control.checked = Boolean(values?.includes(control.value));
  else if (values && !NOT_TYPED.includes(control.type)) control.value = values[0];
}

// As many rows as were kept, no more and no fewer, in inner lists too.
function fit(list, names) {
  const wanted = rowsOf(list.dataset.name, names);
  while (rows(list).length < wanted) addRow(list);
  for (const row of rows(list).slice(wanted)) row.remove();
  for (const row of rows(list)) for (const inner of innerLists(row)) fit(inner, names);
}

const innerLists = (row) => [...row.querySelectorAll("[data-list]")].filter(
  (one) => one.parentElement.closest("[data-row]") === row,
);

// A second press within a few seconds is the same press; after that the page is as alive as before, whatever
// became of the request: the server takes one key only once.
const PRESSED_ONCE = 4000;

function once(form) {
  let pressed = 0;
  addEventListener("pageshow", () => (pressed = 0));
  form.addEventListener("submit", (event) => {
    if (event.defaultPrevented) return;
    if (event.timeStamp - pressed < PRESSED_ONCE && pressed) event.preventDefault();
    else pressed = event.timeStamp;
  });
}

// Enter goes on to the next field; on phones the keyboard's 完成 does not send a half-filled form.
function enterGoesOn(form) {
  form.addEventListener("keydown", (event) => {
    const field = event.target;
    const typed = field.matches("input:not([type=checkbox]):not([type=radio]):not([type=file]), select");
    if (event.key !== "Enter" || event.isComposing || !typed) return;
    event.preventDefault();
    const fields = [...form.querySelectorAll("input:not([type=hidden]), select, textarea, button")];
    fields
      .slice(fields.indexOf(field) + 1)
      .find((one) => !one.disabled && one.offsetParent !== null)
      ?.focus();
  });
}

// A form whose keeping is its page's own affair: no draft, no upload. Answers what fills it with pairs.
export function animate(form, changed = () => {}) {
  const change = () => quietly("refresh", () => judge(form, refresh(form)));
  const both = () => {
    change();
    changed();
  };
  lists(form, both);
  form.addEventListener("input", both);
  form.addEventListener("change", (event) => event.target.type !== "file" && both());
  enterGoesOn(form);
  refresh(form);
  return (pairs) => {
    restore(form, pairs);
    change();
  };
}

export function enliven(form) {
  const change = () => quietly("refresh", () => judge(form, refresh(form)));
  let remember = () => {};
  const changed = () => {
    change();
    remember();
  };
  const files = uploads(form, changed); // first: what it holds back is not submitted
  const fill = (pairs) => {
    restore(form, pairs);
    files(pairs);
  };
  if (keeps(form)) remember = keepDraft(form, fill, change);
  animate(form, () => remember());
  once(form);
}

const keeps = (form) => !form.closest("[data-unkept]");

// A form that needs no life but keeps what is typed into it: the reason of a return, a new place, an order.
export function keepTyped(form) {
  const remember = keepDraft(form, (pairs) => restore(form, pairs), () => {});
  form.addEventListener("input", remember);
  form.addEventListener("change", remember);
  once(form);
}

// Every form of the page that people write words into, but those that are live already.
export function written() {
  const words = "textarea, input:not([type]), input[type=text]";
  return [...document.querySelectorAll("main form[method=post]:not([data-live]):not([role=search])")].filter(
    (form) => keeps(form) && form.querySelector(words) && !form.querySelector("[type=password]"),
  );
}
