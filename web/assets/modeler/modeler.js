// Draws a draft's diagram: bpmn-js limited to what the engine runs, a panel in plain words, findings as one
// draws.
import Modeler from "bpmn-js/lib/Modeler";
import Viewer from "bpmn-js/lib/Viewer";
import minimap from "diagram-js-minimap";
import { inChinese } from "../editors/chinese.js";
import { download } from "../editors/notices.js";
import { Saving } from "../editors/saving.js";
import { chinese } from "./drawing/chinese.js";
import extensions from "./drawing/extensions.js";
import { Issues } from "./issues.js";
import limits from "./drawing/limits.js";
import { Editor, keepLoose } from "./model.js";
import { Panel } from "./panel/panel.js";
import { decoded } from "./reading.js";
import { names } from "./texts/names.js";
import { NEAR, framed, seen, zoomed } from "./view.js";

const UNOPENED = "流程图没有打开，请刷新重试。";
const NOTHING_DRAWN = "文件里只有流程，没有画出的图形，请用画图工具重新保存后再导入。";

async function start(box) {
  const part = (name) => box.querySelector(`[data-${name}]`);
  const { module, missing } = chinese();
  const modeler = new Modeler({
    container: part("canvas"),
    additionalModules: [module, limits, minimap],
    moddleExtensions: { spiffworkflow: extensions },
  });
  const editor = new Editor(modeler);
  box.untranslated = missing;
  const get = async (path) => {
    const answer = await fetch(path, { credentials: "same-origin" });
    if (!answer.ok || answer.redirected) throw new Error("没有打开这份草稿，请刷新页面，或重新登录。");
    return answer;
  };
  const { at } = box.dataset;
  const [known, file] = await Promise.all([
    get(`${at}/known`).then((one) => one.json()),
    get(`${at}/diagram.bpmn`),
  ]);
  box.dataset.revision = file.headers.get("X-Revision");
  const saving = new Saving(drawn(modeler, box), box, { state: part("saved"), notice: part("notice") });
  const check = async (text, timer) => (await saving.post("/drafts/feel", { text, timer })).sentence;
  const issues = new Issues(modeler, editor, {
    list: part("issues"),
    counter: part("counter"),
    ask: async (xml) => (await saving.post(`${at}/check`, { xml })).findings,
  });
  new Panel(part("panel"), modeler, editor, known, {
    check,
    address: (kind, key) => (kind ? `${at}/${kind}/${encodeURIComponent(key)}` : `${at}#resources`),
    fixedKey: box.dataset.key,
  });
  box.names = () => names(modeler, known).map((one) => one.key); // tests hold them against the check's
  await open(modeler, await file.text());
  buttons(box, modeler, saving, issues);
  await saving.compare();
  box.dataset.state = "ready";
}

const drawn = (modeler, { dataset: { at, title } }) => ({
  text: async () => (await modeler.saveXML({ format: true })).xml,
  on: (changed) => modeler.get("eventBus").on("commandStack.changed", changed),
  field: "xml",
  path: `${at}/diagram`,
  copy: `${at}/copy`,
  opened: () => modeler.asOpened,
  settled: () => delete modeler.asOpened,
  file: `${title}（我的修改）.bpmn`,
  type: "application/xml",
});

async function open(modeler, xml) {
  const { warnings } = await modeler.importXML(xml);
  keepLoose(warnings);
  // Before anybody drew: what is missing, was not read
  modeler.asOpened = (await modeler.saveXML({ format: true })).xml;
  show(modeler, { whole: false });
}

function show(modeler, { whole }) {
  const canvas = modeler.get("canvas");
  canvas.zoom(1);
  canvas.viewbox(seen(canvas.viewbox(), whole));
}

function buttons(box, modeler, saving, issues) {
  const canvas = modeler.get("canvas");
  const stack = modeler.get("commandStack");
  const title = box.dataset.title;
  const help = box.querySelector("[data-help]");
  const zoom = (factor) => canvas.zoom(zoomed(canvas.zoom(), factor));
  const acts = {
    undo: () => stack.undo(),
    redo: () => stack.redo(),
    in: () => zoom(1.2),
    out: () => zoom(1 / 1.2),
    fit: () => show(modeler, { whole: true }),
    near: () => show(modeler, { whole: false }),
    map: () => modeler.get("minimap").toggle(),
    // The click itself would close it again
    find: () => setTimeout(() => modeler.get("searchPad").toggle(), 0),
    save: () => saving.save(),
    list: () => box.classList.toggle("with-issues"),
    keys: () => (help.showModal ? help.showModal() : help.setAttribute("open", "")),
    close: () => (help.close ? help.close() : help.removeAttribute("open")),
    file: async () => download(
      (await modeler.saveXML({ format: true })).xml,
      `${title}.bpmn`,
      "application/xml",
    ),
    picture: async () => download((await modeler.saveSVG()).svg, `${title}.svg`, "image/svg+xml"),
    load: () => box.querySelector("[data-upload]").click(),
  };
  box.addEventListener("click", (event) => acts[event.target.closest("[data-act]")?.dataset.act]?.());
  box
    .querySelector("[data-upload]")
    .addEventListener("change", (event) => load(event.target, modeler, saving, box));
  box.addEventListener("click", async (event) => {
    const link = event.target.closest("a[href]");
    if (!link || !saving.dirty || saving.stopped) return;
    event.preventDefault();
    await saving.save();
    location.assign(link.href);
  });
  const able = () => {
    box.querySelector("[data-act=undo]").disabled = !stack.canUndo();
    box.querySelector("[data-act=redo]").disabled = !stack.canRedo();
  };
  modeler.get("eventBus").on("commandStack.changed", able);
  able();
  document.addEventListener("keydown", (event) => {
    if (!(event.ctrlKey || event.metaKey) || event.key.toLowerCase() !== "s") return;
    event.preventDefault();
    document.activeElement?.blur();
    setTimeout(acts.save, 0);
  });
  issues.soon();
}

async function load(input, modeler, saving, box) {
  const file = input.files[0];
  input.value = "";
  if (!file || !window.confirm(`草稿里的图将换成“${file.name}”里的，确定吗？原来的可以先导出。`)) return;
  const before = (await modeler.saveXML({ format: true })).xml;
  try {
    const text = decoded(await file.arrayBuffer());
    await open(modeler, text);
    await saving.replace(text);
    await saving.compare();
    box.dataset.loaded = file.name;
  } catch (error) {
    await open(modeler, before);
    saving.tell("danger", `没有换成“${file.name}”：${said(error, "这不是能打开的流程图。")}`);
  }
}

// The reader's own complaints are English; what an owner can act on is said in Chinese.
function said(error, otherwise) {
  if (/no diagram to display/.test(error.message)) return NOTHING_DRAWN;
  return inChinese(error, otherwise);
}

// On a phone the drawing is a picture at a size that can be read, pushed about in its own frame.
async function picture(box) {
  const sheet = box.querySelector("[data-sheet]");
  const answer = await fetch(box.dataset.picture, { credentials: "same-origin" });
  if (!answer.ok || answer.redirected) throw new Error("没有打开这份草稿，请刷新页面，或重新登录。");
  const viewer = new Viewer({ container: sheet });
  await viewer.importXML(await answer.text());
  const canvas = viewer.get("canvas");
  const view = framed(canvas.viewbox().inner);
  Object.assign(sheet.style, { width: `${view.width * NEAR}px`, height: `${view.height * NEAR}px` });
  canvas.resized();
  canvas.viewbox(view);
  box.dataset.state = "ready";
}

const wide = matchMedia("(min-width: 701px)").matches;
for (const box of wide ? [] : document.querySelectorAll("[data-picture]")) {
  picture(box).catch((error) => {
    box.dataset.state = "failed";
    box.textContent = said(error, UNOPENED);
  });
}
for (const box of wide ? document.querySelectorAll("[data-modeler]") : []) {
  start(box).catch((error) => {
    box.dataset.state = "failed";
    box.querySelector("[data-notice]").textContent = said(error, UNOPENED);
  });
}
