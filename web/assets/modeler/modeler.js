// Draws a draft's diagram: bpmn-js limited to what the engine runs, a panel in plain words, findings as one
// draws.
import Modeler from "bpmn-js/lib/Modeler";
import Viewer from "bpmn-js/lib/Viewer";
import minimap from "diagram-js-minimap";
import { chinese } from "./chinese.js";
import extensions from "./extensions.js";
import { Issues } from "./issues.js";
import limits from "./limits.js";
import { Editor, keepLoose } from "./model.js";
import { names } from "./panel/names.js";
import { Panel } from "./panel/panel.js";
import { Saving, download } from "../editors/saving.js";

const SMALLEST = 0.2;
const LARGEST = 3;
const READABLE = 0.55;
const NEAR = 0.75;
const PALETTE = 125;
const EDGE = 30;

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

// The whole drawing beside the palette; or, where that would be too small to read, its beginning.
function show(modeler, { whole }) {
  const canvas = modeler.get("canvas");
  canvas.zoom(1);
  const { inner, outer } = canvas.viewbox();
  const fitting = Math.min(
    (outer.width - PALETTE - EDGE) / inner.width,
    (outer.height - 2 * EDGE) / inner.height,
    1,
  );
  const scale = whole || fitting >= READABLE ? fitting : NEAR;
  canvas.viewbox({
    x: inner.x - PALETTE / scale,
    y: inner.y - EDGE / scale,
    width: outer.width / scale,
    height: outer.height / scale,
  });
}

function buttons(box, modeler, saving, issues) {
  const canvas = modeler.get("canvas");
  const stack = modeler.get("commandStack");
  const title = box.dataset.title;
  const help = box.querySelector("[data-help]");
  const zoom = (factor) => canvas.zoom(Math.min(LARGEST, Math.max(SMALLEST, canvas.zoom() * factor)));
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

// Desktop modelers also write UTF-16 and GBK; what the file declares of it is no longer true of the text.
async function textOf(file) {
  const bytes = await file.arrayBuffer();
  const [first, second] = new Uint8Array(bytes.slice(0, 2));
  const utf16 = (first === 0xff && second === 0xfe && "utf-16le") || (
    first === 0xfe && second === 0xff && "utf-16be"
  );
  const declared = /^<\?xml[^>]*?encoding=["']([^"'>]+)/.exec(
    new TextDecoder("latin1").decode(bytes.slice(0, 200)),
  );
  const text = new TextDecoder(utf16 || declared?.[1] || "utf-8").decode(bytes);
  return text.replace(/^(\s*<\?xml[^>]*?)\s+encoding=["'][^"'>]*["']/, "$1");
}

async function load(input, modeler, saving, box) {
  const file = input.files[0];
  input.value = "";
  if (!file || !window.confirm(`草稿里的图将换成“${file.name}”里的，确定吗？原来的可以先导出。`)) return;
  const before = (await modeler.saveXML({ format: true })).xml;
  try {
    const text = await textOf(file);
    await open(modeler, text);
    await saving.replace(text);
    await saving.compare();
    box.dataset.loaded = file.name;
  } catch (error) {
    await open(modeler, before);
    saving.tell("danger", `没有换成“${file.name}”：${inChinese(error, "这不是能打开的流程图。")}`);
  }
}

// The reader's own complaints are English; what an owner can act on is said in Chinese.
function inChinese(error, otherwise) {
  if (/no diagram to display/.test(error.message)) return "文件里只有流程，没有画出的图形，请用画图工具重新保存后再导入。";
  return /[\u4e00-\u9fff]/.test(error.message) ? error.message : otherwise;
}

// On a phone the drawing is a picture at a size that can be read, pushed about in its own frame.
async function picture(box) {
  const sheet = box.querySelector("[data-sheet]");
  const answer = await fetch(box.dataset.picture, { credentials: "same-origin" });
  if (!answer.ok || answer.redirected) throw new Error("没有打开这份草稿，请刷新页面，或重新登录。");
  const viewer = new Viewer({ container: sheet });
  await viewer.importXML(await answer.text());
  const canvas = viewer.get("canvas");
  const { inner } = canvas.viewbox();
  Object.assign(sheet.style, {
    width: `${(inner.width + EDGE) * NEAR}px`,
    height: `${(inner.height + EDGE) * NEAR}px`,
  });
  canvas.resized();
  canvas.viewbox({
    x: inner.x - EDGE / 2,
    y: inner.y - EDGE / 2,
    width: inner.width + EDGE,
    height: inner.height + EDGE,
  });
  box.dataset.state = "ready";
}

const wide = matchMedia("(min-width: 701px)").matches;
for (const box of wide ? [] : document.querySelectorAll("[data-picture]")) {
  picture(box).catch((error) => {
    box.dataset.state = "failed";
    box.textContent = inChinese(error, "流程图没有打开，请刷新重试。");
  });
}
for (const box of wide ? document.querySelectorAll("[data-modeler]") : []) {
  start(box).catch((error) => {
    box.dataset.state = "failed";
    box.querySelector("[data-notice]").textContent = inChinese(error, "流程图没有打开，请刷新重试。");
  });
}
