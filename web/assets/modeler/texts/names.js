// The names that conditions, limits and parameters may use: what the diagram sets, in the words of forms and
// steps.
import { bodyOf, definitionOf, extension, formKey, is, nodes, properties } from "../objects.js";

// Each name once, as it is first set: its key, its words, and of a form's field its type and options.
export function names(modeler, known) {
  const found = new Map();
  const add = ([key, name, facts]) => key && !found.has(key) && found.set(key, { key, name, ...facts });
  for (const node of nodes(modeler)) {
    for (const part of PARTS) for (const one of part(node, known)) add(one);
  }
  for (const one of known.handed) add([one.key, `“${one.name}”交来`]);
  for (const one of known.given) add([one.key, one.name]);
  return [...found.values()];
}

// In the order in which one reads a step: what is filled in, what comes of it, what is set with it.
const PARTS = [filled, served, decided, returned, received, repeated, ended, heard, written];

const titleOf = (node) => node.name || node.id;
const messageOf = (node) => definitionOf(node, "Message")?.messageRef?.name;

function filled(node, known) {
  const form = known.forms.find((one) => one.key === formKey(node));
  if (!form) return [];
  const message = !is(node, "bpmn:StartEvent") && messageOf(node);
  const variable = message || properties(node).variable || form.key;
  return form.fields.map(({ key, name, type, options }) => [
    `${variable}.${key}`,
    `${titleOf(node)}：${name}`,
    { type, options },
  ]);
}

function served(node) {
  const service = is(node, "bpmn:ServiceTask") && extension(node, "ServiceTaskOperator");
  return service ? [[service.resultVariable, `“${titleOf(node)}”的结果`]] : [];
}

function decided(node, known) {
  if (!is(node, "bpmn:BusinessRuleTask")) return [];
  const decision = known.decisions.find((one) => one.key === bodyOf(node, "CalledDecisionId"));
  if (!decision) return [];
  const variable = properties(node).resultVariable || decision.key;
  const outputs = decision.outputs.map((output) => [`${variable}.${output}`, `“${decision.name}”：${output}`]);
  return [[variable, `“${decision.name}”的结果`], ...outputs];
}

function returned(node, known) {
  const part = is(node, "bpmn:CallActivity") && known.parts.find((one) => one.key === node.calledElement);
  return (part?.names ?? []).map((result) => [result.key, result.name, result]);
}

function received(node) {
  return (properties(node).receives ?? "").split(",").map((name) => [name.trim(), "启动时交来"]);
}

function repeated(node) {
  const { inputDataItem, outputDataItem, loopDataOutputRef } = node.loopCharacteristics ?? {};
  const items = [inputDataItem, outputDataItem].filter(Boolean);
  return [
    ...items.map((item) => [item.name || item.id, `“${titleOf(node)}”的每一个`]),
    [loopDataOutputRef?.id, `“${titleOf(node)}”各次的结果`],
  ];
}

function ended(node) {
  return is(node, "bpmn:EndEvent") && properties(node).outcome ? [["outcome", "结束时的结果"]] : [];
}

function heard(node) {
  return [[messageOf(node), `“${titleOf(node)}”收到的内容`]];
}

function written(node) {
  const set = Object.keys(properties(node)).filter((key) => key.startsWith("set:"));
  return set.map((key) => [key.slice(4), `“${titleOf(node)}”写入`]);
}

// The steps by which people know a form: “入户核实”.
export function users(modeler, key) {
  return [...nodes(modeler)].filter((one) => formKey(one) === key).map(titleOf);
}
