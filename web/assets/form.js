// A form that the server rendered, made livelier: conditions, computed values, member rows, uploads, drafts that save
// themselves. Without this script the form still works.
import { evaluate } from "./feel.js";
import { judge } from "./form-rules.js";

const AFTER_TYPING = 1500;

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
  if (node.dataset.type === "number") return node.value.trim() === "" ? null : Number(node.value.replaceAll(",", ""));
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

const headers = (form) => ({ "X-Requested-With": "fetch", "X-CSRFToken": form.querySelector("[name=csrf_token]").value });

// 暂存: to the server shortly after typing stops, and to this browser at once in case the network is gone.
function drafts(form) {
  if (!form.dataset.draft) return () => {};
  const local = `draft:${form.dataset.draft}`;
  const state = document.querySelector("#draft-state");
  let waiting = 0;
  let sent = false;
  const save = async () => {
    waiting = 0;
    const body = new FormData(form);
    for (const name of [...body.keys()]) if (name.startsWith("file:")) body.delete(name);
    try {
      const answer = await fetch(form.dataset.draft, { method: "POST", body, headers: headers(form) });
      if (!answer.ok || answer.redirected) throw new Error();
      localStorage.removeItem(local);
      if (state) state.textContent = `已自动暂存 ${new Date().toLocaleTimeString("zh-CN", { hour: "2-digit", minute: "2-digit" })}`;
    } catch {
      if (!sent && state) state.textContent = "网络不通或登录已过期，内容已保存在本机";
    }
  };
  form.addEventListener("submit", () => {
    sent = true;
    clearTimeout(waiting);
    sessionStorage.setItem("submitted", local);
  });
  restore(form, local);
  return () => {
    const pairs = [...new FormData(form)].filter(([name, one]) => typeof one === "string" && !["csrf_token", "key"].includes(name));
    localStorage.setItem(local, JSON.stringify(pairs));
    clearTimeout(waiting);
    waiting = setTimeout(save, AFTER_TYPING);
  };
}

function restore(form, local) {
  const kept = JSON.parse(localStorage.getItem(local) || "null");
  if (!kept) return;
  const byName = new Map();
  for (const [name, one] of kept) byName.set(name, [...(byName.get(name) || []), one]);
  for (const list of form.querySelectorAll("[data-list]")) {
    const wanted = new Set([...byName.keys()].map((name) => name.match(new RegExp(`^${list.dataset.name}-(\\d+)-`))?.[1]).filter(Boolean));
    while (rows(list).length < wanted.size) {
      list.querySelector(":scope > .rows").append(list.querySelector(":scope > template").content.firstElementChild.cloneNode(true));
      renumber(list);
    }
  }
  for (const [name, values] of byName) {
    for (const node of form.querySelectorAll(`[name="${CSS.escape(name)}"]`)) {
      if (node.type === "radio" || node.type === "checkbox") node.checked = values.includes(node.value);
      else if (node.type !== "hidden" && node.type !== "file") node.value = values[0];
    }
  }
}

// What was accepted, or what a person leaves behind on signing out, does not stay in the browser.
export function forget() {
  const submitted = sessionStorage.getItem("submitted");
  if (submitted && document.querySelector("main .alert-success")) {
    localStorage.removeItem(submitted);
    sessionStorage.removeItem("submitted");
  }
  document.querySelector("form[data-leave]")?.addEventListener("submit", () => {
    for (const key of Object.keys(localStorage)) if (key.startsWith("draft:")) localStorage.removeItem(key);
  });
}

export function enliven(form) {
  const remember = drafts(form);
  const changed = () => {
    judge(form, refresh(form));
    remember();
  };
  lists(form, changed);
  uploads(form, changed);
  form.addEventListener("input", changed);
  form.addEventListener("change", (event) => event.target.type !== "file" && changed());
  form.addEventListener("submit", (event) => {
    if (form.dataset.busy) return event.preventDefault();
    if (event.submitter?.name !== "draft") form.dataset.busy = "1";
    return undefined;
  });
  refresh(form);
}
