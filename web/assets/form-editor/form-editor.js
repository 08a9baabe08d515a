// Edits a form of a draft: form-js limited to what the pages render, beside it the page itself, rendered by
// the server.
import { FormEditor } from "@bpmn-io/form-js-editor";
import { bar } from "../editors/bar.js";
import { inChinese } from "../editors/chinese.js";
import { localise } from "../editors/localise.js";
import { Saving } from "../editors/saving.js";
import { limits } from "./limits.js";
import { Preview } from "./preview.js";
import { readable, written } from "./schema.js";
import { COUNTED, DRAWN, DRAWN_PATTERNS, WORDS } from "./words.js";

const WIDE = "(min-width: 701px)";
const UNREADABLE = "表单没有打开：文件不完整，请导出后检查，或恢复现行的内容。";

async function start(box) {
  const part = (name) => box.querySelector(`[data-${name}]`);
  speak(box, part);
  const editor = new FormEditor({
    container: part("canvas"),
    palette: { parent: part("palette") },
    propertiesPanel: { parent: part("properties"), feelPopupContainer: box },
    additionalModules: [limits],
  });
  const file = await stored(box);
  const source = new Source(editor, box.dataset);
  Object.assign(box, { editor, source });
  await source.open(await file.text());
  const saving = new Saving(source, box, { state: part("saved"), notice: part("notice") });
  const preview = new Preview(box, editor, source, saving);
  box.addEventListener("click", (event) => choose(box, preview, event.target.closest("[data-choice]")));
  const stack = editor.get("commandStack");
  const open = (body) => source.open(body);
  bar(box, { saving, source, open, undo: () => stack.undo(), redo: () => stack.redo() });
  box.dataset.state = "ready";
}

function speak(box, part) {
  const missing = new Set();
  box.untranslated = missing;
  for (const name of ["palette", "properties"]) localise(part(name), WORDS, missing, COUNTED);
  localise(part("canvas"), DRAWN, new Set(), DRAWN_PATTERNS);
}

async function stored(box) {
  const answer = await fetch(`${box.dataset.address}/file`, { credentials: "same-origin" });
  if (!answer.ok || answer.redirected) throw new Error("没有打开这张表单，请刷新页面，或重新登录。");
  box.dataset.revision = answer.headers.get("X-Revision");
  return answer;
}

function choose(box, preview, chosen) {
  if (!chosen) return;
  const { choice, value } = chosen.dataset;
  box.dataset[choice] = value;
  for (const one of box.querySelectorAll(`[data-choice=${choice}]`)) {
    one.setAttribute("aria-pressed", String(one.dataset.value === value));
  }
  preview.fresh();
}

// The form as a file, for whoever keeps it (editors/saving.js).
class Source {
  constructor(editor, { address, key }) {
    Object.assign(this, { editor, listeners: [], field: "text", path: address, copy: `${address}/copy` });
    Object.assign(this, { name: `${key}.json`, file: `${key}（我的修改）.json`, type: "application/json" });
    editor.on("commandStack.changed", () => this.tell());
  }

  on(call) {
    this.listeners.push(call);
  }

  tell() {
    for (const call of this.listeners) call();
  }

  async text() {
    return written(this.editor.saveSchema(), this.version);
  }

  async open(body) {
    const known = this.editor.get("formFields");
    const schema = readable(body, (type) => known.get(type));
    this.version = schema.schemaVersion;
    await this.editor.importSchema(schema);
    this.tell();
  }
}

for (const box of document.querySelectorAll("[data-form-editor]")) {
  if (!matchMedia(WIDE).matches) continue;
  start(box).catch((error) => {
    box.dataset.state = "failed";
    box.querySelector("[data-notice]").textContent = inChinese(error, UNREADABLE);
  });
}
