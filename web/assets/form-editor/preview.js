// The page at the side: rendered again when the form changes, keeping what was typed in it.
import { findings, latest } from "../editors/bar.js";
import { h } from "../editors/elements.js";
import { fill } from "../page/older.js";

const PAUSE = 500;

export class Preview {
  constructor(box, editor, source, saving) {
    Object.assign(this, { box, editor, source, saving, asked: 0, checked: "", wanted: {} });
    this.pending = Promise.resolve();
    this.frame = this.part("frame");
    const work = latest(PAUSE, (newest) => this.work(newest));
    source.on(work);
    work();
  }

  part(name) {
    return this.box.querySelector(`[data-${name}]`);
  }

  // Begin anew, with the samples or with blanks, whatever was typed.
  fresh() {
    const kind = this.box.dataset.fill === "sample" ? "sample" : "blank";
    this.pending = this.draw({ fill: kind }).catch(() => {});
  }

  async work(newest) {
    const text = await this.source.text();
    if (text === this.checked) return;
    this.checked = text;
    try {
      await this.check(text, newest);
    } catch (error) {
      this.pending = Promise.resolve();
      fill(this.part("issues"), h("li", { className: "error" }, error.message));
    }
  }

  async check(text, newest) {
    const checked = await this.saving.post(`${this.box.dataset.address}/check`, { text });
    if (!newest()) return;
    const found = [...checked.findings, ...checked.lost.map(lost)];
    findings(this.part("issues"), found, (id) => this.show(id));
    this.part("none").hidden = found.length > 0;
    this.pending = this.draw();
    await this.pending;
  }

  show(id) {
    const field = this.editor.get("formFieldRegistry").get(id);
    if (field) this.editor.get("selection").set(field);
    const drawn = this.box.querySelector(`.fjs-element[data-id="${CSS.escape(id)}"]`);
    drawn?.scrollIntoView({ block: "center" });
  }

  // `more`: what is asked for beside what was typed: another filling, or an attempt to submit. An answer that
  // comes late does not cover a newer one, which then does what the late one was asked for.
  async draw(more = {}) {
    const mine = (this.asked += 1);
    this.wanted = more.fill === undefined ? { ...this.wanted, ...more } : more;
    const wanted = this.wanted;
    const page = await this.rendered(await this.body(wanted));
    if (mine !== this.asked) return;
    this.wanted = {};
    const top = wanted.attempt ? 0 : (this.frame.contentWindow?.scrollY ?? 0);
    await new Promise((done) => {
      const loaded = () => done(this.loaded(top));
      this.frame.addEventListener("load", loaded, { once: true });
      this.frame.srcdoc = page;
    });
  }

  async body(more) {
    const form = this.frame.contentDocument?.querySelector("form");
    const isAnew = more.fill !== undefined;
    const body = form && !isAnew ? new FormData(form) : new FormData();
    for (const [name, value] of [...body]) if (value instanceof File) body.delete(name);
    body.set("schema", await this.source.text());
    const asked = form || isAnew ? more : { fill: this.box.dataset.fill, ...more };
    for (const [name, value] of Object.entries(asked)) if (value) body.set(name, value);
    return body;
  }

  async rendered(body) {
    const answer = await fetch(`${this.box.dataset.address}/preview`, {
      method: "POST",
      body,
      credentials: "same-origin",
      headers: { "X-CSRFToken": this.box.dataset.csrf },
    });
    if (!answer.ok || answer.redirected) throw new Error("预览没有载入，请检查网络，或重新登录。");
    return answer.text();
  }

  loaded(top) {
    const { contentWindow, contentDocument } = this.frame;
    contentWindow.scrollTo(0, top);
    contentDocument.addEventListener("submit", (event) => this.submitted(event), true);
    this.box.dataset.previewed = String(Number(this.box.dataset.previewed ?? 0) + 1);
  }

  // An attempt is of the page that is on its way, not of the one it replaces.
  submitted(event) {
    event.preventDefault();
    event.stopImmediatePropagation();
    this.pending = this.pending.then(() => this.draw({ attempt: "1" }));
  }
}

const lost = (name) => ({
  element_id: "",
  name: "",
  severity: "warning",
  sentence: `“${name}”去掉了或改了字段名：已办的事项不受影响，图上的条件、打印和统计如果用到它，要一起改。`,
});
