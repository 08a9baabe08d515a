// The names that conditions, limits and parameters may use: what the diagram sets, in the words of forms and steps.
import { is } from "bpmn-js/lib/util/ModelUtil";
import { bodyOf, extension, formKey, properties } from "./model.js";

export function names(modeler, known) {
  const found = new Map();
  const add = (key, name, facts = {}) => key && !found.has(key) && found.set(key, { key, name, ...facts });
  for (const one of nodes(modeler)) {
    const given = properties(one);
    const title = one.name || one.id;
    const form = known.forms.find((candidate) => candidate.key === formKey(one));
    if (form) {
      const variable = given.variable || form.key;
      for (const field of form.fields) add(`${variable}.${field.key}`, `${title}：${field.name}`, { type: field.type, options: field.options });
    }
    const service = is(one, "bpmn:ServiceTask") && extension(one, "ServiceTaskOperator");
    if (service) add(service.resultVariable, `“${title}”的结果`);
    const decision = is(one, "bpmn:BusinessRuleTask") && known.decisions.find((candidate) => candidate.key === bodyOf(one, "CalledDecisionId"));
    if (decision) {
      const variable = given.resultVariable || decision.key;
      add(variable, `“${decision.name}”的结果`);
      for (const output of decision.outputs) add(`${variable}.${output}`, `“${decision.name}”：${output}`);
    }
    const part = is(one, "bpmn:CallActivity") && known.parts.find((candidate) => candidate.key === one.calledElement);
    for (const result of part?.results ?? []) add(result, `“${part.name}”的结果`);
    for (const name of Object.keys(given)) if (name.startsWith("set:")) add(name.slice(4), `“${title}”写入`);
  }
  for (const one of known.given) add(one.key, one.name);
  return [...found.values()];
}

export function* nodes(modeler) {
  const walk = function* (holder) {
    for (const one of holder.flowElements ?? []) {
      yield one;
      yield* walk(one);
    }
  };
  for (const root of modeler.getDefinitions()?.rootElements ?? []) if (is(root, "bpmn:Process")) yield* walk(root);
}

// The steps by which people know a form: “入户核实”.
export function users(modeler, key) {
  return [...nodes(modeler)].filter((one) => formKey(one) === key).map((one) => one.name || one.id);
}
