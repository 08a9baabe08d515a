// The panel beside the drawing: for the chosen element, in plain words, what matters there; all else as a
// table of pairs.
import { h } from "../../editors/elements.js";
import { fill } from "../../page/older.js";
import { documentation, is, objectOf, subject } from "../objects.js";
import { names } from "../texts/names.js";
import { area, field } from "./fields.js";
import { guide, kindOf, naming, particular, remark, titleOf } from "./kinds.js";
import { papers } from "./papers.js";
import { people } from "./people.js";
import { repetition } from "./repetition.js";
import { rest, settings } from "./rest.js";
import { Sheet } from "./sheet.js";
import { timing } from "./timers.js";

// What carries nothing but words.
const NOTES = ["bpmn:TextAnnotation", "bpmn:Group", "bpmn:Association"];
const FOLDED = "more";
const CHANGES = ["selection.changed", "import.done", "commandStack.changed", "root.set"];

const GROUPS = [
  ["main", "", (sheet) => [naming(sheet), ...particular(sheet)]],
  ["limit", "期限", timing],
  ["people", "办理", people],
  ["repeat", "办几次", repetition],
  ["paper", "文书", papers],
  ["set", "交给后面的变量", settings],
  ["words", "说明", (sheet) => [explanation(sheet)]],
  [FOLDED, "编号和其他属性", rest],
];
const TITLES = { set: { "bpmn:CallActivity": "交给这个环节的变量" } };

export class Panel {
  constructor(box, modeler, editor, known, { check, address, fixedKey }) {
    Object.assign(this, { box, modeler, editor, known, address, fixedKey });
    this.tools = { names: () => names(modeler, known), check };
    this.opened = new Set(["main"]);
    box.addEventListener("pointerdown", (event) => this.hold(event));
    box.addEventListener("change", ({ target }) => (target.dataset.taken = target.value), true);
    box.addEventListener("focusout", ({ target }) => target.dataset.carried && !this.drawing && take(target));
    modeler.get("eventBus").on(CHANGES, () => this.soon());
  }

  // After a change the panel is drawn anew once the browser has moved the focus, and the focus is put where
  // it was. Not under a finger: the press that left one field is on its way to another, which must still be
  // there to take it.
  soon() {
    clearTimeout(this.waiting);
    if (this.held) this.wanted = true;
    else this.waiting = setTimeout(() => this.draw(), 0);
  }

  hold(event) {
    const list = event.target.closest("select");
    const press = (this.held = new AbortController());
    const free = () => setTimeout(() => {
      press.abort();
      if (this.held !== press) return;
      this.held = null;
      if (this.wanted) this.soon();
      this.wanted = false;
    }, 0);
    const { signal } = press;
    if (!list) window.addEventListener("pointerup", free, { signal });
    else for (const name of ["change", "blur"]) list.addEventListener(name, free, { signal });
  }

  get element() {
    const chosen = this.modeler.get("selection").get();
    if (chosen.length > 1) return null;
    const one = chosen[0] ?? this.modeler.get("canvas").getRootElement();
    return one?.labelTarget ?? one;
  }

  draw() {
    const element = this.element;
    const before = this.box.contains(document.activeElement) ? document.activeElement : null;
    // What was typed was meant for the element that was shown.
    if (before && this.shown !== element && this.drawn(this.shown)) take(before);
    const scroll = this.shown === element ? this.box.scrollTop : 0;
    this.shown = element;
    this.drawing = true;
    fill(this.box, ...(element ? this.groups(element) : [several()]));
    this.drawing = false;
    this.box.dataset.of = element ? subject(element).id : "";
    this.box.scrollTop = scroll;
    if (before?.dataset.field) this.goOn(before);
  }

  drawn(element) {
    return element && this.modeler.get("elementRegistry").get(element.id) === element;
  }

  // The keys go on where they were: what was typed and not yet taken stands in the new control, and is taken
  // when left. A key may be on its way while the panel is still to be drawn anew after the field before.
  goOn(before) {
    const fresh = this.box.querySelector(`[data-field="${CSS.escape(before.dataset.field)}"]`);
    if (!fresh) return;
    fresh.focus({ preventScroll: true });
    if (!isTyped(before) || !isTyping(fresh)) return;
    fresh.value = before.value;
    fresh.dataset.carried = "true";
    if (before.selectionStart !== null) fresh.setSelectionRange(before.selectionStart, before.selectionEnd);
  }

  groups(element) {
    const sheet = new Sheet(this, element);
    const kind = h("span", { className: "kind" }, kindOf(objectOf(element)));
    if (is(element, "bpmn:Collaboration")) return [head(kind), this.group("main", "", [guide()])];
    const top = head(kind, h("strong", {}, titleOf(sheet.object)));
    if (NOTES.some((type) => is(element, type))) return [top, this.group("main", "", [remark(sheet)])];
    const groups = GROUPS.map(([key, title, make]) => {
      const own = TITLES[key]?.[sheet.object.$type];
      return this.group(key, own ?? title, make(sheet));
    });
    return [top, ...groups.filter(Boolean)];
  }

  group(key, title, fields) {
    const given = fields.filter(Boolean);
    if (!given.length) return null;
    if (!title) return h("div", { className: "pg" }, given);
    const open = this.opened.has(key) || key !== FOLDED;
    const remember = ({ target }) => (target.open ? this.opened.add(key) : this.opened.delete(key));
    const props = { className: "pg", open, ontoggle: remember };
    return h("details", props, h("summary", {}, title), given);
  }
}

const head = (...content) => h("div", { className: "panel-head" }, ...content);

const several = () =>
  h("p", { className: "quiet p-3" }, "选中了几个元素。单击其中一个，可以在这里修改。");

function explanation({ editor, element, object }) {
  const write = (text) => editor.setDocumentation(element, object, text);
  const control = area(documentation(object), write);
  return field("documentation", "说明和依据", control, "写给看图的人：为什么有这一步，依据哪一条");
}

const isTyping = (control) => control.matches("textarea, input:not([type=checkbox])");
const isTyped = (control) =>
  isTyping(control) && ![control.defaultValue, control.dataset.taken].includes(control.value);

// A control that is taken away before the keys have left it tells of no change by itself.
function take(control) {
  if (isTyped(control)) control.dispatchEvent(new Event("change", { bubbles: true }));
}
