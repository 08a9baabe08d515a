// Keeps the draft saved while one draws, never over somebody else's work, and tells who else has it open.
// What is saved is a source: { text() a promise of it, on(changed), field its name in the request, path, copy
// where to, file its name, type }.
import { drop, keep, kept } from "../drafts/keep.js";
import { h } from "./elements.js";
import { Notices, act, download, mainAct } from "./notices.js";
import { keptHere, lost, present, wait } from "./sentences.js";

const COPY = 300; // milliseconds after a change until this browser keeps it
const AGAIN = 10_000; // after a save that did not get through
const PRESENCE = 20_000;
const LONGEST_NAME = 80;
const MINUTE = { hour: "2-digit", minute: "2-digit" };

const timeNow = () => new Date().toLocaleTimeString("zh-CN", MINUTE);
const moment = (at) => new Date(at).toLocaleString("zh-CN", { month: "numeric", day: "numeric", ...MINUTE });

export class Saving {
  constructor(source, box, { state, notice }) {
    Object.assign(this, { source, state, notices: new Notices(notice) });
    this.at = box.dataset.at;
    this.token = box.dataset.csrf;
    this.title = box.dataset.title;
    this.revision = Number(box.dataset.revision);
    this.dirty = false;
    this.stopped = false;
    this.losing = false;
    this.running = Promise.resolve();
    this.sending = 0;
    source.on(() => this.changed());
    window.addEventListener("beforeunload", (event) => this.dirty && event.preventDefault());
    this.present();
    setInterval(() => this.present(), PRESENCE);
    this.recover();
  }

  async post(path, body) {
    const answer = await fetch(path, {
      method: "POST",
      credentials: "same-origin",
      headers: { "Content-Type": "application/json", "X-CSRFToken": this.token },
      body: JSON.stringify(body),
    });
    const found = answer.headers.get("Content-Type")?.includes("json") ? await answer.json() : {};
    if (answer.ok && !answer.redirected) return found;
    const error = new Error(found.detail ?? "没有保存上，请检查网络，或重新登录。");
    throw Object.assign(error, { code: found.title, status: answer.redirected ? 401 : answer.status });
  }

  changed() {
    this.dirty = true;
    if (this.stopped) return;
    this.say("有修改，稍后自动保存", "waiting");
    this.since ??= Date.now();
    clearTimeout(this.waiting);
    this.waiting = setTimeout(() => this.save(), wait(this.since, Date.now()));
    clearTimeout(this.copying);
    this.copying = setTimeout(() => this.copy(), COPY);
  }

  // The browser keeps what is not saved yet: should it die, nothing is lost.
  async copy() {
    if (!this.dirty || this.offered) return;
    await keep(this.source.path, { text: await this.source.text(), revision: this.revision });
  }

  async recover() {
    const copy = await kept(this.source.path);
    if (!copy) return;
    this.offered = true;
    const words = keptHere(copy, moment(copy.at), this.revision);
    const restore = mainAct("恢复", () => this.restore(copy));
    this.notices.put(
      "kept",
      "warning",
      "alert",
      h("span", {}, words),
      restore,
      act("不要了", () => this.leave()),
    );
  }

  async restore(copy) {
    await this.replace(copy.text);
    drop(this.source.path);
    location.reload();
  }

  leave() {
    this.offered = false;
    drop(this.source.path);
    this.notices.clear("kept");
  }

  // Saves are one after another: a second that is wanted while one runs follows it.
  save() {
    clearTimeout(this.waiting);
    return this.queue(() => this.send());
  }

  queue(work) {
    this.sending += 1;
    const turn = this.running.then(work).finally(() => (this.sending -= 1));
    this.running = turn.catch(() => {});
    return turn;
  }

  // What the tool could not read of the file is named at once; a save asks before it is given up.
  async compare() {
    const { losses } = await this.post(`${this.at}/losses`, { [this.source.field]: this.source.opened() });
    if (losses.length) this.tell("warning", lost(losses));
  }

  // A file in the drawing's place, as it was written; the caller is told what is wrong with it.
  replace(text) {
    clearTimeout(this.waiting);
    return this.queue(() => this.store(text, { replacing: true }));
  }

  async store(text, more) {
    const body = { revision: this.revision, [this.source.field]: text, ...more };
    const { revision } = await this.post(this.source.path, body);
    this.revision = revision;
    this.losing = false;
    if (!more.replacing) this.source.settled?.();
    this.notices.clear("wrong");
    if (this.dirty) return;
    if (!this.offered) drop(this.source.path);
    this.say(`已保存 ${timeNow()}`, "saved");
  }

  async send() {
    if (this.stopped) return;
    const text = await this.source.text();
    this.dirty = false;
    this.since = null;
    this.say("正在保存……", "waiting");
    try {
      await this.store(text, { losing: this.losing, opened: this.source.opened?.() });
    } catch (error) {
      this.dirty = true;
      if (error.status === 409) this.conflict(error.message);
      else this.failed(error);
    }
  }

  failed(error) {
    this.say(error.status === 422 ? "没有保存" : "没有保存上，稍后再试", "failed");
    if (error.code === "losing") this.tell("danger", error.message, act("仍然保存，这些不要了", () => this.lose()));
    else if (error.status === 422) this.tell("danger", error.message);
    else this.waiting = setTimeout(() => this.save(), AGAIN);
  }

  // What another tool wrote and this one cannot keep is given up on purpose only.
  lose() {
    this.losing = true;
    return this.save();
  }

  say(words, state) {
    this.state.textContent = words;
    this.state.dataset.state = state;
  }

  // What went wrong stays until a save succeeds.
  tell(kind, words, ...acts) {
    this.notices.put("wrong", kind, "alert", h("span", {}, words), ...acts);
  }

  // Nothing of either is lost: what is drawn here becomes a draft of its own, or is kept as a file before
  // theirs is loaded.
  conflict(sentence) {
    this.stopped = true;
    this.say("没有保存", "failed");
    const name = h("input", {
      type: "text",
      className: "form-control form-control-sm",
      value: `${this.title.slice(0, LONGEST_NAME - 10)}（另存）`,
      maxLength: LONGEST_NAME,
      ariaLabel: "新草稿的名称",
    });
    const keepOwn = mainAct("另存为新的草稿", () => this.keep(name.value));
    this.tell("warning", sentence, name, keepOwn, act("载入对方的内容", () => this.yield()));
  }

  async keep(name) {
    try {
      const text = await this.source.text();
      const { address } = await this.post(this.source.copy, { name, [this.source.field]: text });
      this.dirty = false;
      location.assign(address);
    } catch (error) {
      window.alert(error.message);
    }
  }

  async yield() {
    if (!window.confirm("您的修改会先存成文件下载，然后载入对方保存的内容。继续吗？")) return;
    const text = await this.source.text();
    download(text, this.source.file, this.source.type);
    this.dirty = false;
    setTimeout(() => location.reload(), 300);
  }

  async present() {
    try {
      const { others, revision, status } = await this.post(`${this.at}/seen`, {});
      if (this.stopped) return;
      if (status !== "open") this.conflict("这份草稿已不能修改（已提交、启用或作废）。");
      else if (revision > this.revision && !this.sending) this.behind();
      const words = present(others);
      if (words) this.notices.put("people", "warning", "status", words);
      else this.notices.clear("people");
    } catch {
      // the next sign of life tries again; saving tells when it does not work
    }
  }

  behind() {
    if (this.dirty) return this.save();
    this.stopped = true;
    const reload = mainAct("载入最新内容", () => location.reload());
    return this.tell("warning", "这份草稿刚在别处保存过，您看到的不是最新的。", reload);
  }
}
