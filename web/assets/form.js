// A form that the server rendered, made livelier: conditions, computed values, member rows, uploads. Without this script
// the form still works.
import { headers, keepDraft } from "./drafts.js";
import { evaluate } from "./feel.js";
import { judge } from "./form-rules.js";
import { quietly } from "./quiet.js";

function read(level) {
  const names = {};
  const own = (node) => node.closest("[data-row]") === level || (level.matches("form") && !node.closest("[data-row]"));
  for (const node of level.querySelectorAll("[data-key]")) {
    if (!own(node)) continue;
    names[node.dataset.key] = value(node);
  }
  for (const list of level.querySelectorAll("[data-list]")) names[list.dataset.list] = rows(list).map(read);
  return names;
}

function value(node) {
  if (node.dataset.type === "files") return node.querySelectorAll("input[type=hidden]").length || null;
  if (node.dataset.type === "checklist") return [...node.querySelectorAll("input:checked")].map((box) => box.value);
  if (node.dataset.type === "radio") return node.querySelector("input:checked")?.value ?? null;
  if (node.dataset.type === "list") return JSON.parse(node.value);
  if (node.dataset.type === "computed") return node.dataset.value === "" ? null : JSON.parse(node.dataset.value);
  if (node.type === "checkbox") return node.checked;
  if (node.dataset.type === "number") return node.value.trim() === "" ? null : Number(node.value.split(",").join(""));
  return node.value === "" ? null : node.value;
}

const rows = (list) => [...list.querySelectorAll(":scope > .rows > [data-row]")];
const quantity = new Intl.NumberFormat("zh-CN", { maximumFractionDigits: 2 });

function said(found, words) {
  if (Array.isArray(found)) return found.map((one) => words[one] ?? one).join("、") || "—";
  if (found === null) return "—";
  return typeof found === "number" ? quantity.format(found) : String(words[found] ?? found);
}

function refresh(form) {
  const top = read(form);
  for (const node of form.querySelectorAll("[data-computed]")) {
    const tree = JSON.parse(node.dataset.computed);
    const row = node.closest("[data-row]");
    let found = null;
    try {
      found = tree && evaluate(tree, row ? { ...top, ...read(row) } : top);
    } catch {
      continue; // beyond the small evaluator: the server's value stays
    }
    if (typeof found === "number") found = Math.round(found * 100) / 100;
    node.dataset.value = found === null ? "" : JSON.stringify(found);
    node.querySelector("output").textContent = said(found, JSON.parse(node.dataset.words || "{}"));
    if (!row) top[node.dataset.key] = found;
  }
  for (const node of form.querySelectorAll("[data-hide]")) {
    const row = node.closest("[data-row]");
    let hidden = false;
    try {
      hidden = evaluate(JSON.parse(node.dataset.hide), row ? { ...top, ...read(row) } : top) === true;
    } catch {
      continue;
    }
    node.hidden = hidden;
    for (const input of node.querySelectorAll("input:not([type=hidden]), select, textarea")) {
      if (!input.dataset.fixed) input.disabled = hidden;
    }
  }
  return (node) => {
    const row = node.parentElement.closest("[data-row]");
    return row ? { ...top, ...read(row) } : top;
  };
}

function renumber(list) {
  const name = list.dataset.name;
  rows(list).forEach((row, index) => {
    for (const node of row.querySelectorAll("[name], [id], [for]")) {
      for (const attribute of ["name", "id", "for"]) {
        const old = node.getAttribute(attribute);
        if (old) node.setAttribute(attribute, old.replace(new RegExp(`(^|f-|file:)${name}-(\\d+|__n__)-`), `$1${name}-${index}-`));
      }
    }
    const number = row.querySelector(".row-number");
    if (number) number.textContent = String(index + 1);
  });
}

function lists(form, changed) {
  form.addEventListener("click", (event) => {
    const add = event.target.closest("[data-add]");
    const remove = event.target.closest("[data-remove]");
    if (!add && !remove) return;
    const list = event.target.closest("[data-list]");
    if (add) {
      const row = list.querySelector(":scope > template").content.firstElementChild.cloneNode(true);
      list.querySelector(":scope > .rows").append(row);
      renumber(list);
      row.querySelector("input, select")?.focus();
    } else {
      remove.closest("[data-row]").remove();
      renumber(list);
    }
    changed();
  });
}

function uploads(form, changed) {
  form.addEventListener("change", async (event) => {
    const input = event.target;
    if (input.type !== "file" || !form.dataset.upload) return;
    const box = input.closest("[data-type=files]");
    const say = box.querySelector(".upload-state");
    say.classList.remove("text-danger");
    for (const file of [...input.files]) {
      if (!say.classList.contains("text-danger")) say.textContent = `正在上传 ${file.name}…`;
      const body = new FormData();
      body.append("file", file);
      body.append("field", input.name.replace("file:", ""));
      try {
        const answer = await fetch(form.dataset.upload, { method: "POST", body, headers: headers(form) });
        if (!answer.ok || answer.redirected) throw new Error(await sentence(answer));
        keep(box, input, await answer.json());
        if (!say.classList.contains("text-danger")) say.textContent = "";
      } catch (error) {
        say.textContent = `${file.name}：${error.message || "上传没有成功，请检查网络后重试。"}`;
        say.classList.add("text-danger");
      }
    }
    input.value = "";
    changed();
  });
  form.addEventListener("click", (event) => {
    const drop = event.target.closest("[data-drop]");
    if (!drop) return;
    drop.closest("li").remove();
    changed();
  });
}

function keep(box, input, file) {
  if (!input.multiple) box.querySelector("ul").replaceChildren();
  const item = document.createElement("li");
  const link = Object.assign(document.createElement("a"), { href: file.url, target: "_blank", textContent: file.filename });
  const hidden = Object.assign(document.createElement("input"), { type: "hidden", name: input.name.replace("file:", ""), value: file.id });
  const drop = Object.assign(document.createElement("button"), { type: "button", className: "btn btn-link btn-sm", textContent: "移除" });
  drop.dataset.drop = "";
  item.append(link, hidden, drop);
  box.querySelector("ul").append(item);
}

async function sentence(answer) {
  if (answer.redirected) return "登录已过期，请重新登录。";
  const problem = await answer.json().catch(() => ({}));
  return problem.detail || "上传没有成功，请重试。";
}

// Fill the form with what was typed: rows as many as there were, and what was not ticked is not ticked.
function restore(form, pairs) {
  const byName = new Map();
  for (const [name, one] of pairs) byName.set(name, [...(byName.get(name) || []), one]);
  for (const list of form.querySelectorAll("[data-list]")) restoreRows(list, [...byName.keys()]);
  for (const node of form.querySelectorAll("input[name], select[name], textarea[name]")) {
    if (node.closest(".picks")) continue; // whom the page lists is the page's own
    const values = byName.get(node.name);
    if (node.type === "radio" || node.type === "checkbox") node.checked = Boolean(values?.includes(node.value));
    else if (values && node.type !== "hidden" && node.type !== "file") node.value = values[0];
  }
}

function restoreRows(list, names) {
  const inside = new RegExp(`^${list.dataset.name}-(\\d+)-`);
  const wanted = new Set(names.map((name) => inside.exec(name)?.[1]).filter(Boolean)).size;
  const box = list.querySelector(":scope > .rows");
  while (rows(list).length < wanted) box.append(list.querySelector(":scope > template").content.firstElementChild.cloneNode(true));
  for (const row of rows(list).slice(wanted)) row.remove();
  renumber(list);
}

// A second press within a few seconds is the same press; after that the page is as alive as before, whatever became of
// the request: the server takes one key only once.
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
    fields.slice(fields.indexOf(field) + 1).find((one) => !one.disabled && one.offsetParent !== null)?.focus();
  });
}

export function enliven(form) {
  const change = () => quietly("refresh", () => judge(form, refresh(form)));
  const remember = keeps(form) ? keepDraft(form, (pairs) => restore(form, pairs), change) : () => {};
  const changed = () => {
    change();
    remember();
  };
  lists(form, changed);
  uploads(form, changed);
  form.addEventListener("input", changed);
  form.addEventListener("change", (event) => event.target.type !== "file" && changed());
  once(form);
  enterGoesOn(form);
  refresh(form);
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
  const words = "textarea, input:not([type]), input[type=text], input[type=date], input[type=number]";
  return [...document.querySelectorAll("main form[method=post]:not([data-live]):not([role=search])")].filter(
    (form) => keeps(form) && form.querySelector(words) && !form.querySelector("[type=password]"),
  );
}
