// The form at the door: what is known stands in it already; who signs, signs on the glass.
import { animate } from "../../form/form.js";
import { Pad } from "../../signing/signing.js";
import { prepared } from "../../uploads/photo.js";
import { make } from "./make.js";
import { pairsOf, unfilled, valuesOf, wrongNumber } from "./filled.js";

const PHOTO = { side: 1280, quality: 0.7 }; // some 200 KB
const MOST_PHOTOS = 3;
const MOST_BYTES = 512 * 1024;

// `about`: {campaign, household, fresh, values, today, sign, signatures, photographed}: `fresh` for a
// household that the list has not; `sign` is the investigator's signature as kept here; `signatures` and how
// many are `photographed` are from what was entered before and has not been sent.
export class Visit {
  constructor(about, { keep, leave }) {
    Object.assign(this, { ...about, keep, photos: [] });
    const { form, fresh } = this.campaign;
    this.fields = make("div", { innerHTML: (this.fresh ? fresh : "") + form }); // rendered by our server
    this.wrong = make("p", { className: "wrong", role: "alert" });
    const saving = make("button", { className: "btn btn-primary btn-lg" }, "存好");
    this.form = make(
      "form",
      { noValidate: true, className: "visit" },
      this.head(leave),
      this.fields,
      this.signing(),
      this.photographing(),
      make("div", { className: "bar" }, this.wrong, saving),
    );
    let going = false; // pressed twice is pressed once
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      if (going) return;
      going = true;
      this.submit().finally(() => (going = false));
    });
    this.open();
  }

  head(leave) {
    const back = make("button", { type: "button", className: "btn btn-link", onclick: leave }, "‹ 返回名单");
    const { head, group, size, tail, address } = this.household ?? { head: "名单上没有的户" };
    const facts = [group, size && `${size} 人`, tail && `证件尾号 ${tail}`, address].filter(Boolean);
    const line = make("p", { className: "quiet" }, facts.join(" · "));
    return make("header", {}, back, make("h1", {}, head), line);
  }

  open() {
    const fill = animate(this.form, () => this.react());
    for (const date of this.form.querySelectorAll("input[type=date][max]")) date.max = this.today;
    fill(pairsOf(this.values));
    this.react();
  }

  // -- signatures and photos -------------------------------------------------------------------------------

  signing() {
    this.pads = this.campaign.signatures.map(({ kind, words, when, own }) => {
      const field = make("input", { type: "hidden", value: this.signatures[kind] ?? (own ? this.sign : "") });
      const box = make("div", { dataset: { signature: words } }, field);
      const frame = make("fieldset", { className: "field" }, make("legend", {}, words), box);
      new Pad(box);
      return { kind, words, when, own, field, frame };
    });
    return make("div", { className: "fields" }, this.pads.map(({ frame }) => frame));
  }

  // A signature is asked for when the form says what it is about.
  react() {
    for (const { when, frame } of this.pads) frame.hidden = !holds(this.form, when);
    this.wrong.textContent = "";
  }

  photographing() {
    const input = make("input", { type: "file", accept: "image/*", multiple: true });
    input.className = "visually-hidden"; // not `hidden`: keyboards reach it
    input.setAttribute("capture", "environment");
    const shown = make("ul", { className: "photos" });
    const before = this.photographed && make("li", {}, `已拍 ${this.photographed} 张`);
    if (before) shown.append(before);
    input.addEventListener("change", async () => {
      for (const file of [...input.files].slice(0, MOST_PHOTOS - this.photographed - this.photos.length)) {
        const small = await prepared(file, PHOTO);
        if (small.size > MOST_BYTES) this.wrong.textContent = "这张照片读不出来，请用手机相机重拍。";
        if (small.size > MOST_BYTES) continue;
        this.photos.push({ kind: "photo", type: small.type, body: await small.arrayBuffer() });
        shown.append(make("li", {}, make("img", { src: URL.createObjectURL(small), alt: "照片" })));
      }
      input.value = "";
    });
    const take = make("label", { className: "btn btn-outline-secondary" }, "拍照", input);
    return make("div", { className: "field photographing" }, take, shown);
  }

  // -- keeping ---------------------------------------------------------------------------------------------

  async submit() {
    const problem = this.problem();
    if (problem) {
      this.wrong.textContent = problem.words;
      problem.at?.scrollIntoView({ block: "center", behavior: "smooth" });
      const control = "input:not([type=hidden]), select, textarea, button";
      (problem.at?.querySelector(control) ?? problem.at)?.focus({ preventScroll: true });
      return;
    }
    const { pairs, fresh } = this;
    const seen = this.pads.filter(({ frame, field }) => !frame.hidden && field.value);
    const signatures = Object.fromEntries(seen.map(({ kind, field }) => [kind, field.value]));
    const own = this.pads.find((one) => one.own)?.field.value ?? "";
    const head = this.household?.head ?? valuesOf(pairs).head_name;
    await this.keep({ pairs, fresh, signatures, head }, this.photos, own);
  }

  get pairs() {
    return [...new FormData(this.form)].filter(([, value]) => typeof value === "string");
  }

  // What keeps the entry from being kept; null when nothing does.
  problem() {
    const empty = unfilled(this.form);
    if (empty) return { words: `还没有填：${empty.label}`, at: empty.part };
    const numbers = [...this.form.querySelectorAll(".field.whole input")];
    const odd = numbers.find(({ value }) => wrongNumber(value));
    if (odd) return { words: wrongNumber(odd.value), at: odd };
    const broken = [...this.form.querySelectorAll(".live-wrong .wrong")].find((one) => one.offsetParent);
    if (broken) return { words: broken.textContent, at: broken };
    const unsigned = this.pads.find(({ frame, field }) => !frame.hidden && !field.value);
    if (unsigned && !this.photos.length && !this.photographed)
      return { words: `${unsigned.words}：请在框内签名，或拍下纸上的签名`, at: unsigned.frame };
    return null;
  }
}

// Whether the fields of the form stand as `when` ({name: value}) wants them.
function holds(form, when) {
  const typed = new FormData(form);
  return Object.entries(when).every(([name, value]) => typed.getAll(name).includes(value));
}
