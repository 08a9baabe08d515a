// Findings while drawing: marks on the elements and a list; a click in the list shows the element.
import { button, h } from "../editors/elements.js";
import { fill } from "../page/older.js";
import { lint } from "./drawing/lint.js";
import { is } from "./objects.js";
import { counted, grouped, ranked } from "./verdict.js";

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

  // The shape that stands for an id: a process is its pool, or the plane.
  shape(id) {
    const registry = this.modeler.get("elementRegistry");
    return registry.get(id)
      ?? registry.find((one) => is(one, "bpmn:Participant") && one.businessObject.processRef?.id === id);
  }

  show() {
    const all = ranked([...this.server, ...this.local]);
    const overlays = this.modeler.get("overlays");
    overlays.remove({ type: "issue" });
    for (const [shape, found] of grouped(all, (one) => this.shape(one.element_id))) {
      const position = shape.waypoints ? { top: -10, left: 4 } : { top: -10, right: 10 };
      overlays.add(shape, "issue", { position, html: this.mark(shape, found) });
    }
    this.count(all);
    const none = h("li", { className: "quiet" }, "没有发现问题，可以启用。");
    fill(this.list, ...(all.length ? all.map((one) => this.line(one)) : [none]));
  }

  mark(shape, found) {
    const grave = found.some((one) => one.severity === "error");
    const className = `issue-mark${grave ? " grave" : ""}`;
    const title = found.map((one) => one.sentence).join("\n");
    return button(grave ? "!" : "?", () => this.go(shape.id), { className, title });
  }

  count(all) {
    const { errors, words } = counted(all);
    const failed = this.counter.dataset.state === "failed";
    this.counter.textContent = failed ? "没能检查，请看网络" : words;
    this.counter.classList.toggle("grave", errors > 0);
  }

  line(one) {
    const shape = this.shape(one.element_id);
    const name = one.name || shape?.businessObject.name || one.element_id;
    const text = [
      h("span", { className: "mark" }, one.severity === "error" ? "问题" : "提醒"),
      h("span", {}, name && h("strong", {}, `${name} `), one.sentence),
    ];
    const said = shape ? button(text, () => this.go(shape.id)) : h("div", {}, text);
    return h("li", { className: one.severity }, said, this.cure(one));
  }

  cure({ cure }) {
    if (!cure || !this.modeler.get("elementRegistry").get(cure.element_id)) return null;
    return button("一并改", () => this.put(cure), { className: "cure", title: cure.after });
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
