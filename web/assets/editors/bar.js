// The bar of an editor: undo, redo, save, files; each button names its act.
import { fill } from "../page/older.js";
import { inChinese } from "./chinese.js";
import { button, h } from "./elements.js";
import { download } from "./notices.js";

const LARGEST = 1_000_000;

export function bar(box, { saving, source, undo, redo, open, more = {} }) {
  const upload = box.querySelector("[data-upload]");
  const acts = {
    undo, redo, ...more,
    save: () => saving.save(),
    file: async () => download(await source.text(), source.name, source.type),
    load: () => upload.click(),
  };
  box.addEventListener("click", (event) => acts[event.target.closest("[data-act]")?.dataset.act]?.());
  document.addEventListener("keydown", (event) => {
    if (!(event.ctrlKey || event.metaKey) || event.key.toLowerCase() !== "s") return;
    event.preventDefault();
    document.activeElement?.blur();
    setTimeout(acts.save, 0);
  });
  upload.addEventListener("change", async () => {
    const file = upload.files[0];
    upload.value = "";
    if (!file) return;
    if (file.size > LARGEST) return saving.tell("danger", `“${file.name}”过大，上限为 1 MB。`);
    if (!window.confirm(`草稿里的内容将换成“${file.name}”里的，确定吗？原来的可以先导出。`)) return;
    const before = await source.text();
    try {
      await open(await file.text());
    } catch (error) {
      await open(before);
      saving.tell("danger", `“${file.name}”不能用。${inChinese(error, "")}`);
      return;
    }
    await saving.save();
    box.dataset.loaded = file.name;
  });
}

// The findings as a list; a click shows the place.
export function findings(list, found, show) {
  fill(list, ...found.map((one) => h("li", { className: one.severity }, finding(one, show))));
}

function finding(one, show) {
  const words = [
    h("span", { className: "mark" }, one.severity === "error" ? "问题" : "提醒"),
    h("span", {}, (one.name ? `${one.name}：` : "") + one.sentence),
  ];
  return one.element_id ? button(words, () => show(one.element_id)) : h("div", {}, words);
}

// Runs `work` when nothing was asked for a while; only the newest answer counts.
export function latest(wait, work) {
  let timer = 0;
  let turn = 0;
  return () => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      turn += 1;
      const mine = turn;
      work(() => mine === turn);
    }, wait);
  };
}
