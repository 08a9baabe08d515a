// Changing what an element carries; every change is one command, so that it can be undone as one.
import {
  bodyOf,
  documentation,
  extension,
  extensions,
  is,
  isExtension,
  objectOf,
  properties,
  subject,
} from "./objects.js";

const SPIFF = "spiffworkflow";

const PROPERTY = "property:";
const PARAMETER = "parameter:";
const parameters = (object) => {
  const given = extension(object, "ServiceTaskOperator")?.parameters?.values ?? [];
  return Object.fromEntries(given.map((one) => [one.id, one.value ?? ""]));
};

export class Editor {
  constructor(modeler) {
    this.moddle = modeler.get("moddle");
    this.modeling = modeler.get("modeling");
    this.stack = modeler.get("commandStack");
    this.modeler = modeler;
    this.stack.registerHandler("shouwang.several", Several);
  }

  create(type, values, parent) {
    const made = this.moddle.create(type, values);
    if (parent) made.$parent = parent;
    return made;
  }

  several(...steps) {
    this.stack.execute("shouwang.several", { steps: steps.filter(Boolean) });
  }

  set(element, object, values) {
    if (object === objectOf(element)) this.modeling.updateProperties(element, values);
    else this.modeling.updateModdleProperties(element, object, values);
  }

  // Put `made` in the place of the extension of that type, or take it away (null).
  setExtension(element, object, type, made) {
    const rest = extensions(object);
    const at = rest.findIndex((one) => isExtension(one, type));
    const values = rest.filter((one) => !isExtension(one, type));
    if (made) values.splice(at < 0 ? values.length : at, 0, made);
    const holder = values.length ? this.create("bpmn:ExtensionElements", { values }, object) : undefined;
    for (const one of values) one.$parent = holder;
    this.modeling.updateModdleProperties(element, object, { extensionElements: holder });
  }

  setBody(element, object, type, text) {
    this.setExtension(
      element,
      object,
      type,
      text.trim() ? this.create(`${SPIFF}:${type}`, { body: text.trim() }) : null,
    );
  }

  // `changes` maps names to values; an empty value takes the property away.
  setProperties(element, object, changes) {
    const kept = Object
      .entries({ ...properties(object), ...changes })
      .filter(([, value]) => value !== "" && value !== null);
    const made = kept.length ? this.create(`${SPIFF}:Properties`) : null;
    if (made)
      made.values = kept.map(([name, value]) => this.create(`${SPIFF}:Property`, { name, value }, made));
    this.setExtension(element, object, "Properties", made);
  }

  setForm(element, object, key) {
    this.several(
      () => this.setProperties(element, object, { formKey: key }),
      object.$attrs?.["camunda:formKey"] && (() => this.modeling.updateProperties(
        element,
        { "camunda:formKey": undefined },
      )),
    );
  }

  setService(element, object, id, resultVariable, parameters) {
    if (!id) return this.setExtension(element, object, "ServiceTaskOperator", null);
    const before = extension(object, "ServiceTaskOperator");
    const made = this.create(`${SPIFF}:ServiceTaskOperator`, {
      id,
      resultVariable: resultVariable || undefined,
    });
    const list = this.create(`${SPIFF}:Parameters`, {}, made);
    const types = Object.fromEntries((before?.parameters?.values ?? []).map((one) => [one.id, one.type]));
    list.values = Object
      .entries(parameters)
      .filter(([, value]) => value !== "")
      .map(([name, value]) => this.create(
        `${SPIFF}:Parameter`,
        { id: name, type: types[name] ?? "string", value },
        list,
      ));
    made.parameters = list;
    if (before?.retry) made.retry = before.retry;
    return this.setExtension(element, object, "ServiceTaskOperator", made);
  }

  setDocumentation(element, object, text) {
    const made = text.trim() ? [this.create("bpmn:Documentation", { text: text.trim() }, object)] : [];
    this.modeling.updateModdleProperties(element, object, { documentation: made });
  }

  // The texts that people read: `name`, `documentation`, `instructions`, of a note its `text`.
  textOf(element, part) {
    const object = subject(element);
    if (part === "documentation") return documentation(object);
    if (part.startsWith(PROPERTY)) return properties(object)[part.slice(PROPERTY.length)] ?? "";
    if (part.startsWith(PARAMETER)) return parameters(object)[part.slice(PARAMETER.length)] ?? "";
    return part === "instructions" ? bodyOf(object, "InstructionsForEndUser") : (object[part] ?? "");
  }

  setText(element, part, text) {
    const object = subject(element);
    if (part === "documentation") this.setDocumentation(element, object, text);
    else if (part === "instructions") this.setBody(element, object, "InstructionsForEndUser", text);
    else if (part.startsWith(PROPERTY))
      this.setProperties(element, object, { [part.slice(PROPERTY.length)]: text });
    else if (part.startsWith(PARAMETER))
      this.setParameter(element, object, part.slice(PARAMETER.length), text);
    else this.set(element, object, { [part]: text });
  }

  setParameter(element, object, name, text) {
    const operator = extension(object, "ServiceTaskOperator");
    const given = { ...parameters(object), [name]: text };
    this.setService(element, object, operator.id, operator.resultVariable, given);
  }

  expression(body, parent) {
    return body.trim() ? this.create("bpmn:FormalExpression", { body: body.trim() }, parent) : undefined;
  }

  setTimer(element, definition, kind, text) {
    const given = (name) => (name === kind ? this.expression(text, definition) : undefined);
    this.modeling.updateModdleProperties(element, definition, {
      timeDate: given("timeDate"),
      timeDuration: given("timeDuration"),
      timeCycle: undefined,
    });
  }

  messages() {
    return (this.modeler.getDefinitions().rootElements ?? []).filter((one) => is(one, "bpmn:Message"));
  }

  setMessage(element, definition, name) {
    const definitions = this.modeler.getDefinitions();
    const known = this.messages().find((one) => one.name === name);
    const made = known ?? (
      name && this.create("bpmn:Message", { id: this.moddle.ids.nextPrefixed("message_"), name }, definitions)
    );
    this.several(
      made
        && !known
        && (() => this.modeling.updateModdleProperties(
          element,
          definitions,
          { rootElements: [made, ...definitions.rootElements] },
        )),
      () => this.modeling.updateModdleProperties(element, definition, { messageRef: made || undefined }),
    );
  }
}

// Runs the steps, each a function that executes a command of its own, as one entry of the undo list.
class Several {
  preExecute(context) {
    for (const step of context.steps) step();
  }
}

// What a reference names may be no element of the file: a list that a repeated task goes through, a type of
// another tool. The reader drops it, so it is put back here once the drawing stands.
export function keepLoose(warnings) {
  for (const { element, property, value } of warnings) {
    const known = property && element?.$descriptor?.propertiesByName[property];
    if (known?.isReference && !known.isMany && !/^bpmndi:/.test(element.$type))
      element.set(property, { id: value });
  }
}
