// The names that conditions, limits and parameters may use: what the diagram sets, in the words of forms and
// steps.
import { is } from "bpmn-js/lib/util/ModelUtil";
import { bodyOf, definitionOf, extension, formKey, properties } from "../model.js";

export function names(modeler, known) {
  const found = new Map();
  const add = (key, name, facts = {}) => key && !found.has(key) && found.set(key, { key, name, ...facts });
  for (const one of nodes(modeler)) {
    const given = properties(one);
    const title = one.name || one.id;
    const form = known.forms.find((candidate) => candidate.key === formKey(one));
    const message = definitionOf(one, "Message")?.messageRef?.name;
    if (form) {
      const variable = (!is(one, "bpmn:StartEvent") && message) || given.variable || form.key;
      for (const field of form.fields)
        add(`${variable}.${field.key}`, `${title}：${field.name}`, {
          type: field.type,
          options: field.options,
        });
    }
    const service = is(one, "bpmn:ServiceTask") && extension(one, "ServiceTaskOperator");
    if (service) add(service.resultVariable, `“${title}”的结果`);
    const decision = is(one, "bpmn:BusinessRuleTask")
      && known.decisions.find((candidate) => candidate.key === bodyOf(one, "CalledDecisionId"));
    if (decision) {
      const variable = given.resultVariable || decision.key;
      add(variable, `“${decision.name}”的结果`);
      for (const output of decision.outputs) add(`${variable}.${output}`, `“${decision.name}”：${output}`);
    }
    const part = is(one, "bpmn:CallActivity")
      && known.parts.find((candidate) => candidate.key === one.calledElement);
    for (const result of part?.names ?? []) add(result.key, result.name, result);
    for (const name of (given.receives ?? "").split(",")) add(name.trim(), "启动时交来");
    for (const name of [one.loopCharacteristics?.inputDataItem, one.loopCharacteristics?.outputDataItem])
      add(name && (name.name || name.id), `“${title}”的每一个`);
    add(one.loopCharacteristics?.loopDataOutputRef?.id, `“${title}”各次的结果`);
    if (is(one, "bpmn:EndEvent") && given.outcome) add("outcome", "结束时的结果");
    add(message, `“${title}”收到的内容`);
    for (const name of Object.keys(given)) if (name.startsWith("set:")) add(name.slice(4), `“${title}”写入`);
  }
  for (const one of known.handed) add(one.key, `“${one.name}”交来`);
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
  for (const root of modeler.getDefinitions()?.rootElements ?? [])
    if (is(root, "bpmn:Process")) yield* walk(root);
}

// The steps by which people know a form: “入户核实”.
export function users(modeler, key) {
  return [...nodes(modeler)].filter((one) => formKey(one) === key).map((one) => one.name || one.id);
}
