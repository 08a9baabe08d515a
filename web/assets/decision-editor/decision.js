// Edits a decision table of a draft: dmn-js limited to tables, each cell checked by the server, tried on
// sample inputs.
import EditingManager from "dmn-js-shared/lib/base/EditingManager";
import TableEditor from "dmn-js-decision-table/lib/Editor";
import { is } from "dmn-js-shared/lib/util/ModelUtil";
import { bar, findings, latest } from "../editors/bar.js";
import { inChinese, translator } from "../editors/chinese.js";
import { h } from "../editors/elements.js";
import { localise } from "../editors/localise.js";
import { Saving } from "../editors/saving.js";
import { fill } from "../page/older.js";
import { hit, results } from "./results.js";
import { chosenTypes } from "./types.js";
import { DRAWN, WORDS } from "./words.js";

const AFTER = 500;
const UNREADABLE = "决策表没有打开：文件不完整，请导出后检查，或恢复现行的内容。";
const TYPES = [
  "string",
  "boolean",
  "number",
  "date",
  "dateTime",
  "dayTimeDuration",
  "yearMonthDuration",
  "Any",
];

class Editor extends EditingManager {
  _getViewProviders() {
    return [
      {
        id: "decisionTable",
        constructor: TableEditor,
        opens: (element) => is(element, "dmn:Decision") && is(element.decisionLogic, "dmn:DecisionTable"),
      }
    ];
  }
}

async function start(box) {
  const part = (name) => box.querySelector(`[data-${name}]`);
  const missing = new Set();
  box.untranslated = missing;
  localise(part("canvas"), DRAWN, new Set());
  const dmn = new Editor({
    container: part("canvas"),
    common: { dataTypes: TYPES },
    decisionTable: { additionalModules: [chosenTypes, { translate: ["value", translator(WORDS, missing)] }] },
  });
  const { at, address, key } = box.dataset;
  const answer = await fetch(`${address}/file`, { credentials: "same-origin" });
  if (!answer.ok || answer.redirected) throw new Error("没有打开这张决策表，请刷新页面，或重新登录。");
  box.dataset.revision = answer.headers.get("X-Revision");
  const changed = [];
  const tell = () => changed.forEach((one) => one());
  dmn.on("viewer.created", ({ viewer }) => viewer.on("commandStack.changed", tell));
  const source = {
    text: async () => (await dmn.saveXML({ format: true })).xml,
    on: (call) => changed.push(call),
    field: "text", path: address, copy: `${address}/copy`, name: `${key}.dmn`, file: `${key}（我的修改）.dmn`,
    type: "application/xml",
  };
  const open = async (xml) => {
    const { warnings } = await dmn.importXML(xml);
    if (warnings.length) throw new Error(`文件里有 ${warnings.length} 处画表工具读不懂、不能照原样保存的内容，没有打开。请用原来的工具改好再导入。`);
    if (!dmn.getViews().length) throw new Error("文件里没有决策表。");
    if (dmn.getViews().length > 1) await dmn.open(dmn.getViews().slice(-1)[0]);
    tell();
  };
  await open(await answer.text());
  box.source = { text: source.text, open };
  const saving = new Saving(source, box, { state: part("saved"), notice: part("notice") });
  const stack = () => {
    // A cell being written would answer each step with one of its own
    dmn.getActiveViewer().get("selection").deselect();
    return dmn.getActiveViewer().get("commandStack");
  };
  bar(box, { saving, source, open, undo: () => stack().undo(), redo: () => stack().redo() });
  watch(box, dmn, source, saving, part);
  box.dataset.at = at;
  box.dataset.state = "ready";
}

function watch(box, dmn, source, saving, part) {
  const sheet = new CSSStyleSheet();
  document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet];
  const samples = {};
  const { address } = box.dataset;
  const rows = () => dmn.getActiveViewer()?.get("sheet").getRoot().rows ?? [];
  const show = (id) => box
    .querySelector(`[data-element-id="${CSS.escape(id)}"]`)
    ?.scrollIntoView({ block: "center", inline: "center" });
  let wrong = [];
  let hits = [];
  const paint = () => {
    const cells = wrong.map(
      (one) => `[data-element-id="${CSS.escape(one.element_id)}"] { box-shadow: inset 0 0 0 2px #c62828; }`,
    );
    const marked = hits
      .map((number) => rows()[number - 1]?.id)
      .filter(Boolean)
      .map((id) => `td[data-row-id="${CSS.escape(id)}"] { background: #e3f3e6; }`);
    sheet.replaceSync([...cells, ...marked].join("\n"));
  };
  const work = latest(AFTER, async (newest) => {
    const text = await source.text();
    try {
      const [checked, trial] = await Promise.all([
        saving.post(`${address}/check`, { text }),
        saving.post(`${address}/try`, { text, samples }),
      ]);
      if (!newest()) return;
      wrong = checked.findings.filter((one) => one.element_id);
      hits = trial.hits;
      findings(part("issues"), checked.findings, show);
      part("none").hidden = checked.findings.length > 0;
      inputs(part("samples"), trial.reads, samples, () => work());
      answer(part("answer"), trial);
      paint();
      box.dataset.tried = JSON.stringify(trial.hits);
    } catch (error) {
      if (newest()) fill(part("answer"), h("p", { className: "wrong" }, error.message));
    }
  });
  source.on(work);
  work();
}

function inputs(box, reads, samples, changed) {
  if (box.dataset.reads === reads.join()) return;
  box.dataset.reads = reads.join();
  fill(box, ...reads.map((name) => {
    const input = h("input", {
      type: "text",
      className: "form-control form-control-sm",
      value: samples[name] ?? "",
      autocomplete: "off",
    });
    input.dataset.sample = name;
    input.addEventListener("input", () => {
      samples[name] = input.value;
      changed();
    });
    return h("label", { className: "sample" }, h("code", {}, name), input);
  }));
}

function answer(box, trial) {
  const found = results(trial.result).map((pairs) => h("dl", { className: "facts" }, pairs.flatMap(fact)));
  fill(
    box,
    h("p", { className: "hit" }, hit(trial.hits)),
    trial.sentence ? h("p", { className: "wrong" }, trial.sentence) : "",
    ...(found.length ? found : [h("p", { className: "quiet" }, "没有结论")]),
  );
}

const fact = ([name, value]) => [h("dt", {}, name), h("dd", {}, value)];

for (const box of document.querySelectorAll("[data-decision]")) {
  if (!matchMedia("(min-width: 701px)").matches) continue;
  start(box).catch((error) => {
    box.dataset.state = "failed";
    box.querySelector("[data-notice]").textContent = inChinese(error, UNREADABLE);
  });
}
