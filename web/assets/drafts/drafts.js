// 暂存: what is typed is kept in this browser at once, and a task's also on the server shortly after typing
// stops. A draft has a revision: what was typed over another one never replaces it unasked.
import { quietly } from "../page/quiet.js";
import { choices, fate, keepable, restored, time } from "./copies.js";
import { drop, keep, kept } from "./keep.js";

const AFTER_TYPING = 1500;
const SUBMITTED = "submitted";

export const headers = (form) => ({
  "X-Requested-With": "fetch",
  "X-CSRFToken": form.querySelector("[name=csrf_token]").value,
});

const placeOf = (form) => form.dataset.draft || form.dataset.keep || new URL(form.action).pathname;

const cameBack = (place) => document.body.dataset.method === "POST"
  && sessionStorage.getItem(SUBMITTED) === place;

// What was accepted does not stay in the browser. What was refused stands in the answer itself.
export function settleSubmitted() {
  const place = sessionStorage.getItem(SUBMITTED);
  if (!place || !document.querySelector("main .alert-success")) return;
  drop(place);
  sessionStorage.removeItem(SUBMITTED);
}

// Keep what is typed into `form`; `restore(pairs)` fills it, `changed` is to be called after that.
// Answers what to call at each change.
export function keepDraft(form, restore, changed) {
  const draft = new FormDraft(form, restore, changed);
  draft.open();
  return () => draft.touch();
}

class FormDraft {
  constructor(form, restore, changed) {
    Object.assign(this, { form, restore, changed });
    this.place = placeOf(form);
    this.address = form.dataset.draft;
    this.asking = this.saving = this.again = this.sent = false;
    this.timer = 0;
    form.addEventListener("submit", (event) => !event.defaultPrevented && this.submitted());
  }

  get revision() {
    return Number(this.form.elements.revision?.value || 0);
  }

  set revision(number) {
    this.form.elements.revision.value = String(number);
  }

  // At the page's opening: what this browser still holds is newer than the page, unless somebody saved since.
  async open() {
    const copy = await kept(this.place);
    if (!copy) return;
    const revision = this.address ? this.revision : null;
    const found = fate(copy, { cameBack: cameBack(this.place), revision });
    if (found === "drop") drop(this.place);
    else if (found === "ask") this.ask(copy, this.form.dataset.saved);
    else this.fill(copy);
  }

  fill(copy) {
    this.restore(copy.pairs);
    this.changed();
    if (!this.address) this.tell(restored(copy), [["清空", () => this.clear()]]);
  }

  touch() {
    keep(this.place, { pairs: this.pairs(), revision: this.revision });
    if (!this.address || this.asking) return;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.save(), AFTER_TYPING);
  }

  pairs() {
    return keepable([...new FormData(this.form)]);
  }

  async save() {
    if (this.saving) {
      this.again = true;
      return;
    }
    this.saving = true;
    try {
      await this.send();
    } catch {
      if (!this.sent) this.say("网络不通或登录已过期，内容已保存在本机");
    }
    this.saving = false;
    if (this.again && !this.asking) {
      this.again = false;
      this.save();
    }
  }

  async send() {
    const body = new FormData(this.form);
    for (const name of [...body.keys()]) if (name.startsWith("file:")) body.delete(name);
    const answer = await fetch(this.address, { method: "POST", body, headers: headers(this.form) });
    if (answer.status === 409) {
      const { saved, revision } = await answer.json();
      if (saved) return this.ask(await kept(this.place), saved, revision);
    }
    if (!answer.ok || answer.redirected) throw new Error();
    this.revision = (await answer.json()).revision;
    if (!this.again) drop(this.place);
    return this.say(`已自动暂存 ${time(Date.now())}`);
  }

  // Two copies, typed one beside the other: the person decides which one goes on.
  ask(copy, saved, revision = this.revision) {
    this.asking = true;
    const { question, mine, theirs } = choices(copy, saved);
    const acts = [[mine, () => this.choose(copy, revision)], [theirs, () => this.leave()]];
    this.tell(question, acts).classList.add("asking");
    this.say("还没有存：请先在上面选用哪一份");
  }

  choose(copy, revision) {
    this.asking = false;
    this.revision = revision;
    if (copy) this.restore(copy.pairs);
    this.changed();
    this.touch();
  }

  leave() {
    drop(this.place);
    location.assign(location.pathname + location.search);
  }

  clear() {
    drop(this.place);
    location.reload();
  }

  submitted() {
    this.sent = true;
    clearTimeout(this.timer);
    sessionStorage.setItem(SUBMITTED, this.place);
  }

  say(words) {
    const state = this.form.querySelector("[data-draft-state]");
    if (state) quietly("draft-state", () => (state.textContent = words));
  }

  tell(words, acts) {
    this.form.querySelector(":scope > .draft-note")?.remove();
    const note = Object.assign(document.createElement("div"), { className: "alert alert-info draft-note" });
    note.setAttribute("role", "status");
    note.append(words);
    for (const [label, act] of acts) {
      const button = document.createElement("button");
      Object.assign(button, {
        type: "button",
        className: "btn btn-outline-primary btn-sm",
        textContent: label,
      });
      button.addEventListener("click", () => {
        note.remove();
        act();
      });
      note.append(" ", button);
    }
    quietly("draft-note", () => this.form.prepend(note));
    return note;
  }
}
