// What the panel's groups are made with: one element of the drawing, what it carries, and controls that
// change it.
import { isAny, nodes, properties, subject } from "../objects.js";
import { choice, field, line, several, tick, whole } from "./fields.js";
import { feel } from "./feel.js";

// What the server knows, as an option.
export const pair = ({ key, name }) => [key, name];

export class Sheet {
  constructor(panel, element) {
    const { editor, modeler, known, tools, address, fixedKey } = panel;
    Object.assign(this, { panel, element, editor, modeler, known, tools, address, fixedKey });
    this.object = subject(element);
    this.given = properties(this.object);
    // The properties that have a control of their own; any other one stays in the table of pairs.
    this.shown = new Set();
  }

  is(...kinds) {
    return isAny(this.object, kinds.map((kind) => `bpmn:${kind}`));
  }

  // The steps of the drawing that are of these kinds, as options.
  steps(...kinds) {
    const types = kinds.map((kind) => `bpmn:${kind}`);
    const found = [...nodes(this.modeler)].filter((one) => isAny(one, types) && one !== this.object);
    return found.map((one) => [one.id, one.name || one.id]);
  }

  // Change attributes of the element itself, such as its name.
  set(values) {
    this.editor.set(this.element, this.object, values);
  }

  // How an extension property is called and what it may be: the server's table.
  told(name) {
    return this.known.properties.find((one) => one.key === name);
  }

  // What puts a value into an extension property; an empty one takes it away.
  put(name) {
    this.shown.add(name);
    return (value) => this.editor.setProperties(this.element, this.object, { [name]: value });
  }

  value(name) {
    return this.given[name] ?? "";
  }

  asked(name, control) {
    const { label, hint } = this.told(name);
    return field(name, label, control, hint);
  }

  text(name) {
    return this.asked(name, line(this.value(name), this.put(name)));
  }

  number(name) {
    const { least, most } = this.told(name);
    return this.asked(name, whole(this.value(name), this.put(name), { min: least, max: most }));
  }

  flag(name) {
    const { label, hint } = this.told(name);
    const put = this.put(name);
    return tick(name, label, this.value(name) === "true", (on) => put(on ? "true" : ""), hint);
  }

  // One of the options: those of the table, or given ones.
  pick(name, options = this.told(name).choices.map(pair)) {
    return this.asked(name, choice(this.value(name), options, this.put(name)));
  }

  picks(name, options) {
    return this.asked(name, several(name, options, this.value(name), this.put(name)));
  }

  formula(key, label, value, save, { words, ...more } = {}) {
    return field(key, label, feel(value, save, { ...this.tools, rows: 1, ...more }), words);
  }
}
