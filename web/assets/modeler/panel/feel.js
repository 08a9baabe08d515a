// A FEEL text: names are offered while typing, and the server says at once what it cannot read.
import { h } from "../../editors/elements.js";
import { fill } from "../../page/older.js";
import { fitting, nameBefore } from "../texts/offers.js";

const PAUSE = 350;
const STEPS = { ArrowDown: 1, ArrowUp: -1 };

export function feel(value, save, options) {
  const { rows = 2, placeholder = "" } = options;
  const input = h("textarea", {
    className: "form-control form-control-sm feel",
    rows,
    defaultValue: value,
    placeholder,
    spellcheck: false,
    onchange: () => save(input.value.trim()),
  });
  const wrong = h("p", { className: "wrong", role: "alert" });
  const list = h("ul", { className: "names", role: "listbox", hidden: true });
  const text = new Text(input, list, wrong, options);
  if (value) text.look();
  return h("div", { className: "feel-box" }, input, list, wrong);
}

class Text {
  constructor(input, list, wrong, { names, check, timer = false }) {
    Object.assign(this, { input, list, wrong, names, check, timer, offered: [] });
    input.addEventListener("input", () => this.typed());
    input.addEventListener("blur", () => (list.hidden = true));
    input.addEventListener("keydown", (event) => this.key(event));
  }

  async look() {
    const text = this.input.value.trim();
    const sentence = text ? await this.check(text, this.timer) : "";
    if (text === this.input.value.trim()) this.wrong.textContent = sentence;
  }

  get begun() {
    return nameBefore(this.input.value, this.input.selectionStart);
  }

  typed() {
    this.offer();
    clearTimeout(this.waiting);
    this.waiting = setTimeout(() => this.look(), PAUSE);
  }

  offer() {
    this.offered = fitting(this.begun, this.names);
    fill(this.list, ...this.offered.map((one, index) => this.line(one, index === 0)));
    this.list.hidden = this.offered.length === 0;
  }

  line(one, first) {
    const onmousedown = (event) => {
      event.preventDefault();
      this.take(one);
    };
    const props = { role: "option", ariaSelected: first, title: one.key, onmousedown };
    return h("li", props, h("b", {}, one.key), ` ${one.name}`);
  }

  take(one) {
    const end = this.input.selectionStart;
    this.input.setRangeText(one.key, end - this.begun.length, end, "end");
    this.list.hidden = true;
    this.look();
  }

  key(event) {
    event.stopPropagation();
    if (this.list.hidden) return;
    const lines = [...this.list.children];
    const at = lines.findIndex((one) => one.getAttribute("aria-selected") === "true");
    if (event.key === "Escape") this.list.hidden = true;
    else if (event.key === "Enter" || event.key === "Tab") this.take(this.offered[at]);
    else if (event.key in STEPS) this.mark(lines, at + STEPS[event.key]);
    else return;
    event.preventDefault();
  }

  mark(lines, place) {
    const next = (place + lines.length) % lines.length;
    lines.forEach((one, index) => one.setAttribute("aria-selected", index === next));
  }
}
