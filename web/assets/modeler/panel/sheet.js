// What the panel's groups are made with: one element of the drawing, what it carries, and controls that
// change it.
import { isAny, nodes, properties, subject } from "../objects.js";
import { choice, field, line, several, tick, whole } from "./fields.js";
import { feel } from "./feel.js";

export class Sheet {
  constructor(panel, element) {
    const { editor, modeler, known, tools, address, fixedKey } = panel;
    Object.assign(this, { panel, element, editor, modeler, known, tools, address, fixedKey });
    this.object = subject(element);
    this.given = properties(this.object);
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

  // What puts a value into an extension property; an empty one takes it away.
  put(name) {
    return (value) => this.editor.setProperties(this.element, this.object, { [name]: value });
  }

  value(name) {
    return this.given[name] ?? "";
  }

  text(name, label, words) {
    return field(name, label, line(this.value(name), this.put(name)), words);
  }

  number(name, label, more = {}) {
    return field(name, label, whole(this.value(name), this.put(name), more));
  }

  flag(name, label, words) {
    const save = (on) => this.put(name)(on ? "true" : "");
    return tick(name, label, this.value(name) === "true", save, words);
  }

  pick(name, label, options, words) {
    return field(name, label, choice(this.value(name), options, this.put(name)), words);
  }

  picks(name, label, options, words) {
    return field(name, label, several(name, options, this.value(name), this.put(name)), words);
  }

  formula(key, label, value, save, { words, ...more } = {}) {
    return field(key, label, feel(value, save, { ...this.tools, rows: 1, ...more }), words);
  }
}
