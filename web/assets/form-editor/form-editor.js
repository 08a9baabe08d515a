// Edits a form of a draft: form-js limited to what the pages render, beside it the page itself, rendered by
// the server.
import { FormEditor } from "@bpmn-io/form-js-editor";
import { bar, findings, latest } from "../editors/bar.js";
import { limits } from "./limits.js";
import { COUNTED, DRAWN, DRAWN_PATTERNS, WORDS } from "./words.js";
import { localise } from "../editors/localise.js";
import { Saving } from "../editors/saving.js";
import { fill } from "../page/older.js";

const AFTER = 500;
const DEEPEST = 12;

async function start(box) {
  const part = (name) => box.querySelector(`[data-${name}]`);
  const missing = new Set();
  box.untranslated = missing;
  for (const name of ["palette", "properties"]) localise(part(name), WORDS, missing, COUNTED);
  localise(part("canvas"), DRAWN, new Set(), DRAWN_PATTERNS);
  const editor = new FormEditor({
    container: part("canvas"),
    palette: { parent: part("palette") },
    propertiesPanel: { parent: part("properties"), feelPopupContainer: box },
    additionalModules: [limits],
  });
  box.editor = editor;
  const { address, key } = box.dataset;
  const answer = await fetch(`${address}/file`, { credentials: "same-origin" });
  if (!answer.ok || answer.redirected) throw new Error("没有打开这张表单，请刷新页面，或重新登录。");
  box.dataset.revision = answer.headers.get("X-Revision");
  const changed = [];
  const tell = () => changed.forEach((one) => one());
  editor.on("commandStack.changed", tell);
  let version;
  const text = () => JSON.stringify(
    { ...written(editor.saveSchema()), ...(version ? { schemaVersion: version } : {}) },
    null,
    2,
  );
  const source = {
    text: async () => text(),
    on: (call) => changed.push(call),
    field: "text",
    path: address,
    copy: `${address}/copy`,
    name: `${key}.json`,
    file: `${key}（我的修改）.json`,
    type: "application/json",
  };
  const open = async (body) => {
    const schema = readable(body, editor);
    version = schema.schemaVersion;
    await editor.importSchema(schema);
    tell();
  };
  await open(await answer.text());
  const saving = new Saving(source, box, { state: part("saved"), notice: part("notice") });
  const stack = editor.get("commandStack");
  const preview = watch(box, editor, source, saving, part);
  const press = (name, value) => {
    box.dataset[name] = value;
    for (const one of box.querySelectorAll(`[data-choice=${name}]`))
      one.setAttribute("aria-pressed", String(one.dataset.value === value));
    preview.fresh();
  };
  box.addEventListener("click", (event) => {
    const chosen = event.target.closest("[data-choice]");
    if (chosen) press(chosen.dataset.choice, chosen.dataset.value);
  });
  bar(box, { saving, source, open, undo: () => stack.undo(), redo: () => stack.redo() });
  box.dataset.state = "ready";
}

// A file as the tool can take it; what it cannot is told in words.
function readable(body, editor) {
  let schema;
  try {
    schema = JSON.parse(body);
  } catch {
    throw new Error("不是完整的 JSON 文件。");
  }
  if (!Array.isArray(schema?.components)) throw new Error("不是表单文件：缺少 components。");
  const known = editor.get("formFields");
  const visit = (components, depth) => {
    if (depth > DEEPEST) throw new Error("表单嵌套过深。");
    for (const one of components) {
      if (typeof one?.type !== "string" || !known.get(one.type))
        throw new Error(`类型“${String(one?.type).slice(0, 40)}”不能在办理页面显示。`);
      if (Array.isArray(one.components)) visit(one.components, depth + 1);
    }
  };
  visit(schema.components, 1);
  return schema;
}

// What is stored: a date's name, which the tool writes as its own, is the name that everything else uses.
function written(schema) {
  const visit = (components) => components.map((one) => ({
    ...one,
    ...(one.type === "datetime" && one.dateLabel !== undefined ? { label: one.dateLabel } : {}),
    ...(Array.isArray(one.components) ? { components: visit(one.components) } : {}),
  }));
  return { ...schema, components: visit(schema.components) };
}

// The page at the side: rendered again when the form changes, keeping what was typed in it.
function watch(box, editor, source, saving, part) {
  const frame = part("frame");
  const { address } = box.dataset;
  let last = "";
  let asked = 0;
  let pending = Promise.resolve();
  const show = (id) => {
    if (editor.get("formFieldRegistry").get(id))
      editor.get("selection").set(editor.get("formFieldRegistry").get(id));
    box.querySelector(`.fjs-element[data-id="${CSS.escape(id)}"]`)?.scrollIntoView({ block: "center" });
  };
  const draw = async (more = {}) => {
    const mine = (asked += 1); // an answer that comes late does not cover a newer one
    const form = frame.contentDocument?.querySelector("form");
    const body = form && more.fill === undefined ? new FormData(form) : new FormData();
    for (const [name, value] of [...body]) if (value instanceof File) body.delete(name);
    body.set("schema", await source.text());
    for (
      const [name, value] of Object.entries(form || more.fill !== undefined ? more : {
        fill: box.dataset.fill,
        ...more
      })
    )
      if (value) body.set(name, value);
    const answer = await fetch(`${address}/preview`, {
      method: "POST",
      body,
      credentials: "same-origin",
      headers: { "X-CSRFToken": box.dataset.csrf },
    });
    if (!answer.ok || answer.redirected) throw new Error("预览没有载入，请检查网络，或重新登录。");
    const page = await answer.text();
    if (mine !== asked) return;
    const top = frame.contentWindow?.scrollY ?? 0;
    const there = new Promise((done) => frame.addEventListener("load", () => {
      frame.contentWindow.scrollTo(0, more.attempt ? 0 : top);
      frame.contentDocument.addEventListener("submit", (event) => {
        event.preventDefault();
        event.stopImmediatePropagation();
        // Of the page that is on its way, not of the one it replaces
        pending = pending.then(() => draw({ attempt: "1" }));
      }, true);
      box.dataset.previewed = String(Number(box.dataset.previewed ?? 0) + 1);
      done();
    }, { once: true }));
    frame.srcdoc = page;
    await there;
  };
  const work = latest(AFTER, async (newest) => {
    const text = await source.text();
    if (text === last) return;
    last = text;
    try {
      const checked = await saving.post(`${address}/check`, { text });
      if (!newest()) return;
      const gone = checked.lost.map((one) => (
        {
          element_id: "",
          name: "",
          severity: "warning",
          sentence: `“${one}”去掉了或改了字段名：已办的事项不受影响，图上的条件、打印和统计如果用到它，要一起改。`,
        }
      ));
      findings(part("issues"), [...checked.findings, ...gone], show);
      part("none").hidden = checked.findings.length + gone.length > 0;
      await (pending = draw());
    } catch (error) {
      pending = Promise.resolve();
      fill(
        part("issues"),
        Object.assign(document.createElement("li"), { className: "error", textContent: error.message }),
      );
    }
  });
  source.on(work);
  work();
  return {
    fresh: () => (
      pending = draw({ fill: box.dataset.fill === "sample" ? "sample" : "blank" }).catch(() => {})
    )
  };
}

for (const box of document.querySelectorAll("[data-form-editor]")) {
  if (!matchMedia("(min-width: 701px)").matches) continue;
  start(box).catch((error) => {
    box.dataset.state = "failed";
    box.querySelector("[data-notice]").textContent = /[\u4e00-\u9fff]/.test(error.message)
      ? error.message
      : "表单没有打开：文件不完整，请导出后检查，或恢复现行的内容。";
  });
}
