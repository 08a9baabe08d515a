// Findings while drawing: marks on the elements and a list; a click in the list shows the element.
import { is } from "bpmn-js/lib/util/ModelUtil";
import { h } from "./panel/fields.js";
import { lint } from "./lint.js";
import { fill } from "../page/older.js";

const PAUSE = 900;

export class Issues {
  constructor(modeler, editor, { list, counter, ask }) {
    Object.assign(this, { modeler, editor, list, counter, ask, local: [], server: [], asked: 0 });
    modeler.get("eventBus").on(["import.done", "commandStack.changed"], () => this.soon());
  }

  soon() {
    clearTimeout(this.waiting);
    this.counter.dataset.state = "waiting";
    this.waiting = setTimeout(() => this.look(), PAUSE);
  }

  // One check at a time: what was drawn while it ran is looked at after it.
  async look() {
    if (this.looking) return (this.again = true);
    this.looking = true;
    this.again = false;
    await this.find();
    this.looking = false;
    return this.again && this.look();
  }

  async find() {
    const turn = (this.asked += 1);
    this.local = await lint(this.modeler.getDefinitions());
    try {
      const { xml } = await this.modeler.saveXML({ format: true });
      const found = await this.ask(xml);
      if (turn !== this.asked) return;
      this.server = found;
      this.counter.dataset.state = "ready";
    } catch {
      if (turn !== this.asked) return;
      this.counter.dataset.state = "failed";
    }
    this.show();
  }

  get all() {
    const rank = (one) => (one.severity === "error" ? 0 : 1);
    return [...this.server, ...this.local].sort((one, other) => rank(one) - rank(other));
  }

  // The shape that stands for an id: a process is its pool, or the plane.
  shape(id) {
    const registry = this.modeler.get("elementRegistry");
    return registry.get(id)
      ?? registry.find((one) => is(one, "bpmn:Participant") && one.businessObject.processRef?.id === id);
  }

  show() {
    const overlays = this.modeler.get("overlays");
    overlays.remove({ type: "issue" });
    const grouped = new Map();
    for (const one of this.all) {
      const shape = this.shape(one.element_id);
      if (shape && shape.parent) grouped.set(shape, [...(grouped.get(shape) ?? []), one]);
    }
    for (const [shape, found] of grouped) {
      const grave = found.some((one) => one.severity === "error");
      const mark = h(
        "button",
        {
          type: "button",
          className: `issue-mark${grave ? " grave" : ""}`,
          title: found.map((one) => one.sentence).join("\n"),
          onclick: () => this.go(shape.id),
        },
        grave ? "!" : "?",
      );
      overlays.add(shape, "issue", {
        position: shape.waypoints ? { top: -10, left: 4 } : { top: -10, right: 10 },
        html: mark,
      });
    }
    const errors = this.all.filter((one) => one.severity === "error").length;
    this.counter.textContent = this.counter.dataset.state === "failed"
      ? "没能检查，请看网络"
      : errors
      ? `${errors} 处问题`
      : this.all.length
      ? `没有问题，${this.all.length} 处提醒`
      : "没有问题";
    this.counter.classList.toggle("grave", errors > 0);
    fill(this.list, ...this.all.map((one) => this.line(one)));
    if (!this.all.length) this.list.append(h("li", { className: "quiet" }, "没有发现问题，可以启用。"));
  }

  line(one) {
    const shape = this.shape(one.element_id);
    const name = one.name || shape?.businessObject.name || one.element_id;
    const text = [
      h("span", { className: "mark" }, one.severity === "error" ? "问题" : "提醒"),
      h("span", {}, name && h("strong", {}, `${name} `), one.sentence),
    ];
    const said = shape
      ? h("button", { type: "button", onclick: () => this.go(shape.id) }, text)
      : h("div", {}, text);
    const cure = one.cure
      && this.modeler.get("elementRegistry").get(one.cure.element_id)
      && h(
        "button",
        { type: "button", className: "cure", title: one.cure.after, onclick: () => this.put(one.cure) },
        "一并改",
      );
    return h("li", { className: one.severity }, said, cure);
  }

  // The text as it should read; one command, so that it can be undone.
  put({ element_id: id, part, before, after }) {
    const element = this.modeler.get("elementRegistry").get(id);
    if (this.editor.textOf(element, part).trim() === before.trim()) this.editor.setText(element, part, after);
    this.soon();
  }

  go(id) {
    const shape = this.modeler.get("elementRegistry").get(id);
    this.modeler.get("selection").select(shape);
    this.modeler.get("canvas").scrollToElement(shape, { top: 120, bottom: 120, left: 160, right: 160 });
  }
}
