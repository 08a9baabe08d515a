// Keeps the draft saved while one draws, never over somebody else's work, and tells who else has it open.
// What is saved is a source: { text() a promise of it, on(changed), field its name in the request, path, copy
// where to, file its name, type }.
import { drop, keep, kept } from "../drafts/keep.js";
import { h } from "./elements.js";
import { fill } from "../page/older.js";

const PAUSE = 1500;
const AT_MOST = 5000; // so old the oldest unsaved change may become while one goes on drawing
const COPY = 300;
const AGAIN = 10000;
const PRESENCE = 20000;

export class Saving {
  constructor(source, box, { state, notice }) {
    Object.assign(this, { source, state, notice });
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
    throw Object.assign(new Error(found.detail ?? "没有保存上，请检查网络，或重新登录。"), {
      code: found.title,
      status: answer.redirected ? 401 : answer.status,
    });
  }

  changed() {
    this.dirty = true;
    if (this.stopped) return;
    this.say("有修改，稍后自动保存", "waiting");
    this.since ??= Date.now();
    clearTimeout(this.waiting);
    this.waiting = setTimeout(
      () => this.save(),
      Math.min(PAUSE, Math.max(0, this.since + AT_MOST - Date.now())),
    );
    clearTimeout(this.copying);
    this.copying = setTimeout(() => this.copy(), COPY);
  }

  // The browser keeps what is not saved yet: should it die, nothing is lost.
  async copy() {
    if (this.dirty && !this.offered)
      await keep(this.source.path, { text: await this.source.text(), revision: this.revision });
  }

  async recover() {
    const copy = await kept(this.source.path);
    if (!copy) return;
    this.offered = true;
    const at = new Date(copy.at).toLocaleString("zh-CN", {
      month: "numeric",
      day: "numeric",
      hour: "2-digit",
      minute: "2-digit",
    });
    const since = copy.revision === this.revision ? "" : "（此后别处又保存过，恢复会换掉它）";
    const restore = async () => {
      await this.replace(copy.text);
      drop(this.source.path);
      location.reload();
    };
    const leave = () => {
      this.offered = false;
      drop(this.source.path);
      this.line("kept", null);
    };
    const words = h("span", {}, `这台电脑上有 ${at} 没有保存上的修改${since}。`);
    this.line(
      "kept",
      h(
        "div",
        { className: "alert alert-warning", role: "alert" },
        words,
        this.button("恢复", restore, true),
        this.button("不要了", leave),
      ),
    );
  }

  // Saves are one after another: a second that is wanted while one runs follows it.
  save() {
    clearTimeout(this.waiting);
    return this.queue(() => this.send());
  }

  queue(act) {
    this.sending += 1;
    const turn = this.running.then(act).finally(() => (this.sending -= 1));
    this.running = turn.catch(() => {});
    return turn;
  }

  // What the tool could not read of the file is named at once; a save asks before it is given up.
  async compare() {
    const { losses } = await this.post(`${this.at}/losses`, { [this.source.field]: this.source.opened() });
    if (losses.length === 0) return;
    const more = losses.length > 5 ? `等 ${losses.length} 处` : "";
    this.tell("warning", `画图工具读不懂文件里的这些内容，保存后就没有了：${losses.slice(0, 5).join("；")}${more}。保存前会再问一次。`);
  }

  // A file in the drawing's place, as it was written; the caller is told what is wrong with it.
  replace(text) {
    clearTimeout(this.waiting);
    return this.queue(async () => {
      const { revision } = await this.post(this.source.path, {
        revision: this.revision,
        [this.source.field]: text,
        replacing: true,
      });
      this.stored(revision);
    });
  }

  stored(revision) {
    this.revision = revision;
    this.line("wrong", null);
    if (!this.dirty && !this.offered) drop(this.source.path);
    if (!this.dirty)
      this.say(
        `已保存 ${new Date().toLocaleTimeString("zh-CN", { hour: "2-digit", minute: "2-digit" })}`,
        "saved",
      );
  }

  async send() {
    if (this.stopped) return;
    const text = await this.source.text();
    this.dirty = false;
    this.since = null;
    this.say("正在保存……", "waiting");
    try {
      const { revision } = await this.post(this.source.path, {
        revision: this.revision,
        [this.source.field]: text,
        losing: this.losing,
        opened: this.source.opened?.(),
      });
      this.losing = false;
      this.source.settled?.();
      this.stored(revision);
    } catch (error) {
      this.dirty = true;
      if (error.status === 409) this.conflict(error.message);
      else this.failed(error);
    }
  }

  failed(error) {
    this.say(error.status === 422 ? "没有保存" : "没有保存上，稍后再试", "failed");
    if (error.code === "losing")
      this.tell("danger", error.message, this.button("仍然保存，这些不要了", () => this.lose()));
    else if (error.status === 422) this.tell("danger", error.message);
    else this.waiting = setTimeout(() => this.save(), AGAIN);
  }

  say(words, state) {
    this.state.textContent = words;
    this.state.dataset.state = state;
  }

  // Two lines: who else is here comes and goes by itself, what went wrong stays until a save succeeds.
  tell(kind, words, ...buttons) {
    this.line(
      "wrong",
      h("div", { className: `alert alert-${kind}`, role: "alert" }, h("span", {}, words), ...buttons),
    );
  }

  button(words, act, main = false) {
    return h(
      "button",
      {
        type: "button",
        className: `btn btn-sm ${main ? "btn-primary" : "btn-outline-secondary"}`,
        onclick: act,
      },
      words,
    );
  }

  // What another tool wrote and this one cannot keep is given up on purpose only.
  lose() {
    this.losing = true;
    return this.save();
  }

  line(name, content) {
    let place = this.notice.querySelector(`[data-line=${name}]`);
    if (!place) this.notice.append((place = h("div", { "data-line": name })));
    fill(place, ...(content ? [content] : []));
  }

  // Nothing of either is lost: what is drawn here becomes a draft of its own, or is kept as a file before
  // theirs is loaded.
  conflict(sentence) {
    this.stopped = true;
    this.say("没有保存", "failed");
    const name = h("input", {
      type: "text",
      className: "form-control form-control-sm",
      value: `${this.title.slice(0, 70)}（另存）`,
      maxLength: 80,
      ariaLabel: "新草稿的名称",
    });
    this.tell(
      "warning",
      sentence,
      name,
      this.button("另存为新的草稿", () => this.keep(name.value), true),
      this.button("载入对方的内容", () => this.yield()),
    );
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
      const people = others
        .map((one) => `${one.name}也在修改这份草稿（${one.minutes ? `${one.minutes}分钟前` : "刚刚"}）`)
        .join("；");
      this.line(
        "people",
        people && h(
          "div",
          { className: "alert alert-warning", role: "status" },
          `${people}。两人同时改，后保存的要另存或重新载入。`,
        ),
      );
    } catch {
      // the next sign of life tries again; saving tells when it does not work
    }
  }

  behind() {
    if (this.dirty) return this.save();
    this.stopped = true;
    return this.tell(
      "warning",
      "这份草稿刚在别处保存过，您看到的不是最新的。",
      h(
        "button",
        { type: "button", className: "btn btn-sm btn-primary", onclick: () => location.reload() },
        "载入最新内容",
      ),
    );
  }
}

export function download(text, name, type) {
  const link = h("a", { href: URL.createObjectURL(new Blob([text], { type })), download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}
