// The bar of an editor: undo, redo, save, files; each button names its act.
import { download } from "./saving.js";
import { fill } from "../page/older.js";

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
      saving.tell(
        "danger",
        `“${file.name}”不能用。${/[\u4e00-\u9fff]/.test(error.message) ? error.message : ""}`,
      );
      return;
    }
    await saving.save();
    box.dataset.loaded = file.name;
  });
}

// The findings as a list; a click shows the place. The last asked is the one that is shown.
export function findings(list, found, show) {
  fill(list, ...found.map((one) => {
    const item = document.createElement("li");
    item.className = one.severity;
    const words = document.createElement(one.element_id ? "button" : "div");
    const name = one.name ? `${one.name}：` : "";
    words.append(Object.assign(document.createElement("span"), { className: "mark", textContent: one.severity === "error" ? "问题" : "提醒" }),
      Object.assign(document.createElement("span"), { textContent: name + one.sentence }));
    if (one.element_id) Object.assign(words, { type: "button", onclick: () => show(one.element_id) });
    item.append(words);
    return item;
  }));
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
